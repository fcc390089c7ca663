#include "tests/core/office_actors.h"

using namespace restante;
using namespace restante::core;

namespace {

/// A writer and a worker with nothing in hand.
struct Pair {
  explicit Pair(const OutboxSettings& settings = {}) : bench(settings) {
    writer.open();
    worker.join();
    bench.pass(2s);  // until nothing is left to write
    bench.commits.clear();
  }
  [[nodiscard]] std::size_t rows_written() const {
    std::size_t rows = 0;
    for (const Transaction& commit : bench.commits) rows += commit.rows.size();
    return rows;
  }
  OfficeBench bench;
  TestWriter writer{bench};
  TestWorker worker{bench};
};

OutboxSettings without_elision() {
  OutboxSettings settings;
  settings.elision = false;
  return settings;
}

}  // namespace

TEST_CASE("a copy is confirmed only when its commit has come back") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  bench.disk_runs = false;
  writer.send(2);
  bench.pass(1s);
  CHECK(writer.confirmed() == 0);
  CHECK(bench.disk_queue() == 1);
  writer.send(1);
  bench.pass(1s);
  CHECK(bench.disk_queue() == 1);  // one transaction under way; the next gathers
  CHECK(bench.disk_step());
  bench.perform();
  CHECK(writer.confirmed() == 2);
  CHECK(bench.disk_step());
  bench.perform();
  CHECK(writer.confirmed() == 3);
}

TEST_CASE("with nobody to take it a copy is written at once") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  bench.disk_runs = false;
  writer.send(1);
  CHECK(bench.disk_queue() == 1);
}

TEST_CASE("what all have settled within the store delay is confirmed and never written") {
  Pair pair;
  for (Sequence sequence = 1; sequence <= 50; ++sequence) {
    pair.writer.send(1);
    CHECK(pair.worker.take() == Sequences{sequence});
    pair.bench.pass(limits::store_delay - 1ms);
    CHECK(pair.writer.confirmed() == sequence - 1);
    pair.worker.ack(sequence);
    CHECK(pair.writer.confirmed() == sequence);
  }
  pair.bench.pass(5s);
  CHECK(pair.rows_written() == 0);
  CHECK(pair.bench.status().streams.at(0).elided == 50);
  CHECK(pair.bench.workers().backlog_messages == 0);
}

TEST_CASE("what is not settled within the store delay is written") {
  Pair pair;
  pair.writer.send(3);
  pair.worker.take();
  pair.worker.ack(1, 2);
  pair.bench.pass(limits::store_delay - 1ms);
  CHECK(pair.rows_written() == 0);
  pair.bench.pass(1ms);
  CHECK(pair.rows_written() == 1);
  CHECK(pair.writer.confirmed() == 3);
}

TEST_CASE("confirms are in order, however early the later ones are settled (W2)") {
  Pair pair;
  pair.writer.send(1);
  pair.writer.send(1);
  pair.writer.send(1);
  pair.worker.take();
  pair.worker.ack(2, 3);
  CHECK(pair.writer.confirmed() == 0);
  pair.bench.pass(limits::store_delay);
  CHECK(pair.writer.confirmed() == 3);
  CHECK(pair.rows_written() == 1);
}

TEST_CASE("a batch that is acked while its row is being written is pruned") {
  Pair pair;
  pair.writer.send(2);
  pair.worker.take();
  pair.bench.disk_runs = false;
  pair.bench.pass(limits::store_delay);
  pair.worker.ack(1, 2);
  pair.bench.disk_runs = true;
  pair.bench.perform();
  CHECK(pair.writer.confirmed() == 2);
  pair.bench.pass(1s);
  CHECK(pair.bench.rows() == 0);
  CHECK(pair.bench.status().streams.at(0).rows == 0);
}

TEST_CASE("without elision everything is written, settled or not") {
  Pair pair(without_elision());
  pair.bench.disk_runs = false;
  pair.writer.send(1);
  CHECK(pair.worker.take() == Sequences{1});
  pair.worker.ack(1);
  CHECK(pair.writer.confirmed() == 0);
  pair.bench.disk_runs = true;
  pair.bench.perform();
  CHECK(pair.rows_written() == 1);
  CHECK(pair.writer.confirmed() == 1);
  pair.bench.pass(1s);
  CHECK(pair.bench.rows() == 0);
  CHECK(pair.bench.status().streams.at(0).rows == 0);
}

