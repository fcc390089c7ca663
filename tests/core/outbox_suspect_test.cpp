#include "tests/core/office_actors.h"

using namespace restante;
using namespace restante::core;

namespace {

OutboxSettings with_attempts(std::uint32_t attempts_max) {
  OutboxSettings settings;
  settings.retry.attempts_max = attempts_max;
  return settings;
}

/// A crash-looping consumer: it takes what comes, and its process dies.
void die_with_it(OfficeBench& bench, TestWorker& worker) {
  worker.join();
  worker.take();
  bench.cut(*worker.peer);
}

}  // namespace

TEST_CASE("a message that is rejected becomes a dead letter with its reason, in one commit with the cursor") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  TestWorker worker(bench);
  worker.join();
  writer.topic = "a/b";
  writer.send(3);
  CHECK(worker.take() == from_to(1, 3));
  bench.commits.clear();
  worker.reject(2);
  REQUIRE(bench.commits.size() == 1);
  REQUIRE(bench.commits.front().dead.size() == 1);
  const DeadRecord& dead = bench.commits.front().dead.front();
  CHECK(dead.sequence == 2);
  CHECK(dead.payload == "2");
  CHECK(dead.topic == "a/b");
  CHECK(dead.reason == "rejected: broken");
  CHECK(dead.grant == writer.grants.front().grant);
  REQUIRE(bench.commits.front().cursors.size() == 1);
  CHECK(bench.commits.front().cursors.front().settled == std::vector<Range>{{2, 2}});
  CHECK(bench.workers().dead == 1);
  CHECK(bench.workers().in_flight == 2);
  bench.pass(1s);
  bench.restart();
  worker.join();
  CHECK(worker.take() == Sequences{1, 3});
}

TEST_CASE("a message is buried after its last attempt, whoever nacked it") {
  OfficeBench bench(with_attempts(3));
  TestWriter writer(bench);
  writer.open();
  TestWorker worker(bench);
  worker.join();
  writer.send(1);
  for (std::uint32_t attempt = 0; attempt < 3; ++attempt) {
    REQUIRE(worker.take() == Sequences{1});
    CHECK(worker.attempts.at(1) == attempt);
    worker.nack(1, 10, attempt == 1);
    bench.pass(10ms);
  }
  CHECK(worker.take().empty());
  const auto dead = bench.store.snapshot().dead;
  REQUIRE(dead.size() == 1);
  CHECK(dead.begin()->second.attempts == 3);
  CHECK(dead.begin()->second.reason == "nack");
  CHECK(writer.confirmed() == 1);
  CHECK(writer.settled() == 1);
  CHECK(bench.workers().in_flight == 0);
}

TEST_CASE("an ended lease is an attempt, and its reason is kept") {
  OfficeBench bench(with_attempts(1));
  TestWriter writer(bench);
  writer.open();
  TestWorker worker(bench);
  worker.join();
  writer.send(1);
  worker.take();
  worker.nack(1, -1, true);
  const auto dead = bench.store.snapshot().dead;
  REQUIRE(dead.size() == 1);
  CHECK(dead.begin()->second.reason == "the lease ended");
}

TEST_CASE("no bound on attempts means that nothing is buried") {
  OfficeBench bench(with_attempts(0));
  TestWriter writer(bench);
  writer.open();
  TestWorker worker(bench);
  worker.join();
  writer.send(1);
  for (int attempt = 0; attempt < 50; ++attempt) {
    REQUIRE(worker.take() == Sequences{1});
    worker.nack(1, 0);
  }
  CHECK(bench.store.snapshot().dead.empty());
}

TEST_CASE("attempts are counted over a restart of the sidecar") {
  OfficeBench bench(with_attempts(4));
  TestWriter writer(bench);
  writer.open();
  TestWorker worker(bench);
  worker.join();
  writer.send(1);
  for (std::uint32_t attempt = 0; attempt < 4; ++attempt) {
    REQUIRE(worker.take() == Sequences{1});
    CHECK(worker.attempts.at(1) == attempt);
    worker.nack(1, 60'000);
    bench.pass(1s);
    bench.restart();
    worker.join();
    bench.pass(1min);
  }
  CHECK(worker.take().empty());
  CHECK(bench.store.snapshot().dead.size() == 1);
}

TEST_CASE("a nack of a session that does not hold the message is no attempt") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  TestWorker worker(bench);
  worker.join();
  writer.send(1);
  CHECK(worker.take() == Sequences{1});
  TestWorker other(bench, 0x52);
  other.join();
  other.nack(1, 0);
  CHECK(bench.workers().attempts == 0);
  CHECK(bench.workers().in_flight == 1);
  worker.nack(1, 0);
  worker.take();
  other.take();
  CHECK(bench.workers().attempts == 1);
}

