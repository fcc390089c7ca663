/// \file
/// An exclusive subscription that is never idle: suspects, checkpoints between two changes of state, rows of two
/// owners.

#include <catch2/catch.hpp>

#include "tests/core/test_reader.h"

using namespace restante;
using namespace restante::core;
using namespace std::chrono_literals;

namespace {

/// The reader has 1 and 2 in hand, and they were parked; then what is returned came live.
Sequence park_two(Reading& one) {
  const auto live = [&](bool done) {
    const Range range = one.writer.send(1);
    one.reader.settle([&](Settle& said) {
      said.received = {one.ids(range.first, range.last)};
      if (done) said.acks = said.received;
    });
    return range.first;
  };
  live(false);
  live(false);
  for (std::size_t i = 0; i < limits::tracked_batches_max / 2 + 2; ++i) live(true);
  one.bench.pass(1s);
  REQUIRE(one.bench.store.snapshot().parked.size() == 2);
  const Sequence behind = live(false);
  REQUIRE(one.reader.hear().batches.empty());
  return behind;
}

}  // namespace

TEST_CASE("a suspect is handed out although the reader is never idle (B5)") {
  Reading one;
  one.writer.send(1);
  one.bench.pass(2s);
  for (std::uint32_t death = 0; death < limits::suspect_deaths; ++death) {
    one.bench.cut(*one.reader.peer);
    one.reader.join();
    one.bench.pass(10ms);
  }
  one.reader.settle([&](Settle& said) { said.nacks = {Nack{one.ids(1, 1).grant, 1, 500, false}}; });
  one.reader.hear();
  one.writer.send(1);
  one.reader.settle([&](Settle& said) { said.received = {one.ids(2, 2)}; });
  one.writer.send(1);  // 3 is lost on its way
  Batches sent;
  for (Sequence newest = 4; newest < 40; ++newest) {
    one.writer.send(1);
    one.reader.settle([&](Settle& said) {
      said.received = {one.ids(newest, newest)};
      if (newest > 4) said.acks = {one.ids(newest - 1, newest - 1)};
    });
    one.bench.pass(100ms);
    const Batches more = one.reader.hear().batches;
    for (const auto& [first, covers] : more) {
      if (first == 1) one.reader.settle([&](Settle& said) { said.acks = {one.ids(1, 1)}; });
    }
    sent.insert(sent.end(), more.begin(), more.end());
  }
  CHECK(sent == Batches{{1, 0}, {3, 3}});
}

TEST_CASE("a row that two subscriptions settled goes, although each had it as a page of its own") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  TestReader reader(bench);
  reader.join();
  bench.cut(*reader.peer);
  writer.send(2);
  bench.pass(1s);
  REQUIRE(bench.rows() == 1);
  bench.restart();
  bench.pass(200ms);
  writer.resume(0);
  writer.send_again(0);
  bench.pass(200ms);
  TestWorker worker(bench);
  worker.join();
  worker.take();
  reader.join();
  worker.ack(1, 2);
  bench.pass(1s);
  reader.settle([&](Settle& said) { said.acks = {GrantRange{writer.grants.front().grant, {1, 2}}}; });
  bench.pass(2s);
  CHECK(bench.rows() == 0);
}

TEST_CASE("a live session hears checkpoints although one message stays in its hand (T1)") {
  Reading one;
  one.writer.send(1);
  one.reader.settle([&](Settle& said) { said.received = {one.ids(1, 1)}; });
  for (Sequence newest = 2; newest <= 40; ++newest) {
    one.writer.send(1);
    one.reader.settle([&](Settle& said) {
      said.received = {one.ids(newest, newest)};
      said.acks = {one.ids(newest, newest)};
    });
  }
  one.bench.pass(1s);
  const Points points = one.reader.hear().checkpoints;
  CHECK(!points.empty());
  CHECK(points == Points(points.size(), 40));
  one.writer.send(1);  // 41 is on its way: nothing may be said of it
  one.writer.send(1);
  one.reader.settle([&](Settle& said) { said.received = {one.ids(42, 42)}; });
  one.bench.pass(500ms);
  CHECK(one.reader.hear().checkpoints.empty());
}

