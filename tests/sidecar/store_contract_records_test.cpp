/// \file
/// Everything but rows: it comes back as it was given, over every reopening.

#include <catch2/catch.hpp>

#include "tests/sidecar/store_contract.h"

using namespace restante;
using namespace restante::sidecar;

TEMPLATE_TEST_CASE("a new store has a name and nothing else", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  const core::StoreImage image = bench.store().image();
  CHECK(image.node == "here");
  CHECK(image.incarnation != core::Incarnation{});
  CHECK(image.streams.empty());
  CHECK(image.rows.empty());
  CHECK(image.dead == 0);
  bench.reopen();
  CHECK(bench.store().image().incarnation == image.incarnation);
}

TEMPLATE_TEST_CASE("streams come back as they were given", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  core::Transaction transaction;
  core::StreamRecord live = stream_of(7, "ticks'\"; \xC3\xA4@2");
  live.kind = core::StreamKind::live;
  live.next = 900;
  live.last_row = 800;
  live.last_marker = 0xFFFFFFFFFFFFFFFF;
  live.writer_process = {"sender", "here", 4242, 0x7FFFFFFFFFFFFFFF};
  live.writer = 0x8000000000000001;
  transaction.streams = {live, stream_of(3, "orders")};
  bench.store().commit(transaction);
  bench.reopen();
  const auto streams = bench.store().image().streams;
  REQUIRE(streams.size() == 2);
  CHECK(streams[0].name == "orders");
  CHECK(streams[0].kind == core::StreamKind::kept);
  CHECK(streams[1].name == live.name);
  CHECK(streams[1].kind == core::StreamKind::live);
  CHECK(streams[1].next == 900);
  CHECK(streams[1].last_row == 800);
  CHECK(streams[1].last_marker == live.last_marker);
  CHECK(streams[1].writer_process == live.writer_process);
  CHECK(streams[1].writer == live.writer);
}

TEMPLATE_TEST_CASE("a stream written again is replaced and keeps what belongs to it", "[store]", MemoryBench,
                   SqliteBench) {
  TestType bench;
  bench.store().commit(first_transaction());
  bench.store().commit(rows_of(1, 1, 3));
  core::Transaction again;
  again.streams = {stream_of(1, "orders")};
  again.streams[0].next = 500;
  bench.store().commit(again);
  bench.reopen();
  const core::StoreImage image = bench.store().image();
  REQUIRE(image.streams.size() == 1);
  CHECK(image.streams[0].next == 500);
  CHECK(image.subscriptions.size() == 1);
  CHECK(firsts_of(load_all(bench.store())) == std::vector<Sequence>{1, 2, 3});
}

TEMPLATE_TEST_CASE("grants are kept with ids of all 64 bits until they are closed", "[store]", MemoryBench,
                   SqliteBench) {
  TestType bench;
  core::Transaction transaction = first_transaction();
  const core::GrantRecord second{1, {1, {101, 200}}, 0xFFFFFFFFFFFFFFFF};
  const core::GrantRecord first{1, {0xFFFFFFFFFFFFFFFE, {1, 100}}, 5};
  transaction.grants = {second, first};
  bench.store().commit(transaction);
  bench.reopen();
  auto grants = bench.store().image().grants;
  REQUIRE(grants.size() == 2);
  CHECK(grants[0].grant == first.grant);
  CHECK(grants[1].grant == second.grant);
  CHECK(grants[1].handle == second.handle);

  core::Transaction close;
  close.closed_grants = {first};
  bench.store().commit(close);
  bench.reopen();
  grants = bench.store().image().grants;
  REQUIRE(grants.size() == 1);
  CHECK(grants[0].grant == second.grant);
}

TEMPLATE_TEST_CASE("a grant goes to another handle, its range never changes", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  core::Transaction transaction = first_transaction();
  transaction.grants = {{1, {9, {1, 100}}, 5}};
  bench.store().commit(transaction);
  core::Transaction moved;
  moved.grants = {{1, {9, {1, 100}}, 6}};
  bench.store().commit(moved);
  CHECK(bench.store().image().grants.at(0).handle == 6);
  moved.grants = {{1, {9, {1, 101}}, 6}};
  CHECK_THROWS_AS(bench.store().commit(moved), core::StoreFailed);
}