TEST_CASE("what was in hand when its sessions died comes alone, and then a death is an attempt") {
  OfficeBench bench(with_attempts(2));
  TestWriter writer(bench);
  writer.open();
  writer.send(3);
  TestWorker worker(bench);
  for (std::uint32_t death = 0; death < limits::suspect_deaths; ++death) die_with_it(bench, worker);
  CHECK(bench.workers().attempts == 0);
  worker.join();
  CHECK(worker.take() == Sequences{1});  // nothing else with it
  bench.pass(1s);
  CHECK(worker.take().empty());
  worker.ack(1);
  CHECK(worker.take() == Sequences{2});
  bench.cut(*worker.peer);
  CHECK(bench.workers().attempts == 1);
  worker.join();
  const Sequences next = worker.take();
  REQUIRE(next.size() == 1);
  CHECK(worker.attempts.at(2) == (next.front() == 2 ? 1 : 0));
  bench.cut(*worker.peer);
  for (int more = 0; more < 4; ++more) die_with_it(bench, worker);
  CHECK(bench.store.snapshot().dead.size() == 2);
  CHECK(bench.workers().in_flight == 0);
}

TEST_CASE("an outage of the consumer buries nothing: a session that says goodbye is no death") {
  OfficeBench bench(with_attempts(1));
  TestWriter writer(bench);
  writer.open();
  writer.send(2);
  TestWorker worker(bench);
  for (int i = 0; i < 10; ++i) {
    worker.join();
    CHECK(worker.take() == Sequences{1, 2});
    bench.say(*worker.peer, Bye{});
  }
  CHECK(bench.store.snapshot().dead.empty());
}

TEST_CASE("a consumer that comes back with what it held has lost nothing by the cuts") {
  OfficeBench bench(with_attempts(1));
  TestWriter writer(bench);
  writer.open();
  writer.send(5);
  TestWorker worker(bench);
  worker.join();
  CHECK(worker.take() == from_to(1, 5));
  worker.nack(4, 0);  // it has a history of its own now
  const bool buried = bench.store.snapshot().dead.size() == 1;
  CHECK(buried);
  const std::vector<GrantRange> held{worker.ids(1, 1), worker.ids(3, 3), worker.ids(5, 5)};
  for (int i = 0; i < 10; ++i) {
    bench.cut(*worker.peer);
    worker.join(held);
  }
  worker.take();
  CHECK(bench.workers().in_flight == 4);
  CHECK(bench.counter("suspects handed out alone") == 0);
  CHECK(bench.store.snapshot().dead.size() == 1);
}

TEST_CASE("the deaths of others are not forgiven by one cut, however many parts of the batch were held") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  writer.send(6);
  TestWorker dying(bench);
  die_with_it(bench, dying);
  die_with_it(bench, dying);
  TestWorker careful(bench, 0x52);
  careful.join();
  CHECK(careful.take() == from_to(1, 6));
  const std::vector<GrantRange> parts{careful.ids(1, 1), careful.ids(3, 3), careful.ids(5, 5)};
  bench.cut(*careful.peer);
  careful.join(parts);
  careful.take();
  bench.cut(*careful.peer);  // the third death
  dying.join();
  CHECK(dying.take().size() == 1);
}

TEST_CASE("a suspect does not wait for ever beside a busy stream, nor stops it") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  writer.send(1);
  TestWorker dying(bench);
  for (std::uint32_t death = 0; death < limits::suspect_deaths; ++death) die_with_it(bench, dying);
  TestWorker first(bench, 0x61, {4, 1U << 20});
  TestWorker second(bench, 0x62, {4, 1U << 20});
  writer.send(20);
  first.join();
  REQUIRE(first.take() == Sequences{1});
  bench.cut(*first.peer);
  CHECK(bench.workers().attempts == 1);
  first.join();
  second.join();
  std::set<Sequence> done;
  for (int round = 0; round < 200 && done.size() < 60; ++round) {
    if (round < 39) writer.send(1);
    for (TestWorker* worker : {&first, &second}) {
      const Sequences taken = worker->take();
      for (const Sequence sequence : taken) {
        if (sequence == 1) CHECK(taken.size() == 1);
        worker->ack(sequence);
        done.insert(sequence);
      }
    }
    bench.pass(10ms);
  }
  CHECK(done.size() == 60);
}
