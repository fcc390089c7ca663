/// \file
/// A full disk: admission, and what goes on nevertheless.

#include "tests/core/office_actors.h"

using namespace restante;
using namespace restante::core;

namespace {

constexpr std::uint64_t capacity = 1U << 20;

/// A store of 1 MiB that is filled until it refuses, by a writer that does not heed its window.
struct Full {
  Full() : bench({}, capacity) {
    writer.open();
    while (bench.refused_commits == 0) writer.send(10, 0, 1000);
    stored = writer.confirmed();
  }
  OfficeBench bench;
  TestWriter writer{bench};
  Sequence stored = 0;
};

}  // namespace

TEST_CASE("on a full disk nothing is confirmed and the window is closed with the reason (W5)") {
  Full full;
  full.bench.pass(5s);
  CHECK(full.writer.confirmed() == full.stored);
  const auto told = full.writer.peer->last<Confirmed>();
  REQUIRE(told);
  CHECK(told->window == 0);
  CHECK(told->limit.find("full") != std::string::npos);
  CHECK(full.bench.notices.size() == 1);
}

TEST_CASE("a sender that a full store holds back is told what the store says of it, the disk or the quota (W5)") {
  Full full;
  const auto told = full.writer.peer->last<Confirmed>();
  REQUIRE(told);
  CHECK(told->limit.find("settle or prune something") != std::string::npos);  // MemoryStore's own words
}

TEST_CASE("a full disk is tried again, but not in a loop") {
  Full full;
  const std::size_t refused = full.bench.refused_commits;
  const std::size_t wakes = full.bench.wakes;
  full.bench.pass(10s);
  CHECK(full.bench.refused_commits - refused <= 10s / limits::cursor_delay + 1);
  CHECK(full.bench.refused_commits > refused);
  CHECK(full.bench.wakes - wakes < 300);
}

TEST_CASE("a disk on which acks cannot even free room is tried again, but not in a loop") {
  Full full;
  TestWorker worker(full.bench, 0x51, {100, 1U << 20});
  worker.join();
  full.bench.store.set_stuck(true);
  for (const Sequence sequence : worker.take()) worker.ack(sequence);
  const std::size_t refused = full.bench.refused_commits;
  full.bench.pass(10s);
  CHECK(full.bench.refused_commits - refused <= 2 * (10s / limits::cursor_delay) + 2);
  full.bench.store.set_stuck(false);
  full.bench.pass(1s);
  CHECK(full.bench.rows() < full.stored);
}

TEST_CASE("what was refused by a full disk is written when there is room, in order, once") {
  Full full;
  full.writer.send(10, 0, 1000);
  full.bench.store.set_capacity(2 * capacity);
  full.bench.pass(1s);
  CHECK(full.writer.confirmed() == full.writer.before);
  CHECK(full.writer.peer->last<Confirmed>()->window > 0);
  CHECK(full.writer.peer->last<Confirmed>()->limit.empty());
  TestWorker worker(full.bench, 0x51, {100000, 1U << 30});
  worker.join();
  CHECK(worker.take() == from_to(1, full.writer.before));
}

TEST_CASE("acks free a full disk") {
  Full full;
  TestWorker worker(full.bench, 0x51, {100, 1U << 20});
  worker.join();
  Sequences all;
  for (int round = 0; round < 100; ++round) {
    for (const Sequence sequence : worker.take()) {
      all.push_back(sequence);
      worker.ack(sequence);
    }
    full.bench.pass(100ms);
  }
  CHECK(all == from_to(1, full.writer.before));
  CHECK(full.bench.rows() == 0);
  CHECK(full.writer.confirmed() == full.writer.before);
  CHECK(full.writer.peer->last<Confirmed>()->window > 0);
}

TEST_CASE("a store that was full opens its window again when nothing is left to be written and nobody takes") {
  Full full;
  {
    TestWorker worker(full.bench, 0x51, {100000, 1U << 30});
    worker.join();
    for (const Sequence sequence : worker.take()) worker.ack(sequence);
    full.bench.pass(1s);
    full.bench.cut(*worker.peer);
  }
  full.bench.pass(5s);
  CHECK(full.bench.rows() == 0);
  CHECK(full.writer.confirmed() == full.writer.before);
  CHECK(full.writer.peer->last<Confirmed>()->window > 0);
  CHECK(full.writer.peer->last<Confirmed>()->limit.empty());
}

TEST_CASE("acks free a full disk though copies go on") {
  Full full;
  TestWorker worker(full.bench, 0x51, {100, 1U << 20});
  worker.join();
  for (int round = 0; round < 300; ++round) {
    if (round < 200) full.writer.send(1, 0, 1000);
    for (const Sequence sequence : worker.take()) {
      if (sequence <= full.stored) worker.ack(sequence);  // the new ones want the disk
    }
    full.bench.pass(100ms);
  }
  CHECK(full.writer.confirmed() == full.writer.before);
}

TEST_CASE("with workers at hand a little goes on past a full disk") {
  Full full;
  TestWorker worker(full.bench);
  worker.join();
  full.bench.pass(1s);
  CHECK(full.writer.peer->last<Confirmed>()->window >= limits::batch_size_target);
}

TEST_CASE("a grant, a burial and a parking that a full disk refused are made when there is room") {
  Full full;
  TestWorker worker(full.bench, 0x51, {8, 1U << 20});
  worker.join();
  CHECK(worker.take() == from_to(1, 8));
  full.writer.ask_for_grant();
  worker.reject(2);
  worker.nack(3, 3'600'000);
  full.bench.pass(1s);
  CHECK(full.bench.store.snapshot().dead.empty());
  CHECK(full.writer.peer->all<Granted>().size() == 1);
  full.bench.store.set_capacity(2 * capacity);
  full.bench.pass(1s);
  CHECK(full.bench.store.snapshot().dead.size() == 1);
  CHECK(full.bench.store.snapshot().parked.size() == 1);
  CHECK(full.writer.peer->all<Granted>().size() == 2);
  for (const Sequence sequence : {1U, 4U, 5U, 6U, 7U, 8U}) worker.ack(sequence);
  CHECK(worker.take() == from_to(9, 16));
}

TEST_CASE("a consumer of a new stream is admitted when its subscription can be written") {
  Full full;
  TestWorker worker(full.bench);
  worker.stream = "t";
  worker.join();
  CHECK_FALSE(worker.peer->last<Subscribed>());
  full.bench.store.set_capacity(2 * capacity);
  full.bench.pass(1s);
  CHECK(worker.peer->last<Subscribed>());
}

TEST_CASE("a new writer with a closed window is told when it opens, whatever its predecessor left") {
  Full full;
  full.bench.say(*full.writer.peer, CloseWriter{full.writer.handle});
  TestWriter second(full.bench, 0xB);
  second.open();
  full.bench.store.set_capacity(capacity + capacity / 4);  // the grant can be written, and little else
  full.bench.pass(2s);
  second.learn();
  REQUIRE(second.grants.size() == 1);
  TestWorker worker(full.bench, 0x51, {100000, 1U << 30});
  worker.join();
  worker.ack(1, full.writer.before);
  full.bench.pass(2s);
  REQUIRE(second.peer->last<Confirmed>());
  CHECK(second.peer->last<Confirmed>()->window > 0);
}
