/// \file
/// The storage thread: order, faults, end.

#include <chrono>
#include <semaphore>

#include <catch2/catch.hpp>

#include "sidecar/store/idle_work.h"
#include "sidecar/store/storage_thread.h"
#include "tests/sidecar/store_contract.h"

using namespace restante;
using namespace restante::sidecar;

namespace {

/// A storage thread whose results are waited for.
class Bench {
 public:
  explicit Bench(std::unique_ptr<core::Store> store) : thread(std::move(store), [this] { told_.release(); }) {}

  StorageResult next() {
    REQUIRE(told_.try_acquire_for(std::chrono::seconds{30}));
    if (results_.empty()) {
      for (StorageResult& result : thread.take_results()) results_.push_back(std::move(result));
    }
    REQUIRE_FALSE(results_.empty());
    StorageResult result = std::move(results_.front());
    results_.erase(results_.begin());
    return result;
  }

 private:
  std::vector<StorageResult> results_;
  std::counting_semaphore<> told_{0};

 public:
  StorageThread thread;
};

/// A memory store with idle work: `steps` steps, then none until the next request.
class BusyStore : public core::MemoryStore, public IdleWork {
 public:
  explicit BusyStore(std::counting_semaphore<>& done) : MemoryStore("here", {1, 2}), done_(done) {}
  bool idle_work() override {
    if (++steps_ % 3 != 0) return true;
    done_.release();
    return false;
  }
  core::StoreUsage usage() override { return {4711, 8192, 0, false}; }

 private:
  std::counting_semaphore<>& done_;
  int steps_ = 0;
};

std::unique_ptr<core::MemoryStore> memory(std::uint64_t capacity = 0) {
  return std::make_unique<core::MemoryStore>("here", core::Incarnation{1, 2}, capacity);
}

}  // namespace

TEST_CASE("answers come in the order of the requests, and a load sees the commits before it", "[store]") {
  Bench bench(memory());
  core::Transaction transaction = rows_of(1, 1, 5);
  transaction.streams = first_transaction().streams;
  transaction.subscriptions = first_transaction().subscriptions;
  transaction.parked = {parked_of(1, 2, 50)};
  transaction.number = 7;
  bench.thread.submit(transaction);
  bench.thread.submit(core::LoadRequest{8, 1, 0, 100, 1U << 20, 100});
  bench.thread.submit(core::ParkedRequest{9, 1, 100, 10});
  CHECK(std::get<core::CommitToken>(bench.next()).number() == 7);
  const auto rows = std::get<core::LoadReply>(bench.next());
  CHECK(rows.number == 8);
  CHECK(rows.rows.size() == 5);
  CHECK(std::get<core::ParkedReply>(bench.next()).number == 9);
  CHECK(bench.thread.take_results().empty());
}

TEST_CASE("a full store is an answer, and the next request is taken", "[store]") {
  Bench bench(memory(2000));
  bench.thread.submit(first_transaction());
  CHECK(std::holds_alternative<core::CommitToken>(bench.next()));
  core::Transaction big = rows_of(1, 1, 10, 1000);
  big.number = 2;
  bench.thread.submit(big);
  const auto full = std::get<CommitFull>(bench.next());
  CHECK(full.number == 2);
  CHECK_FALSE(full.text.empty());
  bench.thread.submit(prune_of(1, 1));
  CHECK(std::holds_alternative<core::CommitToken>(bench.next()));
}

TEST_CASE("a store that failed is the last answer", "[store]") {
  auto store = memory();
  store->fail();
  Bench bench(std::move(store));
  bench.thread.submit(first_transaction());
  bench.thread.submit(first_transaction());
  CHECK_FALSE(std::get<StorageFailed>(bench.next()).text.empty());
  bench.thread.submit(first_transaction());
  bench.thread.stop();
  CHECK(bench.thread.take_results().empty());
}

TEST_CASE("stop() does what was asked before it", "[store]") {
  const TemporaryDirectory place;
  Bench bench(std::make_unique<SqliteStore>(options_for(place.path())));
  bench.thread.submit(first_transaction());
  for (Sequence first = 1; first < 100; first += 10) bench.thread.submit(rows_of(1, first, first + 9));
  bench.thread.stop();
  std::size_t commits = 0;
  for (const StorageResult& result : bench.thread.take_results()) {
    commits += std::holds_alternative<core::CommitToken>(result) ? 1U : 0U;
  }
  CHECK(commits == 11);
  bench.thread.stop();
  SqliteStore store(options_for(place.path()));  // closed in good order: its lock is free
  CHECK(store.warnings().empty());
  CHECK(load_all(store).rows.size() == 100);
}

TEST_CASE("idle work is done when there is nothing else, to its end, and again after a request; what it freed is told",
          "[store]") {
  std::counting_semaphore<> done{0};
  Bench bench(std::make_unique<BusyStore>(done));
  CHECK(done.try_acquire_for(std::chrono::seconds{30}));
  CHECK(std::get<Freed>(bench.next()).usage.used == 4711);
  bench.thread.submit(first_transaction());
  CHECK(std::holds_alternative<core::CommitToken>(bench.next()));
  CHECK(done.try_acquire_for(std::chrono::seconds{30}));
  CHECK(std::holds_alternative<Freed>(bench.next()));
}
