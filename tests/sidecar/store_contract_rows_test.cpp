/// \file
/// Rows: pages of redelivery, prunes, and what is told of damage.

#include <catch2/catch.hpp>

#include "tests/sidecar/store_contract.h"

using namespace restante;
using namespace restante::sidecar;

namespace {

core::LoadRequest page_of(Sequence after, Sequence up_to, std::size_t octets, std::size_t rows) {
  return {3, 1, after, up_to, octets, rows};
}

constexpr std::size_t plenty = 1U << 20;

/// Batches 1-3, 4-6, 7-9 of stream 1.
core::Transaction three_batches() {
  core::Transaction transaction = first_transaction();
  transaction.rows = {row_of(1, 1, 3, 0), row_of(1, 4, 6, 3), row_of(1, 7, 9, 6)};
  return transaction;
}

using Sequences = std::vector<Sequence>;
using Ranges = std::vector<core::Range>;

}  // namespace

TEMPLATE_TEST_CASE("a row comes back unchanged", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  bench.store().commit(three_batches());
  bench.reopen();
  const auto reply = bench.store().load(page_of(0, 100, plenty, 100));
  CHECK(reply.number == 3);
  CHECK(reply.stream == 1);
  CHECK(reply.end);
  CHECK(reply.damaged.empty());
  REQUIRE(reply.rows.size() == 3);
  const core::RowRecord expected = row_of(1, 4, 6, 3);
  CHECK(reply.rows[1].stream == 1);
  CHECK(reply.rows[1].grant == test_grant);
  CHECK(reply.rows[1].first == 4);
  CHECK(reply.rows[1].last == 6);
  CHECK(reply.rows[1].stored_prev == 3);
  CHECK(reply.rows[1].octets.octets() == expected.octets.octets());
}

TEMPLATE_TEST_CASE("a page begins with the row that holds the next sequence", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  bench.store().commit(three_batches());
  CHECK(firsts_of(bench.store().load(page_of(2, 100, plenty, 100))) == Sequences{1, 4, 7});
  CHECK(firsts_of(bench.store().load(page_of(3, 100, plenty, 100))) == Sequences{4, 7});
  CHECK(firsts_of(bench.store().load(page_of(4, 100, plenty, 100))) == Sequences{4, 7});
  CHECK(firsts_of(bench.store().load(page_of(9, 100, plenty, 100))).empty());
  CHECK(bench.store().load(page_of(9, 100, plenty, 100)).end);
}

TEMPLATE_TEST_CASE("a page ends at its last sequence", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  bench.store().commit(three_batches());
  const auto reply = bench.store().load(page_of(0, 5, plenty, 100));
  CHECK(firsts_of(reply) == Sequences{1, 4});
  CHECK(reply.end);
  CHECK(firsts_of(bench.store().load(page_of(4, 5, 1, 1))) == Sequences{4});
}

TEMPLATE_TEST_CASE("a page is bounded by rows and by octets, and never empty while there is a row", "[store]",
                   MemoryBench, SqliteBench) {
  TestType bench;
  bench.store().commit(three_batches());
  const std::size_t size = row_of(1, 1, 3, 0).octets.size();
  auto reply = bench.store().load(page_of(0, 100, plenty, 2));
  CHECK(firsts_of(reply) == Sequences{1, 4});
  CHECK_FALSE(reply.end);
  reply = bench.store().load(page_of(0, 100, 2 * size, 100));
  CHECK(firsts_of(reply) == Sequences{1, 4});
  CHECK_FALSE(reply.end);
  reply = bench.store().load(page_of(0, 100, 2 * size - 1, 100));
  CHECK(firsts_of(reply) == Sequences{1});
  reply = bench.store().load(page_of(0, 100, 0, 0));
  CHECK(firsts_of(reply) == Sequences{1});
  CHECK_FALSE(reply.end);
  reply = bench.store().load(page_of(6, 100, 0, 0));
  CHECK(firsts_of(reply) == Sequences{7});
  CHECK(reply.end);
}

TEMPLATE_TEST_CASE("a stream that is not there has no rows", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  const auto reply = load_all(bench.store(), 42);
  CHECK(reply.stream == 42);
  CHECK(reply.rows.empty());
  CHECK(reply.end);
}

TEMPLATE_TEST_CASE("a row that is there already stays as it is", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  bench.store().commit(three_batches());
  core::Transaction again;
  again.rows = {row_of(1, 4, 5, 3, 100), row_of(1, 10, 10, 9)};
  bench.store().commit(again);
  const auto reply = load_all(bench.store());
  REQUIRE(reply.rows.size() == 4);
  CHECK(reply.rows[1].last == 6);
  CHECK(reply.rows[3].first == 10);
  const auto rows = bench.store().image().rows;
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].rows == 4);
  CHECK(rows[0].messages == 10);
}