TEST_CASE("a skip is confirmed without a row and holds nothing back (W5)") {
  Pair pair;
  BatchBuilder builder("s", "");
  BatchHeader header;
  header.grant = pair.writer.grants.back().grant;
  header.first = 1;
  header.last = 5;
  header.skip = true;
  SECTION("alone") {}
  SECTION("without elision") {}
  pair.bench.copy(*pair.writer.peer, builder.seal(header));
  CHECK(pair.writer.confirmed() == 5);
  pair.writer.next = 6;
  pair.writer.before = 5;
  pair.writer.send(1);
  CHECK(pair.worker.take() == Sequences{6});
  pair.worker.ack(6);
  CHECK(pair.writer.settled() == 6);
}

TEST_CASE("settled_to trails what is confirmed, and tells when the last is done") {
  Pair pair;
  pair.writer.send(3);
  pair.worker.take();
  pair.bench.pass(1s);
  CHECK(pair.writer.confirmed() == 3);
  CHECK(pair.writer.settled() == 0);
  pair.worker.ack(1);
  CHECK(pair.writer.settled() == 1);
  pair.worker.ack(3);
  CHECK(pair.writer.settled() == 1);
  pair.worker.ack(2);
  CHECK(pair.writer.settled() == 3);
}

TEST_CASE("rows go, and the cursor that allows it is written, in one commit (B6)") {
  Pair pair;
  pair.writer.send(2);
  pair.worker.take();
  pair.bench.pass(1s);
  CHECK(pair.bench.rows() == 1);
  pair.bench.commits.clear();
  pair.worker.ack(1, 2);
  CHECK(pair.bench.commits.empty());  // acks are written lazily
  pair.bench.pass(limits::cursor_delay);
  CHECK(pair.bench.rows() == 0);
  REQUIRE(pair.bench.commits.size() == 1);
  REQUIRE(pair.bench.commits.front().prunes.size() == 1);
  REQUIRE(pair.bench.commits.front().cursors.size() == 1);
  CHECK(pair.bench.commits.front().prunes.front().to <= pair.bench.commits.front().cursors.front().floor);
}

TEST_CASE("an ack of a part of a stored batch is written within the cursor delay") {
  Pair pair;
  pair.writer.send(4);
  pair.worker.take();
  pair.bench.pass(1s);
  pair.worker.ack(2, 3);  // the floor does not move
  pair.bench.pass(limits::cursor_delay);
  pair.bench.restart();
  pair.worker.join();
  pair.bench.pass(1s);
  CHECK(pair.worker.take() == Sequences{1, 4});
}

TEST_CASE("a row names the row before it, whatever was elided between them (A27)") {
  Pair pair;
  pair.writer.send(1);
  pair.worker.take();
  pair.bench.pass(1s);
  pair.writer.send(1);
  pair.worker.take();
  pair.worker.ack(2);
  pair.writer.send(1);
  pair.worker.take();
  pair.bench.pass(1s);
  const auto contents = pair.bench.store.snapshot();
  const auto& rows = contents.streams.begin()->second.rows;
  REQUIRE(rows.size() == 2);
  CHECK(rows.at(3).stored_prev == 1);
}

TEST_CASE("the highest marker of what is confirmed is known to the next writer") {
  Pair pair;
  BatchBuilder builder("s", "");
  builder.append("x");
  BatchHeader header;
  header.grant = pair.writer.grants.back().grant;
  header.first = header.last = 1;
  header.marker = 77;
  pair.bench.copy(*pair.writer.peer, builder.seal(header));
  pair.bench.pass(5s);
  pair.bench.restart();
  pair.bench.dead_pids.insert(100);
  TestWriter other(pair.bench, 0xB, 101);
  other.open();
  REQUIRE(other.peer->last<Granted>());
  CHECK(other.peer->last<Granted>()->last_marker == 77);
}