TEMPLATE_TEST_CASE("subscriptions come back with their filters in order", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  core::Transaction transaction = first_transaction();
  core::SubscriptionRecord audit = subscription_of(2, 1, "audit");
  audit.mode = core::SubscriptionMode::exclusive;
  audit.filters = {"z/+", "a/\"#", ""};
  audit.start = 77;
  audit.claim = 0xF000000000000000;
  audit.limit = {12, 0xF000000000000001, OnLimit::refuse};
  transaction.subscriptions.push_back(audit);
  bench.store().commit(transaction);
  bench.reopen();
  auto subscriptions = bench.store().image().subscriptions;
  REQUIRE(subscriptions.size() == 2);
  CHECK(subscriptions[0].name == "workers");
  CHECK(subscriptions[0].filters.empty());
  CHECK(subscriptions[1].mode == core::SubscriptionMode::exclusive);
  CHECK(subscriptions[1].filters == audit.filters);
  CHECK(subscriptions[1].start == 77);
  CHECK(subscriptions[1].claim == audit.claim);
  CHECK(subscriptions[0].limit == BacklogLimit{});
  CHECK(subscriptions[1].limit == audit.limit);

  core::Transaction narrowed;
  audit.filters = {"b"};
  narrowed.subscriptions = {audit};
  bench.store().commit(narrowed);
  bench.reopen();
  CHECK(bench.store().image().subscriptions.at(1).filters == std::vector<std::string>{"b"});
}

TEMPLATE_TEST_CASE("a cursor comes back with its ranges, and is replaced as a whole", "[store]", MemoryBench,
                   SqliteBench) {
  TestType bench;
  core::Transaction transaction = first_transaction();
  transaction.cursors = {{1, 10, {{12, 15}, {17, 17}, {1ULL << 40, (1ULL << 62) + 1}}}};
  bench.store().commit(transaction);
  bench.reopen();
  auto cursors = bench.store().image().cursors;
  REQUIRE(cursors.size() == 1);
  CHECK(cursors[0].floor == 10);
  CHECK(cursors[0].settled == transaction.cursors[0].settled);
  core::Transaction moved;
  moved.cursors = {{1, 17, {}}};
  bench.store().commit(moved);
  bench.reopen();
  cursors = bench.store().image().cursors;
  REQUIRE(cursors.size() == 1);
  CHECK(cursors[0].floor == 17);
  CHECK(cursors[0].settled.empty());
}

TEMPLATE_TEST_CASE("a cursor may be as ragged as its window allows", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  core::Transaction transaction = first_transaction();
  core::CursorRecord cursor{1, limits::sequence_max - 100000, {}};
  for (Sequence i = 0; i < limits::tracked_batches_max; ++i) {
    cursor.settled.push_back({cursor.floor + 2 + 3 * i, cursor.floor + 3 + 3 * i});
  }
  transaction.cursors = {cursor};
  bench.store().commit(transaction);
  bench.reopen();
  CHECK(bench.store().image().cursors.at(0).settled == cursor.settled);
}

