#include "tests/core/office_actors.h"

using namespace restante;
using namespace restante::core;

namespace {

constexpr std::int64_t hour_ms = 3'600'000;

/// A worker with room for everything, and three messages in its hands.
struct Parking {
  Parking() {
    writer.open();
    worker.join();
    writer.send(3);
    CHECK(worker.take() == from_to(1, 3));
    bench.commits.clear();
  }
  /// So many more batches of one message, each done at once.
  void send_and_ack(std::size_t batches) {
    for (std::size_t i = 0; i < batches; ++i) {
      const Range range = writer.send(1);
      worker.take();
      worker.ack(range.first);
    }
  }
  [[nodiscard]] std::size_t parked_rows() const { return bench.store.snapshot().parked.size(); }

  OfficeBench bench;
  TestWriter writer{bench};
  TestWorker worker{bench, 0x51, {100000, 1U << 30}};
};

}  // namespace

TEST_CASE("a message that waits long is parked with its batch and its cursor in one commit (B4)") {
  Parking parking;
  parking.worker.ack(1);
  parking.worker.ack(3);
  parking.worker.nack(2, hour_ms);
  REQUIRE(parking.bench.commits.size() == 1);
  const Transaction& commit = parking.bench.commits.front();
  REQUIRE(commit.parked.size() == 1);
  CHECK(commit.parked.front().sequence == 2);
  CHECK(commit.parked.front().attempts == 1);
  CHECK(commit.parked.front().due_ms == parking.bench.wall_ms() + hour_ms);
  CHECK(commit.rows.size() == 1);
  REQUIRE(commit.cursors.size() == 1);
  CHECK(commit.cursors.front().floor == 1);
  CHECK(commit.cursors.front().settled == std::vector<Range>{{2, 3}});
  CHECK(parking.bench.workers().floor == 3);
  CHECK(parking.bench.workers().parked == 1);
  CHECK(parking.bench.workers().backlog_messages == 1);
}

TEST_CASE("a parked message comes again when it is due, and its row goes when it is done") {
  Parking parking;
  parking.worker.ack(1);
  parking.worker.ack(3);
  parking.worker.nack(2, hour_ms);
  parking.bench.pass(1h - 1ms);
  CHECK(parking.worker.take().empty());
  CHECK(parking.bench.rows() == 1);
  parking.bench.pass(1ms);
  CHECK(parking.worker.take() == Sequences{2});
  CHECK(parking.worker.attempts.at(2) == 1);
  CHECK(parking.bench.workers().in_flight == 1);
  parking.worker.ack(2);
  CHECK(parking.bench.workers().in_flight == 0);
  parking.bench.pass(limits::cursor_delay);
  CHECK(parking.parked_rows() == 0);
  CHECK(parking.bench.rows() == 0);
  parking.bench.restart();
  parking.worker.join();
  parking.bench.pass(2h);
  CHECK(parking.worker.take().empty());
}

TEST_CASE("a short wait is kept in memory") {
  Parking parking;
  parking.worker.nack(2, 900);
  CHECK(parking.parked_rows() == 0);
  parking.bench.pass(899ms);
  CHECK(parking.worker.take().empty());
  parking.bench.pass(1ms);
  CHECK(parking.worker.take() == Sequences{2});
}

TEST_CASE("a parked message survives a restart, and waits as long as before") {
  Parking parking;
  parking.worker.ack(1);
  parking.worker.ack(3);
  parking.worker.nack(2, hour_ms);
  parking.bench.pass(30min);
  parking.bench.restart();
  parking.writer.resume(3);
  parking.worker.join();
  parking.bench.pass(30min - 1ms);
  CHECK(parking.worker.take().empty());
  parking.bench.pass(limits::heartbeat_interval);
  CHECK(parking.worker.take() == Sequences{2});
  CHECK(parking.worker.attempts.at(2) == 1);
  SECTION("acked") { parking.worker.ack(2); }
  SECTION("rejected") { parking.worker.reject(2); }
  parking.bench.pass(1s);
  CHECK(parking.parked_rows() == 0);
  CHECK(parking.bench.rows() == 0);
}

