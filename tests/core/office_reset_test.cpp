/// \file
/// A subscription begins again: what was settled comes again, and nothing that was said before counts.

#include "tests/core/test_reader.h"

using namespace restante;
using namespace restante::core;

namespace {

/// A stream that keeps what is settled, `audit` on it, and an operator.
struct Kept {
  Kept() {
    writer.pattern = StreamPattern::pubsub;
    writer.retention = {0, 100, 0};
    writer.open();
    reader.join();
    for (int sent = 0; sent < 6; ++sent) ack(writer.send(1));
    bench.pass(1s);
    reader.hear();
  }
  void ack(Range range) {
    reader.settle([&](Settle& said) { said.acks = {{writer.grants.front().grant, range}}; });
  }
  void leave() { bench.say(*reader.peer, Unsubscribe{reader.token}); }
  Sequences take() {
    Sequences taken;
    for (const auto& [first, covers] : reader.hear().batches) taken.push_back(first);
    return taken;
  }
  std::optional<WasReset> reset(const std::string& start, bool force = false, bool dry_run = false) {
    return tool.ask<WasReset>(ResetSubscription{0, "s", "audit", start, force, dry_run});
  }
  [[nodiscard]] CursorRecord cursor() const { return bench.store.contents().cursors.begin()->second; }

  OfficeBench bench;
  TestWriter writer{bench};
  TestReader reader{bench};
  TestOperator tool{bench};
};

}  // namespace

TEST_CASE("after a reset what was settled comes again, to a consumer that is started anew") {
  Kept one;
  one.leave();
  const auto told = one.reset("3");
  REQUIRE(told);
  CHECK(told->done);
  CHECK(told->from == 2);
  CHECK(told->messages == 4);
  CHECK(told->gone_to == 0);
  CHECK(one.cursor().floor == 2);
  one.reader.made = 0;
  one.reader.claim = 0;
  one.reader.join();
  CHECK(one.take() == from_to(3, 6));
  one.bench.restart();
  one.writer.resume(6);
  one.reader.join();
  CHECK(one.take() == from_to(3, 6));
}

TEST_CASE("a reset is answered after its commit, and a crash before it leaves all as it was") {
  Kept one;
  one.leave();
  one.bench.pass(1s);
  one.bench.disk_runs = false;
  CHECK_FALSE(one.reset("1"));
  CHECK(one.cursor().floor == 6);
  one.bench.disk_runs = true;
  one.bench.restart();
  CHECK(one.cursor().floor == 6);
}

TEST_CASE("a dry run says what would come again, and changes nothing") {
  Kept one;
  const auto told = one.reset("beginning", false, true);
  REQUIRE(told);
  CHECK_FALSE(told->done);
  CHECK(told->refusal.empty());
  CHECK(told->from == 0);
  CHECK(told->messages == 6);
  CHECK(told->sessions == 1);
  one.bench.pass(1s);
  CHECK(one.cursor().floor == 6);
}

TEST_CASE("with a consumer there a reset needs force, and the consumer is told, and does not come back by itself") {
  Kept one;
  const auto refused = one.reset("2");
  REQUIRE(refused);
  CHECK(refused->refusal.find("has a consumer: app (pid 300)") != std::string::npos);
  const auto told = one.reset("2", true);
  REQUIRE(told);
  CHECK(told->done);
  const auto heard = one.reader.peer->last<Refused>();
  REQUIRE(heard);
  CHECK(heard->code == ErrorCode::bad_state);
  CHECK(heard->text.find("was reset to sequence 2") != std::string::npos);
  one.ack({2, 6});  // said before it heard of it
  one.bench.pass(1s);
  CHECK(one.cursor().floor == 1);
  const std::uint64_t session_made = one.reader.made > 0 ? 1 : 0;
  CHECK(session_made == 1);
  one.reader.join();  // the same session on another link
  CHECK(one.reader.peer->last<Refused>().value_or(Refused{}).code == ErrorCode::bad_state);
}

TEST_CASE("also after a restart of the sidecar a session of before a reset does not go on") {
  Kept one;
  one.leave();
  REQUIRE(one.reset("2"));
  one.bench.restart();
  one.reader.join();
  const auto heard = one.reader.peer->last<Refused>();
  REQUIRE(heard);
  CHECK(heard->text.find("was reset while this consumer was away") != std::string::npos);
}

TEST_CASE("a reset to what is gone begins with what is left, and says what is gone") {
  Kept one;
  one.leave();
  one.tool.ask<StreamSet>(SetStream{0, "s", Retention{0, 3, 0}, {}});
  one.bench.pass(1s);
  REQUIRE(one.bench.rows() == 3);
  const auto told = one.reset("2");
  REQUIRE(told);
  CHECK(told->from == 3);
  CHECK(told->gone_to == 3);
}

TEST_CASE("a reset forward passes what was owed, and what only that subscription pinned goes") {
  Kept one;
  one.leave();
  one.tool.ask<StreamSet>(SetStream{0, "s", Retention{}, {}});
  for (int sent = 0; sent < 3; ++sent) one.writer.send(1);
  one.bench.pass(1s);
  REQUIRE(one.bench.rows() == 3);
  const auto told = one.reset("new");
  REQUIRE(told);
  CHECK(told->messages == 0);
  one.bench.pass(1s);
  CHECK(one.bench.rows() == 0);
  CHECK(one.writer.settled() == one.writer.before);
}

