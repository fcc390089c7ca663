/// \file
/// Published streams at the sidecar: what they are, and how readers learn where the writer publishes.

#include <catch2/catch.hpp>

#include "core/live_source.h"
#include "tests/core/test_reader.h"

using namespace restante;
using namespace restante::core;
using namespace std::chrono_literals;

TEST_CASE("a reader is told where the writer publishes, whoever comes first") {
  OfficeBench bench;
  TestWriter writer(bench);
  TestReader reader(bench);
  writer.pattern = StreamPattern::pubsub;
  SECTION("the writer") {
    writer.open();
    reader.join();
  }
  SECTION("the reader") {
    reader.join();
    CHECK_FALSE(reader.peer->last<LiveSource>());
    writer.open();
  }
  REQUIRE(reader.peer->all<LiveSource>().size() == 1);
  CHECK(reader.peer->last<LiveSource>()->token == reader.token);
  CHECK(reader.peer->last<LiveSource>()->endpoint == writer.publishes_at);
  writer.resume(0);  // at the same place: there is nothing new
  CHECK(reader.peer->all<LiveSource>().size() == 1);
}

TEST_CASE("a reader is told where the next writer publishes before anything of it is taken to come live") {
  Reading one;
  one.bench.dead_pids.insert(100);
  TestWriter next(one.bench, 0xB, 101);
  next.publishes_at = "tcp://10.0.0.7:1";
  next.open();
  CHECK(one.reader.peer->last<LiveSource>()->endpoint == next.publishes_at);
  next.send(2);
  CHECK(one.reader.hear().batches.empty());
}

TEST_CASE("what is not published for a reader is sent to it at once") {
  OfficeBench bench;
  TestWriter writer(bench);
  TestReader reader(bench);
  SECTION("since the writer does not publish") { writer.publishes_at.clear(); }
  SECTION("since the reader does not listen") { reader.listens = false; }
  SECTION("since its endpoint became too long for the wire") {
    writer.publishes_at = "tcp://*:" + std::string(limits::endpoint_size_max - 8, '1');
  }
  writer.open();
  reader.join();
  reader.hear();
  writer.send(2);
  CHECK(reader.hear().batches == Batches{{1, 2}});
  CHECK_FALSE(reader.peer->last<LiveSource>());
}

TEST_CASE(
    "a reader on another machine is not told a path of the writer's, and gets everything from the sidecar at once") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.publishes_at = "ipc:///run/x";
  writer.open();
  Peer& far = bench.connect(301, false);
  bench.say(far, Hello{protocol_version, 0, "app", "elsewhere", 301, 7});
  Subscribe subscribe;
  subscribe.stream = "s";
  subscribe.subscription = "far";
  subscribe.mode = SubscriptionMode::exclusive;
  subscribe.host = "elsewhere";
  subscribe.listens = true;
  subscribe.credit = {32, 1U << 20};
  bench.say(far, subscribe);
  CHECK_FALSE(far.last<LiveSource>());
  writer.send(2);
  CHECK(far.all<Redelivery>().size() == 1);
}

TEST_CASE("a published stream has the subscriptions that were made, and none for workers") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.pattern = StreamPattern::pubsub;
  writer.open();
  writer.send(3);
  CHECK(writer.confirmed() == 3);  // nobody has to have it: a copy, and no disk (W7)
  CHECK(bench.office->streams().at("s").subscriptions().empty());
}

TEST_CASE("a pipeline and a published stream are not the same, and who opens the other is told") {
  OfficeBench bench;
  TestWriter first(bench);
  SECTION("a pipeline") {
    first.open();
    bench.dead_pids.insert(100);
    TestWriter publisher(bench, 0xB, 101);
    publisher.pattern = StreamPattern::pubsub;
    publisher.open();
    const auto refused = publisher.peer->last<Refused>();
    REQUIRE(refused);
    CHECK(refused->code == ErrorCode::bad_argument);
    CHECK(refused->text.find("is a pipeline") != std::string::npos);
  }
  SECTION("a published stream") {
    first.pattern = StreamPattern::pubsub;
    first.open();
    bench.dead_pids.insert(100);
    TestWriter pusher(bench, 0xB, 101);
    pusher.open();
    const auto refused = pusher.peer->last<Refused>();
    REQUIRE(refused);
    CHECK(refused->code == ErrorCode::bad_argument);
    CHECK(refused->text.find("is a published one") != std::string::npos);
  }
}

TEST_CASE("a published stream has no workers, whoever asks for them, also after a restart") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.pattern = StreamPattern::pubsub;
  writer.open();
  SECTION("now") {}
  SECTION("after a restart") { bench.restart(); }
  TestWorker worker(bench);
  worker.join();
  const auto refused = worker.peer->last<Refused>();
  REQUIRE(refused);
  CHECK(refused->code == ErrorCode::bad_argument);
  CHECK(refused->text.find("is a published one") != std::string::npos);
  CHECK(bench.office->streams().at("s").subscriptions().empty());
}

TEST_CASE("an endpoint is told to those who can reach it") {
  const std::vector<std::string> all{"ipc:///run/x", "tcp://*:5556"};
  CHECK(live_source(all, "", true) == "ipc:///run/x");
  CHECK(live_source(all, "", false) == "tcp://*:5556");
  CHECK(live_source(all, "127.0.0.1", false) == "tcp://*:5556");
  CHECK(live_source(all, "10.0.0.9", false) == "tcp://10.0.0.9:5556");
  CHECK(live_source({"tcp://127.0.0.1:5556"}, "", false).empty());
  CHECK(live_source({"tcp://127.0.0.1:5556"}, "", true) == "tcp://127.0.0.1:5556");
  CHECK(live_source({"tcp://edge-7:5556"}, "10.0.0.9", false) == "tcp://edge-7:5556");
  CHECK(live_source({}, "", true).empty());
}
