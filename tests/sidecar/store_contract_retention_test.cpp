/// \file
/// What a store keeps of what nobody is owed any more, and where in it a time lies.

#include <catch2/catch.hpp>

#include "tests/sidecar/store_contract.h"

using namespace restante;
using namespace restante::sidecar;

namespace {

using Sequences = std::vector<Sequence>;

/// Rows 1-1, 2-2, … of stream 1, one a second from `first_ms` on.
core::Transaction rows_each_second(Sequence from, Sequence to, std::int64_t first_ms, std::size_t size = 16) {
  core::Transaction transaction = rows_of(1, from, to, size);
  for (core::RowRecord& row : transaction.rows) {
    row.stored_ms = first_ms + 1000 * static_cast<std::int64_t>(row.first - from);
  }
  return transaction;
}

core::Pruned prune(core::Store& store, Sequence to, const core::Retention& keep, std::int64_t now_ms = 0) {
  core::Transaction transaction = prune_of(1, to);
  transaction.prunes = {core::Prune{1, to, keep, now_ms}};
  const core::CommitToken token = store.commit(transaction);
  REQUIRE(token.pruned().size() == 1);
  CHECK(token.pruned().front().stream == 1);
  return token.pruned().front();
}

core::LoadReply load_from(core::Store& store, std::int64_t from_ms, std::size_t rows = 100) {
  return store.load(core::LoadRequest{1, 1, 0, 1000, 1U << 20, rows, from_ms});
}

}  // namespace

