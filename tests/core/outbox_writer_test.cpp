#include "tests/core/office_actors.h"

using namespace restante;
using namespace restante::core;

TEST_CASE("a grant is told only when it is on disk (W3)") {
  OfficeBench bench;
  bench.disk_runs = false;
  TestWriter writer(bench);
  writer.open();
  CHECK(writer.peer->all<Granted>().empty());
  CHECK(bench.disk_step());
  bench.perform();
  const auto granted = writer.peer->last<Granted>();
  REQUIRE(granted);
  CHECK(granted->first);
  CHECK(granted->grant.range == Range{1, limits::grant_messages});
  CHECK(granted->grant.grant != 0);
  CHECK(granted->window > 0);
}

TEST_CASE("a second writer is refused with the name of the first") {
  OfficeBench bench;
  TestWriter first(bench, 0xA, 100);
  first.open();
  TestWriter second(bench, 0xB, 101);
  second.open();
  CHECK(second.grants.empty());
  const auto refused = second.peer->last<Refused>();
  REQUIRE(refused);
  CHECK(refused->id == 0xB);
  CHECK(refused->code == ErrorCode::held_elsewhere);
  CHECK(refused->text.find("app (pid 100)") != std::string::npos);
  first.send(1);
  CHECK(bench.status().streams.at(0).head == 1);
}

TEST_CASE("a writer that is known to be dead is replaced at once") {
  OfficeBench bench;
  TestWriter first(bench, 0xA, 100);
  first.open();
  bench.dead_pids.insert(100);
  TestWriter second(bench, 0xB, 101);
  second.open();
  CHECK(second.grants.size() == 1);
  REQUIRE(first.peer->last<Fenced>());
  CHECK(first.peer->last<Fenced>()->handle == 0xA);
}

TEST_CASE("a writer that closed its handle is replaced at once") {
  OfficeBench bench;
  TestWriter first(bench, 0xA);
  first.open();
  bench.say(*first.peer, CloseWriter{0xA});
  TestWriter second(bench, 0xB);
  second.open();
  CHECK(second.grants.size() == 1);
}

TEST_CASE("a writer that is away keeps its seat for as long as a link may be silent") {
  OfficeBench bench;
  TestWriter first(bench, 0xA);
  first.open();
  bench.cut(*first.peer);
  TestWriter second(bench, 0xB);
  bench.pass(limits::silence_max - 1ms);
  second.open();
  CHECK(second.grants.empty());
  SECTION("and has it again") {
    first.resume(0);
    CHECK(first.peer->last<Attached>());
    bench.pass(10s);
    second.open();
    CHECK(second.grants.empty());
  }
  SECTION("and is fenced for good when another came (W3)") {
    bench.pass(1ms);
    second.open();
    CHECK(second.grants.size() == 1);
    first.resume(0);
    CHECK_FALSE(first.peer->last<Attached>());
    REQUIRE(first.peer->last<Fenced>());
    first.send(1);
    CHECK(bench.status().streams.at(0).copied == 0);
  }
}

TEST_CASE("a new handle begins above all that was granted, and settled holes do not hold the floor") {
  OfficeBench bench;
  TestWriter first(bench, 0xA);
  first.open();
  TestWorker worker(bench);
  worker.join();
  first.send(2);
  CHECK(worker.take() == Sequences{1, 2});
  worker.ack(1, 2);
  bench.say(*first.peer, CloseWriter{0xA});
  TestWriter second(bench, 0xB);
  second.open();
  const Sequence begin = limits::grant_messages + 1;
  CHECK(second.next == begin);
  CHECK(bench.workers().floor == begin - 1);
  second.send(1);
  CHECK(worker.take() == Sequences{begin});
  worker.ack(begin);
  CHECK(second.confirmed() == begin);
  CHECK(second.settled() == begin);
}

TEST_CASE("a copy that was taken before is confirmed again and not taken twice") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  writer.send(2);
  bench.pass(1s);
  CHECK(writer.confirmed() == 2);
  const std::size_t told = writer.peer->all<Confirmed>().size();
  writer.send_again(0);
  CHECK(writer.peer->all<Confirmed>().size() == told + 1);
  CHECK(writer.confirmed() == 2);
  CHECK(bench.status().streams.at(0).copied == 2);
}

