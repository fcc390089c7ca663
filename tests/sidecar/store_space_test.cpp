/// \file
/// Quota, ballast, log and vacuum.

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/sidecar/store_contract.h"

using namespace restante;
using namespace restante::sidecar;

namespace {

namespace fs = std::filesystem;

/// Octets on the disk.
std::uint64_t disk_usage(const fs::path& directory) {
  std::uint64_t sum = 0;
  for (const auto& entry : fs::directory_iterator(directory)) {
    struct stat status {};
    if (::lstat(entry.path().c_str(), &status) == 0) sum += static_cast<std::uint64_t>(status.st_blocks) * 512;
  }
  return sum;
}

/// Writes rows until the store is full; returns the last sequence that was kept.
Sequence fill(SqliteStore& store, Sequence from, std::size_t rows, std::size_t size) {
  try {
    for (;; from += rows) store.commit(rows_of(1, from + 1, from + rows, size));
  } catch (const core::StoreFull&) {
    return from;
  }
}

void settle(SqliteStore& store) {
  while (store.idle_work()) {
  }
}

}  // namespace

TEST_CASE("the parts of a quota fit into it", "[store]") {
  for (const std::uint64_t quota : {quota_min, 8 * quota_min, 63 * quota_min, 64 * quota_min, limits::store_quota}) {
    const StoreBudget budget = budget_for(quota, page_size_for(quota));
    CHECK(budget.database_pages * budget.page_size + budget.wal_cap + budget.ballast <= quota);
    CHECK(budget.ballast >= 2 * budget.wal_cap);
    CHECK(budget.resume_room >= budget.ballast + 2 * budget.wal_cap);
    CHECK(budget.database_pages * budget.page_size >= quota * 3 / 4);
  }
  CHECK(budget_for(limits::store_quota, 16384).wal_cap == limits::wal_octets);
  CHECK(budget_for(quota_min, 4096).wal_cap == 256U << 10);
}

TEST_CASE("a store stays within its quota while it is filled and emptied", "[store]") {
  const TemporaryDirectory place;
  StoreOptions options = options_for(place.path());
  options.quota = 8U << 20;
  SqliteStore store(options);
  store.commit(first_transaction());
  Sequence last = 0;
  for (int round = 0; round < 5; ++round) {
    const Sequence filled = fill(store, last, 20, 3000);
    CHECK(filled > last + 500);
    CHECK(disk_usage(place.path()) <= options.quota + options.quota / 20);
    CHECK(store.usage().full);
    const Sequence floor = last + (filled - last) / 2;
    const auto usage = store.commit(prune_of(1, floor)).usage();
    CHECK(usage.used < usage.quota);
    settle(store);
    CHECK(disk_usage(place.path()) <= options.quota + options.quota / 20);
    CHECK_FALSE(store.usage().full);
    CHECK(load_all(store).rows.size() == filled - floor);
    last = filled;
  }
}

TEST_CASE("before a store refuses a commit its usage has said that there is no room", "[store]") {
  const TemporaryDirectory first_place;
  StoreOptions options = options_for(first_place.path());
  options.quota = 16U << 20;  // a log of 1 MiB
  Sequence all = 0;
  {
    SqliteStore store(options);
    store.commit(first_transaction());
    all = fill(store, 0, 10, 4000);
  }
  const TemporaryDirectory place;
  options.directory = place.path();
  Sequence last = 0;
  {
    SqliteStore store(options);
    store.commit(first_transaction());
    for (; last + 50 < all; last += 10) store.commit(rows_of(1, last + 1, last + 10, 4000));
  }
  SqliteStore store(options);  // with an empty log
  core::StoreUsage usage = store.usage();
  try {
    for (;; last += 10) usage = store.commit(rows_of(1, last + 1, last + 10, 4000)).usage();
  } catch (const core::StoreFull&) {
    CHECK(usage.quota - usage.used <= 20U * 4096);
  }
}