TEMPLATE_TEST_CASE("of what is settled the newest stay, within each bound that is set", "[store]", MemoryBench,
                   SqliteBench) {
  TestType bench;
  bench.store().commit(first_transaction());
  bench.store().commit(rows_each_second(1, 10, 5000));
  const auto octets = static_cast<std::uint64_t>(row_of(1, 1, 1, 0).octets.size());

  SECTION("messages") {
    const core::Pruned pruned = prune(bench.store(), 10, {0, 4, 0});
    CHECK(pruned.to == 6);
    CHECK(pruned.rows == 4);
    CHECK(pruned.messages == 4);
    CHECK(pruned.octets == 4 * octets);
    CHECK_FALSE(pruned.more);
    CHECK(firsts_of(load_all(bench.store())) == Sequences{7, 8, 9, 10});
  }
  SECTION("octets") {
    CHECK(prune(bench.store(), 10, {0, 0, 3 * octets}).to == 7);
    CHECK(firsts_of(load_all(bench.store())) == Sequences{8, 9, 10});
  }
  SECTION("age: row 4 was stored at 8 s") {
    CHECK(prune(bench.store(), 10, {5000, 0, 0}, 13'000).to == 3);
    CHECK(firsts_of(load_all(bench.store())) == Sequences{4, 5, 6, 7, 8, 9, 10});
  }
  SECTION("the tightest of all") { CHECK(prune(bench.store(), 10, {5000, 2, 9 * octets}, 13'000).to == 8); }
  SECTION("what is owed stays, however much it is") {
    CHECK(prune(bench.store(), 5, {0, 1, 0}).to == 5);
    CHECK(firsts_of(load_all(bench.store())) == Sequences{6, 7, 8, 9, 10});
  }
  SECTION("nothing is to be kept") {
    CHECK(prune(bench.store(), 10, {}).to == 10);
    CHECK(load_all(bench.store()).rows.empty());
  }
  bench.reopen();
  CHECK(load_all(bench.store()).damaged.empty());
}

TEMPLATE_TEST_CASE("a batch goes only if there is still enough without it", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  core::Transaction transaction = first_transaction();
  transaction.rows = {row_of(1, 1, 3, 0), row_of(1, 4, 6, 3), row_of(1, 7, 9, 6)};
  bench.store().commit(transaction);
  CHECK(prune(bench.store(), 9, {0, 5, 0}).to == 3);
  CHECK(prune(bench.store(), 9, {0, 4, 0}).to == 3);
  CHECK(prune(bench.store(), 9, {0, 3, 0}).to == 6);
  CHECK(prune(bench.store(), 9, {0, 1, 0}).to == 6);
}

TEMPLATE_TEST_CASE("what is kept goes later all the same, and a page says how far what is gone reaches", "[store]",
                   MemoryBench, SqliteBench) {
  TestType bench;
  bench.store().commit(first_transaction());
  bench.store().commit(rows_each_second(1, 6, 5000));
  CHECK(prune(bench.store(), 6, {0, 4, 0}).to == 2);
  CHECK(load_all(bench.store()).pruned_to == 2);
  CHECK(prune(bench.store(), 6, {0, 1, 0}).to == 5);
  bench.reopen();
  const core::LoadReply reply = load_all(bench.store());
  CHECK(firsts_of(reply) == Sequences{6});
  CHECK(reply.pruned_to == 5);
  REQUIRE(bench.store().image().pruned.size() == 1);
  CHECK(bench.store().image().pruned.front().to == 5);
}

TEMPLATE_TEST_CASE("a row that a parked message needs stays, and does not hold up those behind it", "[store]",
                   MemoryBench, SqliteBench) {
  TestType bench;
  bench.store().commit(first_transaction());
  bench.store().commit(rows_each_second(1, 6, 5000));
  core::Transaction parking;
  parking.number = 90;
  parking.parked = {parked_of(1, 2, 100)};
  bench.store().commit(parking);
  CHECK(prune(bench.store(), 6, {0, 2, 0}).to == 4);  // the row of 2 is none of the two
  CHECK(firsts_of(load_all(bench.store())) == Sequences{2, 5, 6});
  const core::Pruned again = prune(bench.store(), 6, {0, 2, 0});
  CHECK(again.to == 4);
  CHECK(again.messages == 3);
  CHECK(prune(bench.store(), 6, {0, 1, 0}).to == 5);
}

TEMPLATE_TEST_CASE("a page begins at a time", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  bench.store().commit(first_transaction());
  CHECK(load_from(bench.store(), 1).rows.empty());
  bench.store().commit(rows_each_second(1, 9, 5000));
  bench.reopen();
  CHECK(firsts_of(load_from(bench.store(), 1)) == Sequences{1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(firsts_of(load_from(bench.store(), 5000, 2)) == Sequences{1, 2});
  CHECK(firsts_of(load_from(bench.store(), 7000, 2)) == Sequences{3, 4});
  CHECK(firsts_of(load_from(bench.store(), 7001, 2)) == Sequences{4, 5});
  CHECK(firsts_of(load_from(bench.store(), 13'000)) == Sequences{9});
  CHECK(load_from(bench.store(), 13'001).rows.empty());
  CHECK(load_from(bench.store(), 13'001).end);
}

TEMPLATE_TEST_CASE("of a batch that was stored before no part is from that time on", "[store]", MemoryBench,
                   SqliteBench) {
  TestType bench;
  bench.store().commit(first_transaction());
  core::Transaction transaction;
  transaction.rows = {row_of(1, 1, 20, 0, 8), row_of(1, 21, 40, 20, 8)};
  transaction.rows[0].stored_ms = 5000;
  transaction.rows[1].stored_ms = 6000;
  bench.store().commit(transaction);
  CHECK(firsts_of(load_from(bench.store(), 5000)) == Sequences{1, 21});
  CHECK(firsts_of(load_from(bench.store(), 5001)) == Sequences{21});
  CHECK(firsts_of(load_from(bench.store(), 6000)) == Sequences{21});
  CHECK(load_from(bench.store(), 6001).rows.empty());
  CHECK(load_from(bench.store(), 6001).damaged.empty());
  CHECK(load_from(bench.store(), 6001).end);
}

TEST_CASE("a large history goes a bounded number of rows at a time, and says that there is more", "[store]") {
  SqliteBench bench;
  bench.store().commit(first_transaction());
  for (Sequence from = 1; from <= 2000; from += 500) bench.store().commit(rows_of(1, from, from + 499, 0));
  const core::Pruned first = prune(bench.store(), 2000, {0, 10, 0});
  CHECK(first.more);
  CHECK(first.rows > 10);
  CHECK(first.rows < 2000);
  core::Pruned last = first;
  for (int commits = 0; last.more && commits < 10; ++commits) last = prune(bench.store(), 2000, {0, 10, 0});
  CHECK_FALSE(last.more);
  CHECK(last.rows == 10);
  CHECK(last.to == 1990);
}

TEST_CASE("a time that lies ahead is damage, and holds nothing up", "[store]") {
  SqliteBench bench;
  bench.store().commit(first_transaction());
  core::Transaction rows = rows_each_second(1, 3, 5000);
  rows.rows.front().stored_ms = 1'000'000'000;
  bench.store().commit(rows);
  CHECK(prune(bench.store(), 3, {1500, 0, 0}, 8000).to == 2);
}

TEMPLATE_TEST_CASE("how long a stream keeps what is settled is kept itself", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  core::Transaction transaction = first_transaction();
  transaction.streams.front().retention = {86'400'000, 1000, 1U << 30};
  transaction.subscriptions.front().made = 77;
  bench.store().commit(transaction);
  bench.reopen();
  const core::StoreImage image = bench.store().image();
  CHECK(image.streams.front().retention == core::Retention{86'400'000, 1000, 1U << 30});
  CHECK(image.subscriptions.front().made == 77);
}