TEST_CASE("what was parked at a session that died comes before all that is behind it (B4, X8)") {
  Reading one;
  const Sequence behind = park_two(one);
  const auto order = [&] {
    one.bench.pass(1s);
    const Batches sent = one.reader.hear().batches;
    return sent == Batches{{1, 0}, {2, 0}, {behind, behind}};
  };
  SECTION("whoever comes next") {
    one.bench.cut(*one.reader.peer);
    one.reader.join();
    CHECK(one.reader.peer->last<Subscribed>()->untried == 1);
    CHECK(order());
  }
  SECTION("also after a restart of the sidecar, and if its clock was put back meanwhile") {
    one.bench.pass(2s);
    one.bench.wall_base_ms -= 3'600'000;
    one.bench.restart();
    one.writer.resume(behind);
    one.reader.join();
    CHECK(order());
  }
  SECTION("and when it is given back by a session that goes on") {
    one.reader.settle([&](Settle& said) { said.released = {one.ids(1, 2), one.ids(behind, behind)}; });
    CHECK(order());
  }
  SECTION("also if it was a suspect, and its session died before it was handed out") {
    for (std::uint32_t death = 0; death <= limits::suspect_deaths; ++death) {
      one.bench.cut(*one.reader.peer);
      one.reader.join();
      one.bench.pass(10ms);
    }
    CHECK(one.reader.hear().batches == Batches{{1, 0}});
    one.reader.settle([&](Settle& said) { said.acks = {one.ids(1, 1)}; });
    one.bench.pass(10ms);
    CHECK(one.reader.hear().batches == Batches{{2, 0}});
    one.reader.settle([&](Settle& said) { said.acks = {one.ids(2, 2)}; });
    one.bench.pass(10ms);
    CHECK(one.reader.hear().batches == Batches{{behind, behind}});
  }
  SECTION("but what was nacked waits for its time alone") {
    one.reader.settle([&](Settle& said) { said.nacks = {Nack{one.ids(1, 1).grant, 1, 60'000, false}}; });
    one.bench.cut(*one.reader.peer);
    one.reader.join();
    one.bench.pass(1s);
    CHECK(one.reader.hear().batches == Batches{{2, 0}, {behind, behind}});
  }
}

TEST_CASE("a suspect is handed out when nothing below it is in hand: a death is then its own (X8)") {
  Reading one;
  one.writer.send(1);
  one.reader.settle([&](Settle& said) {
    said.received = {one.ids(1, 1)};
    said.nacks = {Nack{one.ids(1, 1).grant, 1, 800, false}};
  });
  one.writer.send(1);
  one.writer.send(1);
  one.reader.settle([&](Settle& said) { said.received = {one.ids(2, 3)}; });
  for (std::uint32_t death = 0; death < limits::suspect_deaths; ++death) {
    one.bench.cut(*one.reader.peer);
    if (death + 1 == limits::suspect_deaths) one.bench.pass(1s);  // 1 is due
    one.reader.join();
    one.bench.pass(10ms);
  }
  REQUIRE(one.reader.hear().batches == Batches{{1, 0}});  // 2 and 3 are suspects
  SECTION("it comes when that is done") {
    one.reader.settle([&](Settle& said) { said.acks = {one.ids(1, 1)}; });
    CHECK(one.reader.hear().batches == Batches{{2, 2}});
  }
  SECTION("it is still the next to come if the session dies with that") {
    one.bench.cut(*one.reader.peer);
    one.reader.join();
    one.bench.pass(10ms);
    one.reader.settle([&](Settle& said) { said.rejects = {Reject{one.ids(1, 1).grant, 1, "bad"}}; });
    one.bench.pass(10ms);
    one.reader.settle([&](Settle& said) { said.acks = {one.ids(2, 2)}; });
    one.bench.pass(10ms);
    CHECK(one.reader.hear().batches == Batches{{1, 0}, {2, 2}, {3, 3}});
  }
}