TEMPLATE_TEST_CASE("the image counts the rows of each stream", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  core::Transaction transaction = three_batches();
  transaction.streams.push_back(stream_of(2, "empty"));
  bench.store().commit(transaction);
  bench.reopen();
  const auto rows = bench.store().image().rows;
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].stream == 1);
  CHECK(rows[0].rows == 3);
  CHECK(rows[0].messages == 9);
  CHECK(rows[0].octets == 3 * row_of(1, 1, 3, 0).octets.size());
  CHECK(rows[0].first == 1);
  CHECK(rows[0].last == 9);
}

TEMPLATE_TEST_CASE("a prune removes whole rows up to its sequence", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  bench.store().commit(three_batches());
  bench.store().commit(prune_of(1, 5));
  CHECK(firsts_of(load_all(bench.store())) == Sequences{4, 7});
  bench.store().commit(prune_of(1, 2));  // an older one changes nothing
  CHECK(firsts_of(load_all(bench.store())) == Sequences{4, 7});
  bench.store().commit(prune_of(1, 6));
  bench.reopen();
  CHECK(firsts_of(load_all(bench.store())) == Sequences{7});
  const auto rows = bench.store().image().rows;
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].rows == 1);
  CHECK(rows[0].messages == 3);
  CHECK(rows[0].octets == row_of(1, 7, 9, 6).octets.size());
  bench.store().commit(prune_of(1, 100));
  CHECK(bench.store().image().rows.empty());
}

TEMPLATE_TEST_CASE("a parked message keeps its row till it is no longer parked", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  core::Transaction transaction = three_batches();
  transaction.subscriptions.push_back(subscription_of(2, 1, "audit"));
  transaction.parked = {parked_of(1, 5, 100), parked_of(2, 6, 100)};
  bench.store().commit(transaction);
  bench.store().commit(prune_of(1, 9));
  CHECK(firsts_of(load_all(bench.store())) == Sequences{4});
  bench.reopen();
  CHECK(firsts_of(bench.store().load(page_of(4, 5, 1, 1))) == Sequences{4});

  core::Transaction unpark;
  unpark.unparked = {{1, 5}, {1, 999}};
  bench.store().commit(unpark);
  CHECK(firsts_of(load_all(bench.store())) == Sequences{4});
  unpark.unparked = {{2, 6}};
  bench.store().commit(unpark);
  CHECK(load_all(bench.store()).rows.empty());
  CHECK(bench.store().image().rows.empty());
  CHECK(bench.store().image().parked.empty());
}

TEMPLATE_TEST_CASE("a range of parked messages goes at once, and their rows with them", "[store]", MemoryBench,
                   SqliteBench) {
  TestType bench;
  core::Transaction transaction = three_batches();
  transaction.subscriptions.push_back(subscription_of(2, 1, "audit"));
  transaction.parked = {parked_of(1, 2, 100), parked_of(1, 5, 100), parked_of(1, 8, 100), parked_of(2, 5, 100)};
  bench.store().commit(transaction);
  bench.store().commit(prune_of(1, 9));
  core::Transaction unpark;
  unpark.unparked = {{1, 3, 9}, {1, 100, 200}};
  bench.store().commit(unpark);
  CHECK(firsts_of(load_all(bench.store())) == Sequences{1, 4});
  unpark.unparked = {{1, 1, 9}, {2, 1, 9}};
  bench.store().commit(unpark);
  CHECK(load_all(bench.store()).rows.empty());
  CHECK(bench.store().image().parked.empty());
}

TEMPLATE_TEST_CASE("a message is parked and its row written below the prune in one commit", "[store]", MemoryBench,
                   SqliteBench) {
  TestType bench;
  bench.store().commit(first_transaction());
  bench.store().commit(prune_of(1, 50));
  core::Transaction transaction;
  transaction.rows = {row_of(1, 40, 44, 0), row_of(1, 45, 49, 44)};
  transaction.parked = {parked_of(1, 42, 100)};
  bench.store().commit(transaction);
  CHECK(firsts_of(load_all(bench.store())) == Sequences{40});
  core::Transaction unpark;
  unpark.unparked = {{1, 42}};
  bench.store().commit(unpark);
  CHECK(load_all(bench.store()).rows.empty());
  CHECK(bench.store().image().rows.empty());
}

TEMPLATE_TEST_CASE("a huge prune counts at once", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  bench.store().commit(first_transaction());
  bench.store().commit(rows_of(1, 1, 2000));
  bench.store().commit(prune_of(1, 1990));
  const Sequences left{1991, 1992, 1993, 1994, 1995, 1996, 1997, 1998, 1999, 2000};
  CHECK(firsts_of(load_all(bench.store())) == left);
  CHECK(load_all(bench.store()).damaged.empty());
  SECTION("and is gone when there was time for it") {}
  SECTION("and over a restart") { bench.reopen(); }
  SECTION("and under load") {
    bench.store().commit(rows_of(1, 2001, 2003));
    bench.store().commit(rows_of(1, 2004, 2006));
    bench.store().commit(prune_of(1, 1999));
    bench.store().commit(prune_of(1, 2006));
    bench.store().commit(rows_of(1, 2007, 2016));
  }
  bench.settle();
  CHECK(load_all(bench.store()).rows.size() == 10);
  CHECK(bench.store().image().rows.at(0).rows == 10);
}

