/// \file
/// An exclusive subscription at the sidecar: live or catching up, claims, checkpoints (PROTOCOL T1, T4, X4, X7).

#include <catch2/catch.hpp>

#include "core/inbox.h"
#include "tests/core/test_reader.h"

using namespace restante;
using namespace restante::core;
using namespace std::chrono_literals;

TEST_CASE("a backlog comes in order, each batch covers all below it, and a checkpoint ends it (T1, X4)") {
  OfficeBench bench;
  TestReader reader(bench);
  TestWriter writer(bench);
  writer.open();
  reader.start = "beginning";
  writer.send(2);
  writer.send(3);
  bench.pass(1s);
  reader.join();
  CHECK(reader.floor == 0);
  const auto heard = reader.hear();
  CHECK(heard.batches == Batches{{1, 2}, {3, 5}});
  CHECK(heard.checkpoints == Points{5});
}

TEST_CASE("while it is live, a fresh copy is left to the live path until nobody reports it (B5)") {
  Reading one;
  one.writer.send(2);
  one.bench.pass(500ms);
  CHECK(one.reader.hear().batches.empty());
  one.bench.pass(1s);
  const auto heard = one.reader.hear();
  CHECK(heard.batches == Batches{{1, 2}});
  CHECK(heard.checkpoints == Points{2});
}

TEST_CASE("what was reported as received is not sent again") {
  Reading one;
  one.writer.send(2);
  one.writer.send(2);
  one.reader.settle([&](Settle& said) { said.received = {one.ids(1, 2)}; });
  one.bench.pass(2s);
  CHECK(one.reader.hear().batches == Batches{{3, 4}});
}

TEST_CASE("when one batch is to be sent, what is only believed to come live goes before it (T1)") {
  Reading one;
  one.writer.send(1);
  one.writer.send(1);
  one.reader.settle([&](Settle& said) { said.received = {one.ids(2, 2)}; });
  one.reader.settle([&](Settle& said) { said.released = {one.ids(2, 2)}; });
  CHECK(one.reader.hear().batches == Batches{{1, 1}, {2, 2}});
}

TEST_CASE("a session stays catching up until what it misses was copied (T4)") {
  Reading one;
  one.writer.send(1);
  one.reader.ask(3);
  auto heard = one.reader.hear();
  CHECK(heard.batches == Batches{{1, 1}});
  CHECK(heard.checkpoints.empty());
  one.writer.send(1);
  CHECK(one.reader.hear().checkpoints.empty());
  one.writer.send(1);
  heard = one.reader.hear();
  CHECK(heard.batches == Batches{{3, 3}});
  CHECK(heard.checkpoints == Points{3});
}

TEST_CASE("what it misses and can never be copied keeps nobody waiting (T4)") {
  Reading one;
  one.writer.send(1);
  one.reader.ask(9);
  one.reader.hear();
  one.bench.say(*one.writer.peer, CloseWriter{0xA});
  TestWriter next(one.bench, 0xB);
  next.open();
  CHECK(one.reader.hear().checkpoints == Points{one.writer.grants.front().range.last});
}

TEST_CASE("a message that comes again after a nack is out of its order and covers nothing (X8)") {
  Reading one;
  one.writer.send(2);
  one.reader.settle([&](Settle& said) { said.nacks = {Nack{one.ids(1, 1).grant, 1, 0, false}}; });
  one.bench.pass(10ms);
  CHECK(one.reader.hear().batches == Batches{{1, 0}});
}

TEST_CASE("the newest consumer has the name, and the older is told and not asked back (X7)") {
  Reading one;
  one.writer.send(1);
  TestReader newer(one.bench, 0x62);
  newer.join();
  REQUIRE(newer.token != 0);
  CHECK(newer.claim > one.reader.claim);
  CHECK(one.reader.peer->last<TakenOver>()->token == one.reader.token);
  CHECK(newer.hear().batches == Batches{{1, 1}});

  one.reader.join();
  CHECK(one.reader.peer->last<Refused>()->code == ErrorCode::held_elsewhere);
  const std::uint64_t claim = newer.claim;
  newer.join();
  CHECK(newer.claim == claim);

  one.bench.restart();
  newer.join();
  CHECK(newer.claim == claim);
  one.reader.join();
  CHECK(one.reader.peer->last<Refused>()->code == ErrorCode::held_elsewhere);
}

