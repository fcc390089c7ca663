/// \file
/// Dead letters are read by pages, and come back as parked messages with a batch of their own.

#include <catch2/catch.hpp>

#include <limits>

#include "tests/sidecar/store_contract.h"

using namespace restante;
using namespace restante::sidecar;

namespace {

/// Subscription 1 with letters 3 to 7, of which each has as many octets as its number says; subscription 2 with one.
template <typename Bench>
void bury(Bench& bench) {
  core::Transaction made = first_transaction();
  made.subscriptions.push_back(subscription_of(2, 1, "late"));
  for (Sequence sequence = 3; sequence <= 7; ++sequence) {
    made.dead.push_back(dead_of(1, sequence));
    made.dead.back().payload = std::string(sequence, 'x');
    made.dead.back().history = "1\tapp pid 7\tnack\n";
    made.dead.back().source_time_us = 1234;
  }
  made.dead.push_back(dead_of(2, 4));
  bench.store().commit(made);
}

core::DeadRequest request(std::size_t count = 100, bool payloads = false, std::size_t octets = 1000) {
  core::DeadRequest request;
  request.number = 9;
  request.stream = 1;
  request.count = count;
  request.octets = octets;
  request.payloads = payloads;
  return request;
}

std::vector<Sequence> sequences_of(const core::DeadReply& reply) {
  std::vector<Sequence> all;
  for (const core::DeadRecord& letter : reply.letters) all.push_back(letter.sequence);
  return all;
}

core::ParkedRecord revived(Sequence sequence, GrantId grant = test_grant) {
  core::ParkedRecord parked = parked_of(1, sequence, 500);
  parked.grant = grant;
  parked.history = "1\tapp pid 7\tnack\n";
  parked.octets = row_of(1, sequence, sequence, 0).octets;
  return parked;
}

}  // namespace

TEMPLATE_TEST_CASE("dead letters are read in order, by pages, with their payloads if wanted", "[store]", MemoryBench,
                   SqliteBench) {
  TestType bench;
  bury(bench);
  const core::DeadReply all = bench.store().load(request());
  CHECK(all.number == 9);
  CHECK(all.end);
  CHECK(sequences_of(all) == std::vector<Sequence>{3, 4, 5, 6, 7, 4});
  CHECK(all.letters[1].octets == 4);
  CHECK(all.letters[1].payload.empty());
  CHECK(all.letters[1].history == "1\tapp pid 7\tnack\n");
  CHECK(all.letters[1].source_time_us == 1234);
  core::DeadReply page = bench.store().load(request(2));
  CHECK_FALSE(page.end);
  CHECK(sequences_of(page) == std::vector<Sequence>{3, 4});
  core::DeadRequest next = request(10, true, 11);
  next.subscription = 1;
  next.after = {1, 4};
  page = bench.store().load(next);
  CHECK(sequences_of(page) == std::vector<Sequence>{5, 6});  // the third does not fit
  CHECK_FALSE(page.end);
  CHECK(page.letters[1].payload == "xxxxxx");
  CHECK(page.letters[1].is_whole);
  next.after = {};
  next.only = {7, 3, 99};
  page = bench.store().load(next);
  CHECK(sequences_of(page) == std::vector<Sequence>{3, 7});
  CHECK(page.end);
  next.stream = 77;
  CHECK(bench.store().load(next).letters.empty());
}

TEMPLATE_TEST_CASE("a dead letter that is raised is one no more, and a parked message with its own batch", "[store]",
                   MemoryBench, SqliteBench) {
  TestType bench;
  bury(bench);
  core::Transaction again;
  again.raised = {{1, 5}, {1, 6}, {1, 1234}};
  again.parked = {revived(5)};
  bench.store().commit(again);
  bench.reopen();
  CHECK(sequences_of(bench.store().load(request())) == std::vector<Sequence>{3, 4, 7, 4});
  const auto parked =
      bench.store().load(core::ParkedRequest{1, 1, std::numeric_limits<std::int64_t>::max(), 10}).parked;
  REQUIRE(parked.size() == 1);
  CHECK(parked[0].revived);
  CHECK(parked[0].octets.empty());
  CHECK(parked[0].history == "1\tapp pid 7\tnack\n");
  const core::LoadReply own = bench.store().load(core::LoadRequest{2, 1, 4, 5, 1, 1, 0, 1});
  REQUIRE(own.rows.size() == 1);
  CHECK(own.rows[0].first == 5);
  CHECK(own.rows[0].grant == test_grant);
  CHECK(own.end);
  CHECK(own.rows[0].octets.octets() == row_of(1, 5, 5, 0).octets.octets());
  CHECK(load_all(bench.store()).rows.empty());  // it is no row
  CHECK(load_all(bench.store()).damaged.empty());
}

