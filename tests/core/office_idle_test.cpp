/// \file
/// An office with nothing to do, or that waits for others, sleeps: every case lets time pass and counts how often the
/// office asked to be woken. OfficeBench::pass() fails if it asks to be woken at once, for ever.

#include "tests/core/office_actors.h"

using namespace restante;
using namespace restante::core;

namespace {

constexpr std::size_t ticks_a_second = 10;  // heartbeats, checkpoints

/// Wakes of the next ten seconds, those of the tick apart.
std::size_t wakes_in_ten_seconds(OfficeBench& bench) {
  const std::size_t before = bench.wakes;
  bench.pass(10s);
  const std::size_t wakes = bench.wakes - before;
  return wakes - std::min(wakes, 10 * ticks_a_second);
}

struct Busy {
  Busy() { writer.open(); }
  OfficeBench bench;
  TestWriter writer{bench};
  TestWorker worker{bench, 0x51, {4, 1U << 20}};
};

}  // namespace

TEST_CASE("an office without links sleeps between its ticks") {
  OfficeBench bench;
  CHECK(wakes_in_ten_seconds(bench) <= 1);
  CHECK(bench.commits.empty());
}

TEST_CASE("a backlog that nobody takes wakes nobody") {
  Busy busy;
  for (int i = 0; i < 300; ++i) busy.writer.send(1, 0, 60'000);
  busy.bench.pass(2s);
  const std::size_t commits = busy.bench.commits.size();
  const std::size_t loads = busy.bench.loads;
  CHECK(wakes_in_ten_seconds(busy.bench) <= 1);
  CHECK(busy.bench.commits.size() == commits);
  CHECK(busy.bench.loads == loads);
}

TEST_CASE("work that waits for credit wakes nobody") {
  Busy busy;
  busy.worker.join();
  for (int i = 0; i < 20; ++i) busy.writer.send(1);
  busy.bench.pass(2s);
  const std::size_t commits = busy.bench.commits.size();
  CHECK(wakes_in_ten_seconds(busy.bench) <= 1);
  CHECK(busy.bench.commits.size() == commits);
}

TEST_CASE("messages that are due and wait for credit wake nobody") {
  Busy busy;
  busy.worker.join();
  busy.writer.send(8);
  for (const Sequence sequence : busy.worker.take()) busy.worker.nack(sequence, 500);
  SECTION("in memory") {}
  SECTION("parked") {
    for (const Sequence sequence : busy.worker.take()) busy.worker.nack(sequence, 5000);
    busy.bench.pass(5s);
  }
  busy.bench.pass(2s);
  busy.worker.take();
  busy.worker.set_credit({0, 0});
  busy.bench.pass(2s);
  CHECK(wakes_in_ten_seconds(busy.bench) <= 1);
}

TEST_CASE("a message that waits for its time wakes the office for it and for what is written of it") {
  Busy busy;
  busy.worker.join();
  busy.writer.send(1);
  busy.worker.take();
  busy.worker.nack(1, 950);
  CHECK(wakes_in_ten_seconds(busy.bench) <= 5);
  CHECK(busy.worker.take() == Sequences{1});
}

TEST_CASE("a suspect that waits for an idle worker wakes nobody") {
  Busy busy;
  busy.writer.send(1);
  for (std::uint32_t death = 0; death < limits::suspect_deaths; ++death) {
    busy.worker.join();
    busy.bench.cut(*busy.worker.peer);
  }
  busy.writer.send(10);
  busy.worker.join();
  busy.worker.take();
  TestWorker second(busy.bench, 0x52);
  second.join();
  busy.bench.pass(2s);
  CHECK(wakes_in_ten_seconds(busy.bench) <= 1);
}

TEST_CASE("unreported live copies wake the office once") {
  Busy busy;
  busy.worker.endpoint = "tcp://10.0.0.9:1";
  busy.worker.join();
  for (int i = 0; i < 4; ++i) busy.writer.send(1, busy.worker.token);
  CHECK(wakes_in_ten_seconds(busy.bench) <= 4);
  CHECK(busy.worker.take() == from_to(1, 4));
}

TEST_CASE("a disk that takes long is waited for in sleep") {
  Busy busy;
  TestWriter other(busy.bench, 0xB);
  other.open("t");
  busy.worker.join();
  busy.writer.send(2);
  busy.worker.take();
  busy.bench.pass(2s);
  busy.bench.disk_runs = false;
  SECTION("with a cursor that is due") { busy.worker.ack(1, 2); }
  SECTION("with fresh batches that are due") { busy.writer.send(1); }
  SECTION("with the fresh batches of another stream that are due") { other.send(1); }
  SECTION("with a message that is to be parked") { busy.worker.nack(1, 3'600'000); }
  SECTION("with a dead letter") { busy.worker.reject(1); }
  SECTION("with a grant and a subscription") {
    busy.writer.ask_for_grant();
    TestWorker third(busy.bench, 0x53);
    third.stream = "u";
    third.join();
  }
  busy.bench.pass(1s);
  busy.writer.send(1);
  other.send(1);
  busy.worker.ack(1, 2);
  busy.bench.pass(1s);
  CHECK(wakes_in_ten_seconds(busy.bench) <= 2);
  CHECK(busy.bench.disk_queue() <= 3);
  busy.bench.disk_runs = true;
  busy.bench.perform();
  busy.bench.pass(2s);
  CHECK(wakes_in_ten_seconds(busy.bench) <= 1);
}

TEST_CASE("links that fell silent are counted out and wake nobody") {
  Busy busy;
  busy.worker.join();
  busy.writer.send(1);
  busy.worker.peer->heartbeats = false;
  busy.writer.peer->heartbeats = false;
  busy.bench.pass(5s);
  CHECK(wakes_in_ten_seconds(busy.bench) <= 1);
}

TEST_CASE("a stream that flows without a backlog is written at the most once a second") {
  Busy busy;
  busy.worker.join();
  busy.bench.pass(2s);
  busy.bench.commits.clear();
  for (int i = 0; i < 10'000; ++i) {
    busy.writer.send(1);
    for (const Sequence sequence : busy.worker.take()) busy.worker.ack(sequence);
    busy.bench.pass(1ms);
  }
  CHECK(busy.bench.commits.size() <= 11);
  CHECK(busy.bench.rows() == 0);
}