TEMPLATE_TEST_CASE("a damaged row is left out and reported", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  bench.store().commit(three_batches());
  bench.damage(1, 4);
  const auto reply = load_all(bench.store());
  CHECK(firsts_of(reply) == Sequences{1, 7});
  CHECK(reply.damaged == Ranges{{4, 6}});
  CHECK(reply.end);
  bench.reopen();
  CHECK(load_all(bench.store()).damaged == Ranges{{4, 6}});
}

TEMPLATE_TEST_CASE("damaged rows count for the bound of a page", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  bench.store().commit(three_batches());
  bench.damage(1, 1);
  const auto reply = bench.store().load(page_of(0, 100, plenty, 1));
  CHECK(reply.rows.empty());
  CHECK(reply.damaged == Ranges{{1, 3}});
  CHECK_FALSE(reply.end);
}

TEMPLATE_TEST_CASE("a row that is gone is reported by its successor", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  bench.store().commit(three_batches());
  bench.lose(1, 4);
  CHECK(load_all(bench.store()).damaged == Ranges{{4, 6}});
  CHECK(firsts_of(load_all(bench.store())) == Sequences{1, 7});
  CHECK(bench.store().load(page_of(6, 100, plenty, 100)).damaged.empty());  // not asked for
  CHECK(bench.store().load(page_of(5, 100, plenty, 100)).damaged == Ranges{{6, 6}});
  const auto page = bench.store().load(page_of(0, 6, plenty, 100));  // the successor is beyond the page
  CHECK(page.end);
  CHECK(page.damaged == Ranges{{4, 6}});
  CHECK(bench.store().load(page_of(0, 100, plenty, 1)).damaged.empty());  // the page ends before the hole
}

TEMPLATE_TEST_CASE("the last rows of a stream are missed too", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  bench.store().commit(three_batches());
  bench.lose(1, 7);
  CHECK(load_all(bench.store()).damaged == Ranges{{7, 9}});
  bench.lose(1, 4);
  bench.lose(1, 1);
  CHECK(load_all(bench.store()).damaged == Ranges{{1, 9}});
}

TEMPLATE_TEST_CASE("holes that were never rows are not missed", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  core::Transaction transaction = first_transaction();
  transaction.rows = {row_of(1, 10, 12, 0), row_of(1, 50, 52, 12), row_of(1, 90, 92, 52)};
  bench.store().commit(transaction);
  CHECK(load_all(bench.store()).damaged.empty());
  bench.store().commit(prune_of(1, 60));
  CHECK(load_all(bench.store()).damaged.empty());  // pruned rows are not missed either
  CHECK(firsts_of(load_all(bench.store())) == Sequences{90});
}

TEMPLATE_TEST_CASE("a parked message whose row is gone is reported", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  core::Transaction transaction = three_batches();
  transaction.parked = {parked_of(1, 5, 100)};
  bench.store().commit(transaction);
  bench.store().commit(prune_of(1, 9));
  CHECK(bench.store().load(page_of(4, 5, 1, 1)).damaged.empty());
  bench.lose(1, 4);
  const auto reply = bench.store().load(page_of(4, 5, 1, 1));
  CHECK(reply.rows.empty());
  CHECK(reply.damaged == Ranges{{5, 5}});
}

TEMPLATE_TEST_CASE("a full store keeps nothing of a transaction, frees, and goes on", "[store]", MemoryBench,
                   SqliteBench) {
  TestType bench;
  bench.store().commit(first_transaction());
  Sequence kept = 0;
  const auto write = [&bench](Sequence from) { return bench.store().commit(rows_of(1, from, from + 9, 4000)).usage(); };
  try {
    for (; kept < 4000; kept += 10) write(kept + 1);
  } catch (const core::StoreFull& full) {
    CHECK_FALSE(std::string(full.what()).empty());
  }
  REQUIRE(kept > 400);
  REQUIRE(kept < 4000);
  CHECK(load_all(bench.store()).rows.size() == kept);
  CHECK_THROWS_AS(write(kept + 1), core::StoreFull);

  const auto usage = bench.store().commit(prune_of(1, kept / 2)).usage();
  CHECK(usage.used < usage.quota);
  bench.settle();
  CHECK_FALSE(write(kept + 1).full);
  CHECK(load_all(bench.store()).rows.size() == kept - kept / 2 + 10);
  CHECK(load_all(bench.store()).damaged.empty());
}

TEMPLATE_TEST_CASE("the token tells the number and how full the store is", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  core::Transaction transaction = first_transaction();
  transaction.number = 42;
  const auto before = bench.store().commit(transaction);
  CHECK(before.number() == 42);
  CHECK(before.usage().quota > 0);
  const auto after = bench.store().commit(rows_of(1, 1, 50, 4000));
  CHECK(after.usage().used >= before.usage().used + 50 * 4000);
  CHECK(after.usage().octets_written >= before.usage().octets_written + 50 * 4000);
  CHECK_FALSE(after.usage().full);
  CHECK(bench.store().commit(core::Transaction{}).usage().used == after.usage().used);
}