TEMPLATE_TEST_CASE("a raised letter keeps its batch when it is parked again, and needs no row", "[store]", MemoryBench,
                   SqliteBench) {
  TestType bench;
  bury(bench);
  bench.store().commit(rows_of(1, 1, 8));
  core::Transaction again;
  again.raised = {{1, 5}};
  again.parked = {revived(5)};
  bench.store().commit(again);
  core::Transaction waits;
  waits.parked = {parked_of(1, 5, 900)};
  waits.parked[0].attempts = 2;
  bench.store().commit(waits);
  bench.store().commit(prune_of(1, 8));
  bench.settle();
  bench.reopen();
  CHECK(load_all(bench.store()).rows.empty());
  CHECK(load_all(bench.store()).damaged.empty());
  CHECK(bench.store().load(core::LoadRequest{2, 1, 4, 5, 1, 1, 0, 1}).rows.size() == 1);
  const auto parked = bench.store().load(core::ParkedRequest{1, 1, 1000, 10}).parked;
  REQUIRE(parked.size() == 1);
  CHECK(parked[0].revived);
  CHECK(parked[0].attempts == 2);
}

TEMPLATE_TEST_CASE("a dead letter is told to have an heir while what came in its place is parked", "[store]",
                   MemoryBench, SqliteBench) {
  TestType bench;
  bury(bench);
  core::Transaction both;
  both.parked = {revived(5, 4711), parked_of(1, 6, 500)};  // the other is parked by its row
  bench.store().commit(both);
  for (const core::DeadRecord& letter : bench.store().load(request()).letters) {
    CHECK(letter.has_heir == (letter.subscription == 1 && letter.sequence == 5));
  }
}

TEMPLATE_TEST_CASE("the end of a letter that came again is kept, that of one that was there before is not", "[store]",
                   MemoryBench, SqliteBench) {
  TestType bench;
  bury(bench);
  core::Transaction again;
  again.dead = {dead_of(1, 4), dead_of(1, 5)};
  for (core::DeadRecord& letter : again.dead) {
    letter.grant = 4711;
    letter.payload = "edited";
    letter.replaces = letter.sequence == 5;
  }
  bench.store().commit(again);
  const core::DeadReply all = bench.store().load(request(10, true));
  REQUIRE(all.letters.size() == 6);
  CHECK(all.letters[1].payload == "xxxx");
  CHECK(all.letters[2].payload == "edited");
  CHECK(all.letters[2].grant == 4711);
  CHECK(all.letters[2].is_whole);
}

TEMPLATE_TEST_CASE("what an operator put in a letter's place is not overwritten by that letter", "[store]", MemoryBench,
                   SqliteBench) {
  TestType bench;
  bury(bench);
  core::Transaction again;
  again.parked = {revived(5, 4711)};
  bench.store().commit(again);
  core::Transaction late;
  late.parked = {parked_of(1, 5, 900)};  // of the grant that died, reset and parked once more
  REQUIRE(late.parked[0].grant != 4711);
  bench.store().commit(late);
  const core::ParkedRequest everything{1, 1, std::numeric_limits<std::int64_t>::max(), 10};
  std::vector<core::ParkedRecord> parked = bench.store().load(everything).parked;
  REQUIRE(parked.size() == 1);
  CHECK(parked[0].grant == 4711);
  CHECK(parked[0].revived);
  CHECK(parked[0].due_ms != 900);
  late.parked = {parked_of(1, 5, 900)};
  late.parked[0].grant = 4711;  // itself
  bench.store().commit(late);
  parked = bench.store().load(everything).parked;
  REQUIRE(parked.size() == 1);
  CHECK(parked[0].due_ms == 900);
  CHECK(parked[0].revived);
}

TEMPLATE_TEST_CASE("what ends parked messages ends a raised letter only if it is meant", "[store]", MemoryBench,
                   SqliteBench) {
  TestType bench;
  bury(bench);
  core::Transaction again;
  again.raised = {{1, 5}};
  again.parked = {revived(5, 4711), parked_of(1, 6, 500)};
  bench.store().commit(again);
  const auto left = [&] {
    return bench.store().load(core::ParkedRequest{1, 1, std::numeric_limits<std::int64_t>::max(), 10}).parked.size();
  };
  core::Transaction end;
  end.unparked = {{1, 5, 0, test_grant}};  // an ack of the one that died
  bench.store().commit(end);
  CHECK(left() == 2);
  end.unparked = {{1, 1, 100}};  // a reset
  bench.store().commit(end);
  CHECK(left() == 1);
  end.unparked = {{1, 5, 0, 4711}};
  bench.store().commit(end);
  CHECK(left() == 0);
}

TEST_CASE("a dead letter that the disk has damaged is told to be", "[store]") {
  SqliteBench bench;
  bury(bench);
  CHECK(bench.store().load(request(10, true)).letters[0].is_whole);
  TemporaryDirectory directory;
  {
    SqliteStore store(options_for(directory.path()));
    core::Transaction made = first_transaction();
    made.dead.push_back(dead_of(1, 3));
    store.commit(made);
  }
  run_sql(directory.path(), "UPDATE dead SET payload = x'00'");
  SqliteStore store(options_for(directory.path()));
  store.image();
  CHECK_FALSE(store.load(request(10, true)).letters.at(0).is_whole);
}