TEMPLATE_TEST_CASE("parked messages are given out by their time", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  core::Transaction transaction = first_transaction();
  transaction.subscriptions.push_back(subscription_of(2, 1, "audit"));
  transaction.parked = {parked_of(1, 5, 300), parked_of(1, 6, 100), parked_of(1, 9, 200), parked_of(1, 8, 200),
                        parked_of(2, 5, 50)};
  transaction.clock_ms = 40;
  bench.store().commit(transaction);
  bench.reopen();
  CHECK(bench.store().image().clock_ms == 40);

  auto reply = bench.store().load(core::ParkedRequest{4, 1, 200, 10});
  CHECK(reply.number == 4);
  CHECK(reply.subscription == 1);
  REQUIRE(reply.parked.size() == 3);
  CHECK(reply.parked[0].sequence == 6);
  CHECK(reply.parked[1].sequence == 8);
  CHECK(reply.parked[2].sequence == 9);
  CHECK(reply.parked[0].grant == test_grant);
  CHECK(reply.parked[0].due_ms == 100);
  CHECK(reply.parked[0].attempts == 2);
  CHECK(reply.parked[0].reason == "the worker said no");
  CHECK(reply.next_due_ms == 300);

  reply = bench.store().load(core::ParkedRequest{5, 1, 1000, 1});
  REQUIRE(reply.parked.size() == 1);
  CHECK(reply.next_due_ms == 200);
  reply = bench.store().load(core::ParkedRequest{6, 2, 1000, 10});
  REQUIRE(reply.parked.size() == 1);
  CHECK_FALSE(reply.next_due_ms);
  CHECK(bench.store().load(core::ParkedRequest{7, 3, 1000, 10}).parked.empty());

  const auto image = bench.store().image();
  REQUIRE(image.parked.size() == 2);
  CHECK(image.parked[0].count == 4);
  CHECK(image.parked[0].next_due_ms == 100);
  CHECK(image.parked[1].count == 1);
}

TEMPLATE_TEST_CASE("a parked message is put off by parking it again", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  core::Transaction transaction = first_transaction();
  transaction.parked = {parked_of(1, 5, 100)};
  bench.store().commit(transaction);
  core::Transaction again;
  again.parked = {parked_of(1, 5, 900)};
  bench.store().commit(again);
  const auto image = bench.store().image();
  REQUIRE(image.parked.size() == 1);
  CHECK(image.parked[0].count == 1);
  CHECK(image.parked[0].next_due_ms == 900);
}

TEMPLATE_TEST_CASE("a dead letter is kept once", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  core::Transaction transaction = first_transaction();
  transaction.dead = {dead_of(1, 5), dead_of(1, 6), dead_of(9, 5)};
  bench.store().commit(transaction);
  core::Transaction again;
  again.dead = {dead_of(1, 5)};
  bench.store().commit(again);
  bench.reopen();
  CHECK(bench.store().image().dead == 3);
}

TEMPLATE_TEST_CASE("a transaction that breaks a rule of the books is not kept and ends the store", "[store]",
                   MemoryBench, SqliteBench) {
  TestType bench;
  bench.store().commit(first_transaction());
  core::Transaction broken = rows_of(1, 1, 1);
  SECTION("a row of an unknown stream") { broken.rows.push_back(row_of(2, 1, 1, 0)); }
  SECTION("a row that ends before it begins") {
    broken.rows.push_back(row_of(1, 5, 5, 0));
    broken.rows.back().last = 4;
  }
  SECTION("a grant of an unknown stream") { broken.grants.push_back({2, {9, {1, 2}}, 1}); }
  SECTION("a subscription of an unknown stream") { broken.subscriptions.push_back(subscription_of(2, 2, "x")); }
  SECTION("two subscriptions of one name") { broken.subscriptions.push_back(subscription_of(2, 1, "workers")); }
  SECTION("two streams of one name") { broken.streams.push_back(stream_of(2, "orders")); }
  SECTION("a parked message of an unknown subscription") { broken.parked.push_back(parked_of(2, 1, 1)); }
  SECTION("a gap of an unknown subscription") { broken.gaps.push_back({2, 1, {1, 2}, "limit"}); }
  SECTION("a gap that ends before it begins") { broken.gaps.push_back({1, 1, {2, 1}, "limit"}); }
  SECTION("a cursor of an unknown subscription") { broken.cursors.push_back({2, 1, {}}); }
  SECTION("a prune of an unknown stream") { broken.prunes.push_back({2, 1}); }
  CHECK_THROWS_AS(bench.store().commit(broken), core::StoreFailed);
  CHECK_THROWS_AS(bench.store().commit(first_transaction()), core::StoreFailed);
  CHECK_THROWS_AS(bench.store().image(), core::StoreFailed);
  CHECK_THROWS_AS(load_all(bench.store()), core::StoreFailed);
  bench.reopen();
  CHECK(load_all(bench.store()).rows.empty());
}
