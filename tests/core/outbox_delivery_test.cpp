#include "tests/core/office_actors.h"

using namespace restante;
using namespace restante::core;

namespace {

/// A writer, and a worker that the writer can reach.
struct Live {
  explicit Live(const Credit& credit = {32, 1U << 20}) : worker(bench, 0x51, credit) {
    worker.endpoint = "tcp://10.0.0.9:1";
    writer.open();
    worker.join();
  }
  OfficeBench bench;
  TestWriter writer{bench};
  TestWorker worker;
};

}  // namespace

TEST_CASE("work sent before any worker exists is kept for the first one") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  writer.send(3);
  bench.pass(1s);
  CHECK(writer.confirmed() == 3);
  TestWorker worker(bench);
  worker.join();
  CHECK(worker.take() == Sequences{1, 2, 3});
}

TEST_CASE("a session that is admitted when there is nothing left to commit gets its work at once") {
  OfficeBench bench;
  TestWriter writer(bench);
  TestWorker worker(bench);
  worker.endpoint = "tcp://10.0.0.9:1";
  bench.disk_runs = false;
  writer.open();  // the stream and its subscription are on their way to the disk
  worker.join();  // and the worker has to wait for them
  bench.disk_runs = true;
  bench.perform();
  CHECK(worker.peer->last<Subscribed>());
  REQUIRE(writer.target());
  CHECK(writer.lent() > 0);
}

TEST_CASE("a redelivery is cut by the worker's credit, and the rest follows what it settles") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  writer.send(10);
  TestWorker worker(bench, 0x51, {4, 1U << 20});
  worker.join();
  CHECK(worker.take() == Sequences{1, 2, 3, 4});
  worker.ack(2);
  CHECK(worker.take() == Sequences{5});
  worker.ack(1);
  worker.ack(3, 5);
  CHECK(worker.take() == Sequences{6, 7, 8, 9});
  worker.set_credit({0, 0});
  worker.ack(6, 9);
  CHECK(worker.take().empty());
  worker.set_credit({4, 1U << 20});
  CHECK(worker.take() == Sequences{10});
}

TEST_CASE("a message larger than all of the credit goes to a worker with nothing in hand") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  writer.send(1, 0, 5000);
  writer.send(1, 0, 5000);
  TestWorker worker(bench, 0x51, {10, 1000});
  worker.join();
  CHECK(worker.take() == Sequences{1});
  worker.ack(1);
  CHECK(worker.take() == Sequences{2});
}

TEST_CASE("what is owed goes to the worker with the most free credit") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  TestWorker small(bench, 0x51, {2, 1U << 20});
  TestWorker large(bench, 0x52, {8, 1U << 20});
  small.join();
  large.join();
  for (int i = 0; i < 6; ++i) writer.send(1);
  CHECK(large.take() == Sequences{1, 2, 3, 4, 5, 6});
  writer.send(1);
  writer.send(1);
  writer.send(1);
  writer.send(1);
  CHECK(large.take().size() + small.take().size() == 4);
  writer.send(1);
  CHECK(large.take().empty());
  CHECK(small.take().empty());
  CHECK(bench.workers().in_flight == 10);
}

TEST_CASE("the whole credit of an idle worker is lent to the writer") {
  Live live;
  const auto target = live.writer.target();
  REQUIRE(target);
  CHECK(target->token == live.worker.token);
  CHECK(target->endpoint == "tcp://10.0.0.9:1");
  CHECK(target->limit_messages == 32);
}

TEST_CASE("a live copy is not redelivered to the worker that has it") {
  Live live;
  live.writer.send(3, live.worker.token);
  live.worker.report(1, 3);
  live.bench.pass(5s);
  CHECK(live.worker.take().empty());
  live.worker.ack(1, 3);
  live.bench.pass(1s);
  CHECK(live.writer.settled() == 3);
  CHECK(live.writer.confirmed() == 3);
}

TEST_CASE("an unreported live copy is taken as lost, and given out again (B5)") {
  Live live;
  live.writer.send(3, live.worker.token);
  live.worker.report(2, 2);
  live.bench.pass(limits::ack_wait - 1ms);
  CHECK(live.worker.take().empty());
  live.bench.pass(2ms);
  CHECK(live.worker.take() == Sequences{1, 3});
  CHECK(live.worker.attempts.at(1) == 0);  // a lost copy is no attempt
  CHECK(live.bench.counter("live copies taken as lost") == 2);
}