TEST_CASE("while a store is full its ballast is gone and it takes only what frees space", "[store]") {
  const TemporaryDirectory place;
  SqliteStore store(options_for(place.path()));
  store.commit(first_transaction());
  CHECK(fs::exists(place.path() / "restante.ballast"));
  const Sequence last = fill(store, 0, 10, 4000);
  CHECK_FALSE(fs::exists(place.path() / "restante.ballast"));
  CHECK_THROWS_AS(store.commit(rows_of(1, last + 1, last + 1)), core::StoreFull);  // not even a small one

  core::Transaction ragged;  // a cursor that must grow before anything can go
  ragged.cursors = {{1, 0, {}}};
  for (Sequence i = 1; i < 4000; ++i) ragged.cursors[0].settled.push_back({3 * i, 3 * i + 1});
  CHECK(store.commit(ragged).usage().full);

  CHECK(store.commit(prune_of(1, 10)).usage().full);  // too little room for the ballast and two logs
  CHECK_THROWS_AS(store.commit(rows_of(1, last + 1, last + 1)), core::StoreFull);
  CHECK_FALSE(store.commit(prune_of(1, last / 2)).usage().full);
  CHECK(fs::exists(place.path() / "restante.ballast"));
  CHECK_FALSE(store.commit(rows_of(1, last + 1, last + 10, 4000)).usage().full);
}

TEST_CASE("a full store opens again, frees and goes on", "[store]") {
  const TemporaryDirectory place;
  Sequence last = 0;
  {
    SqliteStore store(options_for(place.path()));
    store.commit(first_transaction());
    last = fill(store, 0, 10, 4000);
  }
  SqliteStore store(options_for(place.path()));
  CHECK(store.usage().full);
  REQUIRE(store.warnings().size() == 1);
  CHECK_THROWS_AS(store.commit(rows_of(1, last + 1, last + 1)), core::StoreFull);
  CHECK(load_all(store).rows.size() == last);
  store.commit(prune_of(1, last));
  settle(store);
  CHECK_FALSE(store.commit(rows_of(1, last + 1, last + 10, 4000)).usage().full);
}

TEST_CASE("a bigger quota helps a full store", "[store]") {
  const TemporaryDirectory place;
  Sequence last = 0;
  {
    SqliteStore store(options_for(place.path()));
    store.commit(first_transaction());
    last = fill(store, 0, 10, 4000);
  }
  StoreOptions options = options_for(place.path());
  options.quota = 4 * quota_min;
  SqliteStore store(options);
  CHECK_FALSE(store.usage().full);
  CHECK(fill(store, last, 10, 4000) > 2 * last);
}

TEST_CASE("the log is bounded without any idle work", "[store]") {
  const TemporaryDirectory place;
  StoreOptions options = options_for(place.path());
  options.quota = 32U << 20;
  SqliteStore store(options);
  store.commit(first_transaction());
  const std::uint64_t cap = budget_for(options.quota, 4096).wal_cap;
  std::uint64_t highest = 0;
  for (Sequence first = 1; first < 4000; first += 20) {
    store.commit(rows_of(1, first, first + 19, 4000));
    highest = std::max<std::uint64_t>(highest, fs::file_size(place.path() / "restante.db-wal"));
  }
  CHECK(highest > cap / 2);
  CHECK(highest <= cap + cap / 4);
}

TEST_CASE("a group commit bigger than the log is taken by a small store", "[store]") {
  const TemporaryDirectory place;
  SqliteStore store(options_for(place.path()));
  store.commit(first_transaction());
  store.commit(rows_of(1, 1, 20, 64000));
  CHECK(load_all(store).rows.size() == 20);
  store.commit(rows_of(1, 21, 22, 1000));
  CHECK(fs::file_size(place.path() / "restante.db-wal") <= 256U << 10);
}

TEST_CASE("the disk gets back what a passed backlog had taken", "[store]") {
  const TemporaryDirectory place;
  StoreOptions options = options_for(place.path());
  options.quota = 32U << 20;
  SqliteStore store(options);
  store.commit(first_transaction());
  for (Sequence first = 1; first < 4000; first += 100) store.commit(rows_of(1, first, first + 99, 4000));
  settle(store);
  const auto before = fs::file_size(place.path() / "restante.db");
  CHECK(before > 15U << 20);
  store.commit(prune_of(1, 3990));
  settle(store);
  CHECK(fs::file_size(place.path() / "restante.db") < before / 3);
  CHECK(load_all(store).rows.size() == 10);
  CHECK_FALSE(store.idle_work());
}
