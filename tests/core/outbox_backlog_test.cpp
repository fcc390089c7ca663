#include "tests/core/office_actors.h"

using namespace restante;
using namespace restante::core;

namespace {

constexpr std::size_t kib = 1024;

/// A backlog of `batches` of 64 KiB in the store, and nobody there.
struct Backlog {
  explicit Backlog(std::size_t batches) {
    writer.open();
    for (std::size_t i = 0; i < batches; ++i) {
      writer.send(4, 0, 16 * kib);
      peak = std::max(peak, bench.office->tracked_octets());
    }
    bench.pass(1s);
  }
  /// The worker takes and acks until nothing more comes; all that it took.
  Sequences drain(TestWorker& worker) {
    Sequences all;
    for (Sequences some = worker.take(); !some.empty(); some = worker.take()) {
      for (const Sequence sequence : some) worker.ack(sequence);
      all.insert(all.end(), some.begin(), some.end());
      peak = std::max(peak, bench.office->tracked_octets());
    }
    return all;
  }
  OfficeBench bench;
  TestWriter writer{bench};
  std::uint64_t peak = 0;
};

}  // namespace

TEST_CASE("a backlog larger than the window comes whole and in order, and costs no more than the window (C5)") {
  Backlog backlog(400);  // 25 MiB against a window of 8
  CHECK(backlog.writer.confirmed() == 1600);
  CHECK(backlog.bench.rows() == 400);
  TestWorker worker(backlog.bench, 0x51, {64, 4U << 20});
  worker.join();
  CHECK(backlog.drain(worker) == from_to(1, 1600));
  CHECK(backlog.peak <= limits::tracked_octets_max + 80 * kib);
  backlog.bench.pass(1s);
  CHECK(backlog.bench.rows() == 0);
  CHECK(backlog.bench.workers().backlog_messages == 0);
  CHECK(backlog.bench.workers().live);
}

TEST_CASE("a backlog left by an earlier process comes whole after a restart") {
  Backlog backlog(300);
  backlog.bench.restart();
  CHECK(backlog.bench.office->tracked_octets() <= limits::tracked_octets_max + 80 * kib);
  CHECK(backlog.bench.workers().backlog_messages == 1200);
  TestWorker worker(backlog.bench, 0x51, {64, 4U << 20});
  worker.join();
  CHECK(backlog.drain(worker) == from_to(1, 1200));
  backlog.bench.pass(1s);
  CHECK(backlog.bench.rows() == 0);
}

TEST_CASE("while the backlog is read copies go on, none is lost, and the stream is live again at the end") {
  Backlog backlog(200);
  TestWorker worker(backlog.bench, 0x51, {16, 1U << 20});
  worker.endpoint = "tcp://10.0.0.9:1";
  worker.join();
  CHECK_FALSE(backlog.writer.target());  // nothing is lent while there is a backlog
  Sequences all;
  bool stepwise = false;
  SECTION("with a quick disk") {}
  SECTION("with a disk whose answers come late") { stepwise = true; }
  backlog.bench.disk_runs = !stepwise;
  for (int round = 0; round < 2000 && all.size() < 1400; ++round) {
    if (round < 600) backlog.writer.send(1, 0, 10 * kib);
    for (const Sequence sequence : worker.take()) {
      worker.ack(sequence);
      all.push_back(sequence);
    }
    if (stepwise && round % 3 == 0) {
      backlog.bench.disk_step();
      backlog.bench.perform();
    }
    backlog.bench.pass(1ms);
    backlog.peak = std::max(backlog.peak, backlog.bench.office->tracked_octets());
  }
  backlog.bench.disk_runs = true;
  backlog.bench.pass(1s);
  CHECK(all == from_to(1, 1400));
  CHECK(backlog.writer.confirmed() == 1400);
  CHECK(backlog.writer.settled() == 1400);
  CHECK(backlog.bench.workers().live);
  CHECK(backlog.bench.rows() == 0);
  CHECK(backlog.writer.lent() >= 12);
  CHECK(backlog.peak <= limits::tracked_octets_max + limits::writer_window);
}

