/// \file
/// The filters of a subscription change (PROTOCOL N2).

#include <catch2/catch.hpp>

#include "tests/core/test_reader.h"

using namespace restante;
using namespace restante::core;
using namespace std::chrono_literals;

namespace {

/// A published stream with a subscription for `a`, whose reader is away.
struct Changing {
  Changing() : writer(bench), reader(bench) {
    writer.pattern = StreamPattern::pubsub;
    writer.open();
    reader.listens = false;
    reader.filters = {"a"};
    reader.join();
    REQUIRE(reader.token != 0);
    bench.cut(*reader.peer);
  }
  void publish(const std::string& topic) {
    writer.topic = topic;
    writer.send(1);
    bench.pass(200ms);
  }
  /// The reader is there with other filters, and gets and acks all that it is sent.
  std::vector<Sequence> read(const std::vector<std::string>& filters) {
    reader.filters = filters;
    reader.join();
    bench.pass(100ms);
    std::vector<Sequence> all;
    for (const Redelivery& one : reader.peer->all<Redelivery>()) all.push_back(one.owed.front().range.first);
    reader.settle([&](Settle& said) {
      for (const Sequence sequence : all) said.acks.push_back({writer.grants.front().grant, {sequence, sequence}});
    });
    bench.pass(2s);
    return all;
  }

  OfficeBench bench;
  TestWriter writer;
  TestReader reader;
};

using Sequences = std::vector<Sequence>;

}  // namespace

TEST_CASE("what was copied belongs by the filters that there were then, and what follows by the new ones (N2)") {
  Changing one;
  one.publish("a");
  one.publish("b");
  Sequences expected{1};
  SECTION("in one life of the sidecar") {}
  SECTION("also after a restart before the change") {
    one.bench.restart();
    one.writer.resume(2);
  }
  CHECK(one.read({"b"}) == expected);
  CHECK(one.reader.peer->last<Subscribed>()->filters_since == 2);
  one.bench.cut(*one.reader.peer);
  one.publish("a");
  one.publish("b");
  CHECK(one.read({"b"}) == Sequences{4});
}

TEST_CASE("several changes wait with what belongs by each, over restarts too (N2)") {
  Changing one;
  const std::vector<std::vector<std::string>> changes{{"b"}, {"a", "b"}, {"+"}};
  one.publish("a");
  one.publish("b");
  for (const auto& filters : changes) {
    one.reader.filters = filters;
    one.reader.join();
    one.bench.pass(100ms);
    REQUIRE(one.reader.token != 0);
    one.bench.cut(*one.reader.peer);
    one.publish("a");
    one.publish("b");
    one.publish("c");
  }
  one.bench.restart();
  one.writer.resume(11);
  CHECK(one.read({"+"}) == Sequences{1, 4, 6, 7, 9, 10, 11});
  CHECK(one.bench.rows() == 0);
}

TEST_CASE("a change is answered when it is on the disk, and without its commit there was none (N2)") {
  Changing one;
  one.publish("a");
  one.bench.disk_runs = false;
  one.reader.filters = {"b"};
  one.reader.token = 0;
  one.reader.join();
  CHECK(one.reader.token == 0);
  one.writer.topic = "a";
  one.writer.send(1);  // by the old ones, which may hold again
  one.bench.pass(100ms);
  CHECK(one.writer.confirmed() == 1);
  SECTION("it comes") {
    one.bench.disk_runs = true;
    one.bench.pass(100ms);
    CHECK(one.reader.peer->last<Subscribed>());
    CHECK(one.writer.confirmed() == 2);
  }
  SECTION("the sidecar is killed before") {
    one.bench.restart();
    one.bench.disk_runs = true;
    one.writer.resume(1);
    one.writer.send_again(1);
    one.bench.pass(1s);
    CHECK(one.writer.confirmed() == 2);
    CHECK(one.read({"a"}) == Sequences{1, 2});
  }
}

TEST_CASE("while a change is being written, what was copied before belongs by its own filters alone (N2)") {
  Changing one;
  TestReader other(one.bench, 0x62);  // for which all is kept
  other.name = "all";
  other.listens = false;
  other.join();
  one.bench.cut(*other.peer);
  one.publish("a");
  one.publish("b");  // by {"a"}: not its own
  one.reader.filters = {"b"};
  one.reader.join();
  one.bench.pass(100ms);
  one.bench.cut(*one.reader.peer);
  one.publish("b");
  one.bench.restart();
  one.bench.disk_runs = false;
  one.writer.resume(3);
  one.reader.filters = {"c"};
  one.reader.join();
  one.bench.disk_runs = true;
  one.bench.perform();
  CHECK(one.read({"c"}) == Sequences{1, 3});
}