TEST_CASE("a writer on a new link goes on where its chain stands (W1)") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  TestWorker worker(bench);
  worker.join();
  writer.send(2);
  CHECK(worker.take() == Sequences{1, 2});
  bench.cut(*writer.peer);
  writer.seal(1);  // while it was away
  writer.resume(0);
  REQUIRE(writer.peer->last<Attached>());
  writer.send_again(0);
  CHECK(worker.take() == Sequences{3});
  CHECK(bench.status().streams.at(0).copied == 3);
  CHECK(bench.counter("copies out of order or of another link") == 0);
}

TEST_CASE("what the writer knows to be confirmed raises its chain, never above what it was granted") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  writer.send(3);
  bench.pass(1s);
  bench.restart();
  SECTION("after a restart that forgot the chain") {
    writer.resume(3);
    writer.send(1);
    CHECK(bench.status().streams.at(0).head == 4);
    CHECK(writer.peer->all<Resend>().empty());
  }
  SECTION("a lie costs only the liar's own block") {
    writer.resume(limits::sequence_max);
    CHECK(bench.status().streams.at(0).head == limits::grant_messages);
  }
}

TEST_CASE("a copy outside of the writer's grants is not taken") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  writer.grants.back().grant ^= 1;
  writer.send(1);
  CHECK(bench.status().streams.at(0).head == 0);
  CHECK(bench.counter("copies out of order or of another link") == 1);
}

TEST_CASE("a writer of another store is fenced") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  writer.send(3);
  bench.pass(1s);
  bench.restart();
  SECTION("a store that knows the handle by another grant") { writer.grants.back().grant ^= 1; }
  SECTION("a store that does not know the handle") { bench.store.restore(StoreContents{}); }
  SECTION("no grant at all") { writer.grants.clear(); }
  bench.restart();
  writer.resume(0);
  CHECK(writer.peer->last<Fenced>());
  CHECK_FALSE(writer.peer->last<Attached>());
}

TEST_CASE("a handle that is being admitted does not get in with the block of another, whose writer is fenced") {
  OfficeBench bench;
  TestWriter first(bench, 0xA, 100);
  first.open();
  bench.dead_pids.insert(100);
  bench.disk_runs = false;
  TestWriter second(bench, 0xB, 101);
  second.open();
  TestWriter again(bench, 0xB, 101);  // its grant is being written
  again.open();
  again.grants = first.grants;
  again.resume(0);
  CHECK(again.peer->all<Attached>().empty());
  bench.disk_runs = true;
  bench.perform();
  REQUIRE(first.peer->last<Fenced>());
  CHECK(first.peer->last<Fenced>()->handle == 0xA);
}

TEST_CASE("the next block is granted on request, and its grant is announced before its use") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  TestWorker worker(bench);
  worker.join();
  bench.disk_runs = false;
  writer.ask_for_grant();
  writer.ask_for_grant();  // one at a time
  CHECK(writer.peer->all<Granted>().size() == 1);
  CHECK(bench.disk_step());
  bench.perform();
  CHECK(writer.peer->all<Granted>().size() == 2);
  const auto grants = worker.peer->last<Grants>();
  REQUIRE(grants);
  REQUIRE(grants->grants.size() == 2);
  CHECK(grants->grants.back().range.first == limits::grant_messages + 1);
}

TEST_CASE("a block asked for on a link that was cut is told on the new one") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  bench.disk_runs = false;
  writer.ask_for_grant();
  bench.cut(*writer.peer);
  writer.resume(0);
  writer.ask_for_grant();
  bench.disk_runs = true;
  bench.perform();
  CHECK(writer.peer->all<Granted>().size() == 1);
}

TEST_CASE("a writer that goes while its first grant is written blocks nobody") {
  OfficeBench bench;
  bench.disk_runs = false;
  TestWriter first(bench, 0xA);
  first.open();
  Duration wait{};
  SECTION("closed") { bench.say(*first.peer, CloseWriter{0xA}); }
  SECTION("cut") {
    bench.cut(*first.peer);
    wait = limits::silence_max;
  }
  bench.disk_runs = true;
  bench.perform();
  bench.pass(wait);
  TestWriter second(bench, 0xB);
  second.open();
  CHECK(second.grants.size() == 1);
}

