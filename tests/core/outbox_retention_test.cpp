/// \file
/// What a stream keeps of what nobody is owed any more: always written, as long as it is to be, and never in the way.

#include "tests/core/test_reader.h"

using namespace restante;
using namespace restante::core;

namespace {

/// A published stream that keeps what is settled, and a reader that has caught up and settles at once.
struct Kept {
  explicit Kept(const Retention& retention, std::uint64_t capacity = 0) : bench(OutboxSettings{}, capacity) {
    writer.pattern = StreamPattern::pubsub;
    writer.retention = retention;
    writer.open();
    reader.join();
  }
  Range send_and_ack(std::size_t messages, std::size_t size = 0) {
    const Range range = writer.send(messages, 0, size);
    reader.settle([&](Settle& said) { said.acks = {{writer.grants.back().grant, range}}; });
    return range;
  }
  std::optional<StreamSet> set(const Retention& retention, const std::string& stream = "s") {
    return tool.ask<StreamSet>(SetStream{0, stream, retention, {}});
  }

  OfficeBench bench;
  TestWriter writer{bench};
  TestReader reader{bench};
  TestOperator tool{bench};
};

}  // namespace

TEST_CASE("a stream with retention writes what is acked in time too, and keeps as much as it is to") {
  Kept one({0, 5, 0});
  for (int sent = 0; sent < 8; ++sent) one.send_and_ack(1);
  one.bench.pass(1s);
  CHECK(one.writer.confirmed() == one.writer.before);
  CHECK(one.bench.rows() == 5);
  one.bench.restart();
  CHECK(one.bench.rows() == 5);
}

TEST_CASE("what needed no row before its stream keeps needs none then, and is confirmed all the same") {
  Kept one({});
  one.writer.send(1);
  one.send_and_ack(1);
  one.bench.disk_runs = false;
  one.bench.pass(1s);  // the first is being written, the second was settled
  CHECK_FALSE(one.set({0, 5, 0}));
  one.bench.disk_runs = true;
  one.bench.perform();
  one.bench.pass(1s);
  CHECK(one.writer.confirmed() == 2);
  one.send_and_ack(1);
  one.bench.pass(1s);
  CHECK(one.writer.confirmed() == 3);
}

TEST_CASE("who writes first says how long it is kept, and nobody who writes later") {
  Kept one({0, 5, 0});
  CHECK(one.bench.office->streams().at("s").record().retention == Retention{0, 5, 0});
  one.bench.say(*one.writer.peer, CloseWriter{one.writer.handle});
  TestWriter next(one.bench, 0xB);
  next.pattern = StreamPattern::pubsub;
  next.retention = {0, 9, 0};
  next.open();
  CHECK(one.bench.office->streams().at("s").record().retention == Retention{0, 5, 0});
}

TEST_CASE("an operator changes it: the answer follows the commit, and more or less is kept from then on") {
  Kept one({0, 5, 0});
  for (int sent = 0; sent < 8; ++sent) one.send_and_ack(1);
  one.bench.disk_runs = false;
  CHECK_FALSE(one.set({0, 2, 0}));
  one.bench.disk_runs = true;
  one.bench.perform();
  const auto told = one.tool.last<StreamSet>();
  REQUIRE(told);
  CHECK(told->refusal.empty());
  CHECK(told->retention == Retention{0, 2, 0});
  one.bench.pass(1s);
  CHECK(one.bench.rows() == 2);
  REQUIRE(one.set({}));
  one.bench.pass(1s);
  CHECK(one.bench.rows() == 0);
  one.send_and_ack(1);
  one.bench.pass(1s);
  CHECK(one.bench.rows() == 0);
}

TEST_CASE("a stream that is set before anybody uses it is made, and becomes what is wanted of it") {
  Kept one({});
  REQUIRE(one.set({0, 3, 0}, "orders"));
  one.bench.restart();
  TestWriter pusher(one.bench, 0xC);
  pusher.open("orders");
  CHECK_FALSE(pusher.grants.empty());
  CHECK(one.bench.office->streams().at("orders").record().retention == Retention{0, 3, 0});
}

TEST_CASE("a live stream keeps nothing, and says so") {
  Kept one({});
  TestWriter live(one.bench, 0xD);
  live.kind = StreamKind::live;
  live.pattern = StreamPattern::pubsub;
  live.open("ticks");
  const auto told = one.set({0, 3, 0}, "ticks");
  REQUIRE(told);
  CHECK(told->refusal.find("live only") != std::string::npos);
}

TEST_CASE("what is too old goes though nothing happens") {
  Kept one({60'000, 0, 0});
  one.send_and_ack(1);
  one.bench.pass(30s);
  one.send_and_ack(1);
  one.bench.pass(15s);
  CHECK(one.bench.rows() == 2);
  one.bench.pass(20s);
  CHECK(one.bench.rows() == 1);
  one.bench.pass(30s);
  CHECK(one.bench.rows() == 0);
  const std::size_t commits = one.bench.commits.size();
  one.bench.pass(300s);
  CHECK(one.bench.commits.size() <= commits + 1);  // and a stream with nothing left does not wake the disk
}

TEST_CASE("what is owed stays however old it is, and its block stays open") {
  Kept one({1000, 1, 1});
  one.bench.say(*one.reader.peer, Unsubscribe{one.reader.token});
  for (int sent = 0; sent < 4; ++sent) one.writer.send(1);
  one.bench.pass(100s);
  CHECK(one.bench.rows() == 4);
}

TEST_CASE("history makes way for what is owed when the store has little room left, and no more than that takes") {
  constexpr std::uint64_t capacity = 200'000;
  Kept one({0, 0, 1U << 30}, capacity);
  for (int sent = 0; sent < 300; ++sent) {
    one.send_and_ack(1, 1000);
    one.bench.pass(10ms);
  }
  CHECK(one.bench.refused_commits == 0);
  CHECK(one.writer.confirmed() == one.writer.before);
  const std::uint64_t used = one.bench.store.contents().used;
  CHECK(used < capacity);
  CHECK(used > capacity / 4);
}

TEST_CASE("blocks of what is kept stay open, so that what comes again can be acked, and make way for writers' blocks") {
  Kept one({0, 1000, 0});
  one.send_and_ack(1);
  for (std::uint64_t handle = 0x100; handle < 0x104; ++handle) {
    one.bench.say(*one.writer.peer, CloseWriter{one.writer.handle});
    one.writer.handle = handle;
    one.writer.grants.clear();
    one.writer.open();
    one.reader.hear();
    one.send_and_ack(1);
    one.bench.pass(1s);
  }
  CHECK(one.bench.store.contents().streams.begin()->second.grants.size() == 5);
  REQUIRE(one.set({}));
  one.bench.pass(2s);
  CHECK(one.bench.store.contents().streams.begin()->second.grants.size() < 5);
}

TEST_CASE("a stream that the full disk has no room for yet is not pruned there") {
  OfficeBench bench({}, 1);
  TestWriter writer(bench);
  writer.pattern = StreamPattern::pubsub;
  writer.retention = {0, 5, 0};
  CHECK_NOTHROW([&] {
    bench.say(bench.connect(900), SetStream{1, "s", Retention{0, 3, 0}, {}});
    bench.pass(2s);
  }());
  CHECK(bench.refused_commits > 0);
  bench.store.set_capacity(1U << 20);
  bench.pass(2s);
  writer.open();
  CHECK_FALSE(writer.grants.empty());
}