TEST_CASE("workers of a subscription that share it do not change its filters under each other (N2)") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.pattern = StreamPattern::pubsub;
  writer.open();
  const auto join = [&](std::uint64_t session, const std::string& filter) -> Peer& {
    Peer& peer = bench.connect();
    Subscribe message;
    message.session = session;
    message.stream = "s";
    message.subscription = "crew";
    message.filters = {filter};
    bench.say(peer, message);
    bench.pass(100ms);
    return peer;
  };
  Peer& first = join(1, "a");
  REQUIRE(first.last<Subscribed>());
  Peer& second = join(2, "b");
  REQUIRE(second.last<Refused>());
  CHECK(second.last<Refused>()->code == ErrorCode::retry_later);
  CHECK(second.last<Refused>()->text.find("stop them first") != std::string::npos);
  bench.cut(first);
  CHECK(join(3, "b").last<Subscribed>());
}

TEST_CASE("so many changes are refused as nobody could keep apart, until what waits by the earlier ones is read (N2)") {
  Changing one;
  one.publish("a");
  for (std::size_t i = 0; i <= limits::filter_changes_max; ++i) {
    one.reader.filters = {i % 2 == 0 ? "b" : "a"};
    one.reader.join();
    one.bench.pass(100ms);
    one.bench.cut(*one.reader.peer);
  }
  REQUIRE(one.reader.peer->last<Refused>());
  CHECK(one.reader.peer->last<Refused>()->text.find("earlier changes wait") != std::string::npos);
  CHECK(one.read({limits::filter_changes_max % 2 == 0 ? "a" : "b"}) == Sequences{1});
  one.bench.cut(*one.reader.peer);
  CHECK(one.read({"c"}).empty());
  CHECK(one.reader.peer->last<Subscribed>());
}

TEST_CASE("on a full disk no filters change, and the reader that has the old ones may free it (N2)") {
  OfficeBench bench({}, 1U << 20);
  TestWriter writer(bench);
  writer.pattern = StreamPattern::pubsub;
  writer.topic = "a";
  writer.open();
  TestReader reader(bench);
  reader.listens = false;
  reader.filters = {"a"};
  reader.join();
  bench.cut(*reader.peer);
  const auto fill = [&] {
    while (bench.refused_commits == 0) writer.send(10, 0, 1000);
  };
  reader.filters = {"b"};
  reader.token = 0;
  std::uint64_t before = 0;
  SECTION("it was full before") {
    fill();
    before = std::exchange(reader.claim, 0);
    reader.join();
  }
  SECTION("it fills while the change is written") {
    bench.disk_runs = false;
    for (int i = 0; i < 120; ++i) writer.send(10, 0, 1000);
    reader.join();
    bench.disk_runs = true;
    bench.perform();
    fill();
  }
  bench.pass(2s);
  CHECK(reader.token == 0);
  REQUIRE(reader.peer->last<Refused>());
  CHECK(reader.peer->last<Refused>()->code == ErrorCode::retry_later);
  CHECK(reader.peer->last<Refused>()->text.find("filters that it has") != std::string::npos);
  if (before != 0) {  // who was refused has not taken the name
    TestReader same(bench, 0x63);
    same.filters = {"a"};
    same.claim = before;
    same.join();
    CHECK(same.token != 0);
    bench.cut(*same.peer);
  }
  reader.filters = {"a"};
  reader.join();
  CHECK(reader.token != 0);
  bench.pass(1s);
  CHECK(!reader.hear().batches.empty());
}

TEST_CASE("a reader that leaves while its change is written, and cannot be, is gone (N2)") {
  OfficeBench bench({}, 1U << 20);
  TestWriter writer(bench);
  writer.pattern = StreamPattern::pubsub;
  writer.topic = "a";
  writer.open();
  TestReader reader(bench);
  reader.listens = false;
  reader.filters = {"a"};
  reader.join();
  bench.cut(*reader.peer);
  bench.pass(1s);
  bench.store.set_capacity(bench.store.snapshot().used + 15'000);
  bench.disk_runs = false;
  writer.send(10, 0, 1000);
  reader.filters = {"b"};
  reader.join();
  writer.send(10, 0, 1000);
  REQUIRE(bench.disk_step());  // the first batch, and there is no room for the second
  bench.perform();
  bench.cut(*reader.peer);
  bench.disk_runs = true;
  bench.perform();
  REQUIRE(bench.refused_commits > 0);
  bench.store.set_capacity(1U << 20);
  bench.pass(2s);
  reader.filters = {"a"};
  reader.join();
  bench.pass(1s);
  CHECK(!reader.hear().batches.empty());
}