TEST_CASE("a writer whose first grant was lost with its link asks again") {
  OfficeBench bench;
  TestWriter writer(bench);
  bench.disk_runs = false;
  writer.open();
  bench.cut(*writer.peer);
  bench.disk_runs = true;
  bench.perform();
  writer.open();
  REQUIRE(writer.grants.size() == 1);
  writer.send(1);
  bench.pass(1s);
  CHECK(writer.confirmed() == writer.grants.back().range.first);
}

TEST_CASE("a writer whose last confirms were lost in a cut is not fenced for a block that is done with") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  TestWorker worker(bench);
  worker.join();
  writer.send(1);
  writer.ask_for_grant();
  const std::vector<Grant> both{writer.grants.front(), writer.peer->last<Granted>()->grant};
  writer.learn();
  writer.send(1);
  CHECK(worker.take().size() == 2);
  worker.ack(1);
  worker.ack(writer.before);
  bench.pass(5s);
  bench.cut(*writer.peer);
  SECTION("with the sidecar up") {}
  SECTION("with the sidecar restarted") { bench.restart(); }
  REQUIRE(writer.grants == both);
  writer.resume(0);  // as if it had not heard a word
  CHECK_FALSE(writer.peer->last<Fenced>());
  writer.send_again(0);
  bench.pass(1s);
  CHECK(writer.confirmed() == writer.before);
}

TEST_CASE("the line of a fenced writer is confirmed to nobody, and that of its successor is not held up by it") {
  OfficeBench bench;
  TestWriter first(bench, 0xA);
  first.open();
  bench.disk_runs = false;
  first.send(2);
  bench.say(*first.peer, CloseWriter{0xA});
  TestWriter second(bench, 0xB);
  second.open();
  CHECK(first.confirmed() == 0);
  bench.disk_runs = true;
  bench.perform();
  second.learn();
  CHECK(second.confirmed() == limits::grant_messages);
  second.send(1);
  bench.pass(1s);
  CHECK(second.confirmed() == limits::grant_messages + 1);
  CHECK(bench.workers().backlog_messages == 3);
}

TEST_CASE("a stream of short-lived writers without a consumer is bounded") {
  OfficeBench bench;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < limits::grants_max + 8; ++i) {
    TestWriter writer(bench, 0x1000 + i);
    writer.open();
    if (writer.grants.empty()) {
      ++refused;
      CHECK(writer.peer->last<Refused>()->code == ErrorCode::retry_later);
    } else {
      writer.send(1);
      bench.say(*writer.peer, CloseWriter{0x1000 + i});
    }
    bench.say(*writer.peer, Bye{});
  }
  CHECK(refused > 0);
  TestWorker worker(bench, 0x51, {10000, 1U << 30});
  worker.join();  // its Subscribed lists all of the blocks
  CHECK(worker.token != 0);
  bench.pass(1s);
  CHECK(worker.take().size() == limits::grants_max + 8 - refused);
}

TEST_CASE("at the end of its numbers a stream grants nothing more, and says so (R13)") {
  OfficeBench bench;
  Transaction old;
  old.number = 1;
  const Sequence last_block = limits::sequence_max - limits::grant_messages;
  old.streams.push_back(StreamRecord{.id = 1, .name = "s", .next = last_block});
  bench.store.commit(old);
  bench.restart();
  TestWriter writer(bench);
  writer.open();
  REQUIRE(writer.grants.size() == 1);
  CHECK(writer.grants.front().range == Range{last_block, limits::sequence_max - 1});
  const Range sent = writer.send(3);
  bench.pass(1s);
  CHECK(bench.status().streams.at(0).confirmed_to == sent.last);
  writer.ask_for_grant();
  const auto refused = writer.peer->last<Refused>();
  REQUIRE(refused);
  CHECK(refused->code == ErrorCode::retry_later);
  CHECK(refused->text.find("write to a stream of another name") != std::string::npos);
  bench.say(*writer.peer, CloseWriter{writer.handle});
  TestWriter next(bench, 0xB);
  next.open();
  CHECK(next.grants.empty());
  CHECK(next.peer->last<Refused>());
}