TEST_CASE("a reset to a time, and what is parked above it comes with the rest") {
  Kept one;
  const Range last = one.writer.send(1);
  one.reader.settle([&](Settle& said) {
    said.nacks = {{one.writer.grants.front().grant, last.first, 3'600'000, false}};
  });
  one.bench.pass(2s);
  REQUIRE(one.bench.store.contents().parked.size() == 1);
  one.leave();
  const auto told = one.reset("@" + std::to_string(one.bench.wall_ms() - 2500));
  REQUIRE(told);
  CHECK(told->done);
  CHECK(one.bench.store.contents().parked.empty());
  one.reader.made = 0;
  one.reader.join();
  CHECK(one.take() == from_to(told->from + 1, last.last));
}

TEST_CASE("the workers of a pipeline can begin again too") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.retention = {0, 100, 0};
  writer.open();
  TestWorker worker(bench);
  worker.join();
  writer.send(3);
  bench.pass(50ms);
  worker.take();
  worker.ack(1, 3);
  bench.pass(1s);
  bench.say(*worker.peer, Unsubscribe{worker.token});
  Peer& tool = bench.connect(900);
  bench.say(tool, ResetSubscription{1, "s", "workers", "beginning", false, false});
  REQUIRE(tool.last<WasReset>());
  CHECK(tool.last<WasReset>()->done);
  CHECK(tool.last<WasReset>()->messages == 3);
  CHECK(bench.rows() == 1);
  TestWorker again(bench, 0x52);
  again.join();
  CHECK(again.take() == from_to(1, 3));
}

TEST_CASE("what stays parked over a reset keeps its block, or its settlement would count for nothing") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  TestWorker worker(bench, 0x51, {100, 1U << 30});
  worker.join();
  writer.send(3);
  CHECK(worker.take() == from_to(1, 3));
  worker.nack(2, 3'600'000);
  worker.ack(3);
  bench.say(*writer.peer, CloseWriter{writer.handle});
  bench.pass(limits::silence_max);
  TestWriter next(bench, 0xB);  // has a block of its own
  next.open();
  Peer& tool = bench.connect(900);
  bench.disk_runs = false;
  bench.say(tool, ResetSubscription{1, "s", "workers", "new", true, false});
  REQUIRE(bench.disk_step());  // it is so, and what is parked is not known for a moment
  next.send(1);
  bench.disk_runs = true;
  bench.perform();
  REQUIRE(tool.last<WasReset>()->done);
  TestWorker again(bench, 0x52);
  again.join();
  for (const Sequence sequence : again.take()) again.ack(sequence);
  bench.pass(1h);
  again.join();
  CHECK(again.take() == Sequences{2});
  again.ack(2);
  bench.pass(1s);
  CHECK(bench.store.snapshot().parked.empty());
}

TEST_CASE("a reset that a prune overtakes begins behind it, and what is parked below stays parked with its row") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.pattern = StreamPattern::pubsub;
  writer.open();
  TestReader reader(bench);
  reader.listens = false;
  reader.join();
  for (int sent = 0; sent < 6; ++sent) writer.send(1);
  reader.hear();
  reader.settle([&](Settle& said) { said.nacks = {{writer.grants.front().grant, 3, 3'600'000, false}}; });
  bench.pass(2s);
  REQUIRE(bench.store.snapshot().parked.size() == 1);
  bench.disk_runs = false;
  for (const Range range : {Range{1, 2}, Range{4, 6}}) {
    reader.settle([&](Settle& said) { said.acks = {{writer.grants.front().grant, range}}; });
  }
  bench.pass(3s);  // the prune is under way
  bench.say(*reader.peer, Unsubscribe{reader.token});
  TestOperator tool(bench);
  CHECK_FALSE(tool.ask<WasReset>(ResetSubscription{0, "s", "audit", "2", true, false}));
  bench.disk_runs = true;
  bench.perform();
  const auto told = tool.last<WasReset>();
  REQUIRE(told);
  CHECK(told->from == 6);
  CHECK(bench.store.snapshot().parked.size() == 1);
  bench.pass(3s);
  CHECK(bench.rows() == 1);
}

TEST_CASE("what cannot be reset is refused with its reason") {
  Kept one;
  const auto text = [&](const ResetSubscription& wish) { return one.tool.ask<WasReset>(wish)->refusal; };
  CHECK(text({1, "t", "audit", "1"}) == "node node has no stream t");
  CHECK(text({1, "s", "log", "1"}) == "stream s has no subscription log");
  CHECK(text({1, "s", "audit", "soon"}).find("neither") != std::string::npos);
  one.leave();
  CHECK(text({1, "s", "audit", "9"}).find("its newest message has sequence 6") != std::string::npos);
}

TEST_CASE("a consumer of another store's subscription by that name is let in: the numbers there say nothing here") {
  Kept one;
  TestReader late(one.bench, 0x72);
  late.name = "late";
  late.made = one.reader.made;  // lower than what it is made with here
  late.join();
  CHECK(late.token != 0);
  late.join();
  CHECK(late.token != 0);
  TestReader stale(one.bench, 0x73);
  stale.name = "late";
  stale.made = one.reader.made;
  stale.join();
  CHECK(stale.token != 0);
}

TEST_CASE("while a reset is being written nobody joins the subscription, and it is neither removed nor reset again") {
  Kept one;
  one.leave();
  one.bench.pass(1s);
  one.bench.disk_runs = false;
  CHECK_FALSE(one.reset("2"));
  const RemoveSubscription removal{0, "s", "audit", true, false};
  CHECK(one.tool.ask<Removed>(removal).value_or(Removed{}).refusal.find("just being reset") != std::string::npos);
  CHECK(one.reset("3").value_or(WasReset{}).refusal.find("just being reset") != std::string::npos);
  one.reader.filters = {"other"};
  one.reader.join();
  CHECK(one.reader.peer->last<Refused>().value_or(Refused{}).code == ErrorCode::retry_later);
  one.bench.disk_runs = true;
  one.bench.perform();
  CHECK(one.cursor().floor == 1);
}