TEST_CASE("live copies use up what was lent, and acks bring it back") {
  Live live;
  live.writer.send(32, live.worker.token);
  CHECK(live.writer.lent(32) == 0);
  live.worker.ack(1, 16);
  CHECK(live.writer.lent(32) == 16);
  live.worker.ack(17, 32);
  CHECK(live.writer.lent(32) == 32);
}

TEST_CASE("a quarter of the credit stays for redelivery while something is owed (G2)") {
  Live live({8, 1U << 20});
  TestWorker other(live.bench, 0x52, {4, 1U << 20});
  live.writer.send(8, live.worker.token);
  live.worker.report(1, 8);
  other.join();
  live.writer.send(6);  // to nobody: four go to the other worker, two are owed
  CHECK(other.take() == from_to(9, 12));
  live.worker.ack(1, 8);
  CHECK(live.worker.take() == from_to(13, 14));
  CHECK(live.writer.lent(8) == 6);
}

TEST_CASE("what cannot be sent yet keeps a quarter of the free credit from being lent (G2)") {
  Live live({8, 1000});
  live.writer.send(1, live.worker.token);
  live.worker.report(1, 1);
  live.writer.send(1, 0, 2000);  // to nobody, and too large beside what is in hand
  CHECK(live.worker.take().empty());
  CHECK(live.writer.lent(1) == 3);  // of 7
}

TEST_CASE("credit that was lent does not keep a redelivery waiting (G2)") {
  Live live;
  CHECK(live.writer.lent() == 32);
  TestWorker other(live.bench, 0x52);
  other.join();
  live.writer.send(1);
  CHECK(live.worker.take().empty());
  CHECK(other.take() == Sequences{1});
  live.bench.cut(*other.peer);  // what it held is owed, and the writer says nothing more
  live.bench.pass(1s);
  CHECK(live.worker.take() == Sequences{1});
}

TEST_CASE("credit that was lent to a writer comes back when the writer is gone") {
  Live live;
  TestWorker other(live.bench, 0x52);
  other.join();
  live.writer.send(1);
  CHECK(other.take() == Sequences{1});
  SECTION("by a cut") { live.bench.cut(*live.writer.peer); }
  SECTION("by its end") { live.bench.say(*live.writer.peer, CloseWriter{live.writer.handle}); }
  live.bench.cut(*other.peer);
  live.bench.pass(1s);
  CHECK(live.worker.take() == Sequences{1});
}

TEST_CASE("a worker that releases gives back without an attempt") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  writer.send(4);
  TestWorker worker(bench, 0x51, {4, 1U << 20});
  worker.join();
  CHECK(worker.take() == from_to(1, 4));
  worker.credit = {0, 0};
  worker.release(2, 4);
  TestWorker other(bench, 0x52);
  other.join();
  CHECK(other.take() == from_to(2, 4));
  CHECK(other.attempts.at(3) == 0);
}

TEST_CASE("a session that leaves gives back what it held at once") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  TestWorker worker(bench);
  worker.join();
  writer.send(3);
  CHECK(worker.take() == from_to(1, 3));
  worker.ack(2);
  TestWorker other(bench, 0x52);
  other.join();
  SECTION("in good order") { bench.say(*worker.peer, Unsubscribe{worker.token}); }
  SECTION("with its link") { bench.say(*worker.peer, Bye{}); }
  SECTION("by a cut") { bench.cut(*worker.peer); }
  CHECK(other.take() == Sequences{1, 3});
  CHECK(other.attempts.at(1) == 0);
}

TEST_CASE("the writer is told when a live target is gone") {
  Live live;
  live.bench.cut(*live.worker.peer);
  REQUIRE(live.writer.target());
  CHECK(live.writer.target()->gone);
}

TEST_CASE("a consumer on a new link has again what it held, and nobody else gets it") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  TestWorker worker(bench);
  worker.join();
  writer.send(3);
  CHECK(worker.take() == from_to(1, 3));
  const GrantRange held = worker.ids(1, 3);
  const Token old = worker.token;
  worker.join({held});  // the old link is not known to be dead yet
  CHECK(worker.token != old);
  bench.pass(1s);
  CHECK(worker.take().empty());
  CHECK(bench.workers().in_flight == 3);
  CHECK(bench.workers().sessions == 1);
  worker.ack(1, 3);
  CHECK(bench.workers().in_flight == 0);
}