TEST_CASE("a wall clock that is set back makes no message wait longer than it was told to (R12)") {
  constexpr std::int64_t ten_years_ms = std::int64_t{10} * 365 * 24 * hour_ms;
  Parking parking;
  parking.worker.ack(1);
  parking.worker.ack(3);
  parking.worker.nack(2, hour_ms);
  parking.bench.pass(1s);
  parking.bench.wall_base_ms -= ten_years_ms;
  SECTION("while the sidecar runs") {}
  SECTION("before a restart") {
    parking.bench.restart();
    parking.writer.resume(3);
    parking.worker.join();
    parking.bench.pass(1h - 1s);
    CHECK(parking.worker.take().empty());
  }
  parking.bench.pass(1h + limits::heartbeat_interval);
  CHECK(parking.worker.take() == Sequences{2});
}

TEST_CASE("a parked message can be settled after its block is done with") {
  Parking parking;
  parking.worker.ack(1);
  parking.worker.ack(3);
  parking.worker.nack(2, hour_ms);
  bool restarted = false;
  SECTION("in one life of the sidecar") {}
  SECTION("in the next one") { restarted = true; }
  for (std::uint64_t handle = 0xB; handle < 0xF; ++handle) {  // each has a block of its own
    TestWriter other(parking.bench, handle);
    parking.bench.say(*parking.writer.peer, CloseWriter{parking.writer.handle});
    parking.bench.pass(limits::silence_max);
    other.open();
    REQUIRE(other.grants.size() == 1);
    const Range range = other.send(1);
    CHECK(parking.worker.take() == Sequences{range.first});
    parking.worker.ack(range.first);
    parking.bench.say(*other.peer, CloseWriter{handle});
    parking.bench.pass(2s);
  }
  if (restarted) {
    parking.bench.restart();
    parking.worker.join();
  }
  parking.bench.pass(1h);
  CHECK(parking.worker.take() == Sequences{2});
  parking.worker.ack(2);
  CHECK(parking.bench.workers().in_flight == 0);
  parking.bench.pass(1s);
  CHECK(parking.parked_rows() == 0);
}

TEST_CASE("a checkpoint tells how many of a session's words are on the disk (X9)") {
  Parking parking;
  parking.worker.nack(2, hour_ms);
  parking.bench.pass(2s);
  CHECK(parking.parked_rows() == 1);
  CHECK(parking.worker.peer->last<Checkpoint>()->heard == 1);
  parking.bench.disk_runs = false;
  parking.worker.ack(2);  // the floor does not tell
  parking.bench.pass(2s);
  CHECK(parking.worker.peer->last<Checkpoint>()->heard == 1);
  parking.bench.disk_runs = true;
  parking.bench.pass(2s);
  CHECK(parking.worker.peer->last<Checkpoint>()->heard == 2);
  parking.worker.settle(
      [](Settle&) {});  // changes nothing, and must be told all the same: who waits for it has no credit
  parking.bench.pass(3s);
  CHECK(parking.worker.peer->last<Checkpoint>()->heard == 3);
}

TEST_CASE("an ack of a parked message that is not in memory ends it (X9)") {
  Parking parking;
  parking.worker.ack(1, 3);
  const std::size_t many = limits::loose_messages_max / 2 + 128;
  Range range = parking.writer.send(many / 4);
  while (range.last < range.first + many - 1) range.last = parking.writer.send(many / 4).last;
  CHECK(parking.worker.take().size() == many);
  for (Sequence sequence = range.first; sequence <= range.last; ++sequence) parking.worker.nack(sequence, hour_ms);
  parking.bench.pass(5s);
  REQUIRE(parking.parked_rows() == many);
  parking.worker.ack(range.first, range.last);
  parking.bench.pass(2s);
  CHECK(parking.parked_rows() == 0);
  CHECK(parking.bench.rows() == 0);
  parking.bench.pass(2h);
  CHECK(parking.worker.take().empty());
}