TEST_CASE("acks of what is still on disk are known when its page comes (B2)") {
  Backlog backlog(200);
  TestWorker worker(backlog.bench, 0x51, {4, 1U << 20});
  worker.join();
  CHECK(worker.take() == from_to(1, 4));
  worker.ack(601, 796);  // from an earlier session
  worker.ack(1, 4);
  Sequences all = backlog.drain(worker);
  Sequences expected = from_to(5, 600);
  for (const Sequence sequence : from_to(797, 800)) expected.push_back(sequence);
  CHECK(all == expected);
  backlog.bench.pass(1s);
  CHECK(backlog.bench.rows() == 0);
}

TEST_CASE("a damaged row is left out and said to be, and what is behind it comes") {
  Backlog backlog(6);
  REQUIRE(backlog.bench.store.damage_row(1, 9));
  backlog.bench.restart();
  TestWorker worker(backlog.bench);
  worker.join();
  Sequences expected = from_to(1, 8);
  for (const Sequence sequence : from_to(13, 24)) expected.push_back(sequence);
  CHECK(backlog.drain(worker) == expected);
  CHECK(backlog.bench.notices.size() == 1);
  CHECK(backlog.bench.counter("rows damaged or missing") == 1);
  backlog.bench.pass(1s);
  CHECK(backlog.bench.rows() == 0);
}

TEST_CASE("pages of nothing but damaged rows do not hold up what is behind them") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  constexpr Sequence bad = 2 * limits::page_rows + 10;
  for (Sequence sequence = 1; sequence <= bad + 3; ++sequence) writer.send(1);
  for (Sequence sequence = 1; sequence <= bad; ++sequence) REQUIRE(bench.store.damage_row(1, sequence));
  bench.restart();
  TestWorker worker(bench);
  worker.join();
  CHECK(worker.take() == from_to(bad + 1, bad + 3));
  CHECK(bench.loads < 20);
  CHECK(bench.counter("rows damaged or missing") == bad);
}

TEST_CASE("a damaged row before one that fills a page alone does not hold it up") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  writer.send(2);
  writer.send(1, 0, limits::payload_size_max);  // its frame is larger than a page
  writer.send(1);
  REQUIRE(bench.store.damage_row(1, 1));
  bench.restart();
  TestWorker worker(bench, 0x51, {10, 8U << 20});
  worker.join();
  CHECK(worker.take() == from_to(3, 4));
}

TEST_CASE("a row that is gone is said to be missing, and what is behind it comes (A27)") {
  Backlog backlog(5);
  REQUIRE(backlog.bench.store.lose_row(1, 9));
  backlog.bench.restart();
  TestWorker worker(backlog.bench);
  worker.join();
  Sequences expected = from_to(1, 8);
  for (const Sequence sequence : from_to(13, 20)) expected.push_back(sequence);
  CHECK(backlog.drain(worker) == expected);
  CHECK(backlog.bench.counter("rows damaged or missing") == 1);
}

namespace {

constexpr std::size_t streams = 40;
constexpr std::uint64_t memory_budget = limits::tracked_octets_all + streams * 66 * kib;  // a batch over is allowed

void fill_streams(OfficeBench& bench) {
  for (std::size_t i = 0; i < streams; ++i) {
    TestWriter writer(bench, 0x100 + i);
    writer.open("s" + std::to_string(i));
    for (int batch = 0; batch < 40; ++batch) writer.send(1, 0, 64 * kib);
  }
  bench.pass(1s);
}

}  // namespace

TEST_CASE("many streams share one budget of memory after a restart (C5)") {
  OfficeBench bench;
  fill_streams(bench);
  bench.restart();
  CHECK(bench.office->tracked_octets() <= memory_budget);
}

TEST_CASE("many streams share one budget of memory while they are filled (C5)") {
  OfficeBench bench;
  fill_streams(bench);
  CHECK(bench.office->tracked_octets() <= memory_budget);
}

TEST_CASE("what left memory when the share shrank comes again, once (C5)") {
  OfficeBench bench;
  fill_streams(bench);
  TestWorker worker(bench, 0x51, {1000, 64U << 20});
  worker.stream = "s0";
  worker.join();
  Sequences all;
  for (int round = 0; round < 200 && all.size() < 40; ++round) {
    for (const Sequence sequence : worker.take()) {
      all.push_back(sequence);
      worker.ack(sequence);
    }
    bench.pass(10ms);
  }
  CHECK(all == from_to(1, 40));
}