TEST_CASE("a consumer on a full disk takes the name all the same, or its acks could never free anything (X7)") {
  Reading one;
  one.writer.send(4, 0, 1000);
  one.bench.pass(2s);
  one.bench.store.set_capacity(1);
  TestReader newer(one.bench, 0x62);
  newer.join();
  REQUIRE(newer.token != 0);
  CHECK(newer.hear().batches == Batches{{1, 4}});
}

TEST_CASE("a consumer that is replaced before it was admitted hears so, and does not come back (X7)") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  bench.disk_runs = false;
  TestReader first(bench, 0x61);
  TestReader second(bench, 0x62);
  first.join();
  second.join();
  const auto told = first.peer->last<TakenOver>();
  REQUIRE(told);
  Inbox::Options options;
  options.session = 0x61;
  options.mode = SubscriptionMode::exclusive;
  Inbox inbox(options, bench.now);
  inbox.on_link_up(bench.now);
  inbox.take_effects();
  inbox.on_message(*told, bench.now);
  REQUIRE(inbox.trouble());
  CHECK(inbox.trouble()->final);
  inbox.on_link_up(bench.now);
  CHECK(inbox.take_effects().empty());
}

TEST_CASE("an ack that crosses a takeover does not unseat the writer of the same process (W1)") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  TestReader reader(bench, 0x61);
  reader.join(writer.peer);
  writer.send(1);
  TestReader newer(bench, 0x62);
  newer.join();
  REQUIRE(writer.peer->last<TakenOver>());
  reader.settle([&](Settle& said) { said.acks = {GrantRange{writer.grants.front().grant, {1, 1}}}; });
  TestWriter rival(bench, 0xB, 111);
  SECTION("a rival comes first") {}
  SECTION("a rival comes after a restart") {
    writer.resume(0);
    writer.send_again(0);
    bench.pass(5s);
    bench.restart();
  }
  rival.open();
  CHECK(rival.grants.empty());
  writer.resume(0);
  CHECK(writer.peer->last<Attached>());
}

TEST_CASE("many subscriptions share one budget of memory (C5)") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  for (std::uint64_t at = 0; at < 40; ++at) {
    TestReader reader(bench, 0x100 + at);
    reader.name = "audit-" + std::to_string(at);
    reader.join();
    bench.cut(*reader.peer);
  }
  for (int batch = 0; batch < 200; ++batch) {
    writer.send(1, 0, 60'000);
    bench.pass(1ms);
  }
  constexpr std::uint64_t budget = limits::tracked_octets_all + 41 * 64 * 1024;  // a batch over is allowed
  CHECK(bench.office->tracked_octets() <= budget);
  bench.restart();
  bench.pass(2s);
  CHECK(bench.office->tracked_octets() <= budget);
}

TEST_CASE("a name that exists with another mode is refused, and says so") {
  Reading one;
  TestReader other(one.bench, 0x62);
  other.name = "workers";
  other.join();
  CHECK(other.token == 0);
  const auto refused = other.peer->last<Refused>();
  REQUIRE(refused);
  CHECK(refused->code == ErrorCode::bad_argument);
  CHECK(refused->text.find("a shared subscription; use another name") != std::string::npos);
}

TEST_CASE("a subscription from the beginning owns what is only in memory yet (B1)") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  TestWorker worker(bench);
  worker.join();
  const Range sent = writer.send(2);
  TestReader reader(bench);
  reader.start = "beginning";
  reader.join();
  worker.ack(sent.first, sent.last);
  bench.pass(1s);
  CHECK(bench.rows() == 1);  // confirmed, and not settled by all
  bench.restart();
  reader.join();
  CHECK(reader.hear().batches == Batches{{1, 2}});
}

TEST_CASE("what is new begins behind what the writer knows to be confirmed (N1)") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  TestWorker worker(bench);
  worker.join();
  const Range elided = writer.send(4);
  worker.ack(elided.first, elided.last);
  REQUIRE(writer.confirmed() == 4);
  bench.restart();  // nothing of it was written
  TestReader reader(bench);
  reader.join();
  writer.resume(4);
  const Range fresh = writer.send(1);
  bench.pass(2s);
  CHECK(reader.hear().batches == Batches{{fresh.first, fresh.last}});
}