TEST_CASE("a rejected message that was parked is not on the disk before its record is gone (X9)") {
  Parking parking;
  parking.worker.nack(2, hour_ms);
  parking.bench.pass(2s);
  parking.bench.pass(1h);
  CHECK(parking.worker.take() == Sequences{2});
  parking.worker.reject(2);
  for (int step = 0; step < 400; ++step) {
    parking.bench.pass(10ms);
    const bool is_told = parking.worker.peer->last<Checkpoint>()->heard == 2;
    if (is_told) CHECK(parking.parked_rows() == 0);
    if (is_told) return;
  }
  FAIL("it was never told");
}

TEST_CASE("a message that stands in the way is parked while it is held, and nothing stops (B4)") {
  Parking parking;
  parking.worker.ack(2, 3);
  parking.send_and_ack(limits::tracked_batches_max / 2 - 1);
  CHECK(parking.parked_rows() == 0);
  parking.send_and_ack(2);
  CHECK(parking.parked_rows() == 1);
  CHECK(parking.bench.workers().floor > limits::tracked_batches_max / 2);
  CHECK(parking.bench.workers().in_flight == 1);
  parking.bench.pass(10s);
  CHECK(parking.worker.take().empty());  // it is still held
  SECTION("and its ack counts") {
    parking.worker.ack(1);
    CHECK(parking.bench.workers().in_flight == 0);
  }
  SECTION("and its nack counts") {
    parking.worker.nack(1, 0);
    CHECK(parking.worker.take() == Sequences{1});
    CHECK(parking.worker.attempts.at(1) == 1);
    parking.worker.ack(1);
  }
  SECTION("and it is given back when its session ends") {
    parking.bench.cut(*parking.worker.peer);
    parking.worker.join();
    CHECK(parking.worker.take() == Sequences{1});
    CHECK(parking.worker.attempts.at(1) == 0);
    parking.worker.ack(1);
  }
  SECTION("and it is held again after a cut") {
    const GrantRange held = parking.worker.ids(1, 1);
    parking.bench.cut(*parking.worker.peer);
    parking.worker.credit = {1, 1U << 30};
    parking.worker.join({held});
    CHECK(parking.worker.take().empty());
    CHECK(parking.bench.workers().in_flight == 1);
    parking.worker.ack(1);
  }
  parking.bench.pass(1s);
  CHECK(parking.bench.workers().in_flight == 0);
  CHECK(parking.parked_rows() == 0);
  CHECK(parking.bench.rows() == 0);
}

TEST_CASE("whatever stands in the way is parked, however much it is") {
  Parking parking;
  const std::size_t large = 3 * limits::ranges_max;
  parking.writer.send(large);
  parking.writer.send(large);
  CHECK(parking.worker.take().size() == 2 * large);
  const Sequence last = parking.writer.before;
  parking.send_and_ack(limits::tracked_batches_max / 2 + 1);
  CHECK(parking.bench.workers().floor >= last);
  CHECK(parking.parked_rows() == 3 + 2 * large);
  CHECK(parking.bench.workers().in_flight == 3 + 2 * large);
  parking.worker.ack(1, last);
  parking.bench.pass(5s);
  CHECK(parking.parked_rows() == 0);
  CHECK(parking.bench.workers().in_flight == 0);
}

TEST_CASE("an unreported live copy that stands in the way is still taken as lost in time (B5)") {
  Parking parking;
  parking.worker.ack(1, 3);
  const Range lost = parking.writer.send(1, parking.worker.token);
  parking.send_and_ack(limits::tracked_batches_max / 2 + 10);
  parking.bench.pass(limits::ack_wait + 1s);
  CHECK(parking.worker.take() == Sequences{lost.first});
}

TEST_CASE("a message that is rejected while it is being parked reaches the dead letters") {
  Parking parking;
  parking.bench.disk_runs = false;
  parking.worker.nack(2, hour_ms);
  CHECK(parking.bench.disk_queue() == 1);
  parking.worker.reject(2);
  parking.bench.disk_runs = true;
  parking.bench.perform();
  parking.worker.ack(1);
  parking.worker.ack(3);
  parking.bench.pass(1s);
  CHECK(parking.bench.store.snapshot().dead.size() == 1);
  CHECK(parking.parked_rows() == 0);
  CHECK(parking.bench.rows() == 0);
}

TEST_CASE("a message that is acked while it is being parked does not come again") {
  Parking parking;
  parking.bench.disk_runs = false;
  parking.worker.nack(2, hour_ms);
  parking.worker.ack(2);
  parking.bench.disk_runs = true;
  parking.bench.perform();
  parking.worker.ack(1);
  parking.worker.ack(3);
  parking.bench.pass(1s);
  CHECK(parking.parked_rows() == 0);
  CHECK(parking.bench.rows() == 0);
  parking.bench.restart();
  parking.worker.join();
  parking.bench.pass(2h);
  CHECK(parking.worker.take().empty());
}

TEST_CASE("a parked message whose row is damaged is left out, and said to be") {
  Parking parking;
  parking.worker.ack(1);
  parking.worker.ack(3);
  parking.worker.nack(2, hour_ms);
  REQUIRE(parking.bench.store.damage_row(1, 1));
  parking.bench.notices.clear();
  parking.bench.pass(1h);
  CHECK(parking.worker.take().empty());
  CHECK(parking.bench.notices.size() == 1);
  parking.bench.pass(1s);
  CHECK(parking.parked_rows() == 0);
  CHECK(parking.bench.workers().in_flight == 0);
}

TEST_CASE("the rows of parked messages are read when a worker can take them, and not all at once") {
  Parking parking;
  parking.worker.ack(1, 3);
  constexpr std::size_t many = 200;
  for (std::size_t i = 0; i < many; ++i) parking.writer.send(1, 0, 10000);
  for (const Sequence sequence : parking.worker.take()) parking.worker.nack(sequence, hour_ms);
  CHECK(parking.parked_rows() == many);
  parking.worker.set_credit({0, 0});
  const std::size_t loads = parking.bench.loads;
  parking.bench.pass(2h);
  CHECK(parking.bench.loads - loads < 20);
  CHECK(parking.bench.office->tracked_octets() < 20 * 10100);
  parking.worker.set_credit({4, 1U << 30});
  Sequences all;
  for (Sequences some = parking.worker.take(); !some.empty(); some = parking.worker.take()) {
    CHECK(some.size() <= 4);
    for (const Sequence sequence : some) parking.worker.ack(sequence);
    all.insert(all.end(), some.begin(), some.end());
    parking.bench.pass(1s);
  }
  CHECK(all.size() == many);
}

TEST_CASE("more messages may wait than are kept in memory, and each waits its time") {
  Parking parking;
  parking.worker.ack(1, 3);
  constexpr std::size_t many = limits::loose_messages_max + 1000;
  for (std::size_t sent = 0; sent < many; sent += 8) parking.writer.send(8);
  for (const Sequence sequence : parking.worker.take()) parking.worker.nack(sequence, hour_ms);
  CHECK(parking.worker.take().empty());
  parking.bench.pass(30min);
  CHECK(parking.worker.take().empty());
  CHECK(parking.bench.workers().attempts >= many);
  CHECK(parking.bench.workers().parked >= many);
  std::set<Sequence> all;
  for (int minute = 0; minute < 40; ++minute) {
    parking.bench.pass(1min);
    for (const Sequence sequence : parking.worker.take()) {
      CHECK(all.insert(sequence).second);
      parking.worker.ack(sequence);
    }
  }
  CHECK(all.size() >= many);
  CHECK(parking.bench.workers().parked == 0);
  CHECK(parking.parked_rows() == 0);
}
