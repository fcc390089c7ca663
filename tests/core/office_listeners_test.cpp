/// \file
/// Sessions without a subscription at the sidecar: they are told where the writer publishes, and nothing is owed.

#include <catch2/catch.hpp>

#include "tests/core/test_reader.h"

using namespace restante;
using namespace restante::core;
using namespace std::chrono_literals;

namespace {

Subscribe live(std::uint64_t session = 0x71) {
  Subscribe subscribe;
  subscribe.session = session;
  subscribe.stream = "s";
  subscribe.mode = SubscriptionMode::live;
  subscribe.filters = {"#"};
  subscribe.listens = true;
  subscribe.host = "here";
  return subscribe;
}

}  // namespace

TEST_CASE("who only listens is answered at once and told where each writer publishes, and of its blocks") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.pattern = StreamPattern::pubsub;
  Peer& peer = bench.connect(400);
  SECTION("the writer comes first") {
    writer.open();
    bench.say(peer, live());
  }
  SECTION("the listener comes first") {
    bench.say(peer, live());
    CHECK_FALSE(peer.last<LiveSource>());
    writer.open();
    CHECK(peer.last<Grants>());
  }
  const auto subscribed = peer.last<Subscribed>();
  REQUIRE(subscribed);
  CHECK(subscribed->mode == SubscriptionMode::live);
  REQUIRE(peer.all<LiveSource>().size() == 1);
  CHECK(peer.last<LiveSource>()->endpoint == writer.publishes_at);
  CHECK(peer.last<LiveSource>()->token == subscribed->token);
  CHECK(bench.status().streams.at(0).listeners == 1);
  bench.dead_pids.insert(100);
  TestWriter next(bench, 0xB, 101);
  next.pattern = StreamPattern::pubsub;
  next.publishes_at = "tcp://10.0.0.7:1";
  next.open();
  CHECK(peer.last<LiveSource>()->endpoint == next.publishes_at);
}

TEST_CASE("nothing is kept or sent for who only listens") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.pattern = StreamPattern::pubsub;
  writer.open();
  Peer& peer = bench.connect(400);
  bench.say(peer, live());
  writer.send(3);
  bench.pass(2s);
  CHECK(writer.confirmed() == 3);
  CHECK(bench.rows() == 0);
  CHECK(peer.all<Redelivery>().empty());
  CHECK(bench.office->streams().at("s").subscriptions().empty());
  const Token token = peer.last<Subscribed>()->token;
  Settle strange;
  strange.token = token;
  strange.acks = {GrantRange{writer.grants.front().grant, {1, 3}}};
  bench.say(peer, strange);
  bench.say(peer, CatchUp{token, 7});
  CHECK_FALSE(peer.last<Unknown>());
}

TEST_CASE("who only listens is told what it should have heard, when its writer is quiet or goes") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.pattern = StreamPattern::pubsub;
  writer.open();
  writer.send(2);
  Peer& peer = bench.connect(400);
  bench.say(peer, live());
  Subscribe other = live(0x72);
  other.filters = {"nothing/of/it"};
  Peer& others = bench.connect(401);
  bench.say(others, other);
  bench.pass(3s);
  CHECK_FALSE(peer.last<Published>());
  writer.send(3);
  bench.pass(500ms);
  writer.send(1);
  bench.pass(700ms);
  CHECK_FALSE(peer.last<Published>());
  SECTION("quiet") { bench.pass(500ms); }
  SECTION("closed") { bench.say(*writer.peer, CloseWriter{writer.handle}); }
  SECTION("away") { bench.cut(*writer.peer); }
  SECTION("replaced") {
    bench.dead_pids.insert(100);
    TestWriter next(bench, 0xB, 101);
    next.pattern = StreamPattern::pubsub;
    next.open();
  }
  const auto told = peer.last<Published>();
  REQUIRE(told);
  CHECK(told->token == peer.last<Subscribed>()->token);
  CHECK(told->after == 2);
  CHECK(told->to == 6);
  CHECK(told->ranges == std::vector<GrantRange>{{writer.grants.front().grant, {3, 6}}});
  REQUIRE(others.last<Published>());
  CHECK(others.last<Published>()->to == 6);
  CHECK(others.last<Published>()->ranges.empty());
  bench.pass(5s);
  CHECK(peer.all<Published>().size() == 1);
}

TEST_CASE("who only listens is told what was published while its link was cut, when it is back") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.pattern = StreamPattern::pubsub;
  writer.open();
  Peer& peer = bench.connect(400);
  bench.say(peer, live());
  writer.send(3);
  bench.pass(2s);
  REQUIRE(peer.all<Published>().size() == 1);
  bench.cut(peer);
  writer.send(2);
  bench.pass(2s);
  Peer& again = bench.connect(400);
  bench.say(again, live());
  bench.pass(1s);
  const auto told = again.last<Published>();
  REQUIRE(told);
  CHECK(told->after == 0);
  CHECK(told->ranges == std::vector<GrantRange>{{writer.grants.front().grant, {1, 5}}});
}

TEST_CASE("a listener goes with its link, when it says so, and when it comes by another link") {
  OfficeBench bench;
  Peer& peer = bench.connect(400);
  bench.say(peer, live());
  REQUIRE(bench.status().streams.at(0).listeners == 1);
  SECTION("its link") {
    bench.cut(peer);
    CHECK(bench.status().streams.at(0).listeners == 0);
  }
  SECTION("its word") {
    bench.say(peer, Unsubscribe{peer.last<Subscribed>()->token});
    CHECK(bench.status().streams.at(0).listeners == 0);
  }
  SECTION("another link") {
    Peer& again = bench.connect(400);
    bench.say(again, live());
    CHECK(again.last<Subscribed>());
    CHECK(bench.status().streams.at(0).listeners == 1);
    bench.cut(peer);
    CHECK(bench.status().streams.at(0).listeners == 1);
  }
}

TEST_CASE("who wants to listen where there is nothing to hear is told why") {
  OfficeBench bench;
  Peer& peer = bench.connect(400);
  Subscribe subscribe = live();
  std::string text;
  SECTION("a pipeline") {
    TestWriter writer(bench);
    writer.open();
    text = "is a pipeline";
  }
  SECTION("a wrong filter") {
    subscribe.filters = {"a/#/b"};
    text = "filter \"a/#/b\"";
  }
  SECTION("with a name") {
    subscribe.subscription = "audit";
    text = "has no name";
  }
  bench.say(peer, subscribe);
  const auto refused = peer.last<Refused>();
  REQUIRE(refused);
  CHECK(refused->code == ErrorCode::bad_argument);
  CHECK(refused->text.find(text) != std::string::npos);
  CHECK_FALSE(peer.last<Subscribed>());
}

TEST_CASE("the listeners of a stream are limited apart from its sessions, and told so") {
  OfficeBench bench;
  std::vector<Peer*> peers;
  std::uint64_t session = 0x1000;
  for (std::size_t i = 0; i <= limits::listeners_max / limits::handles_max; ++i) {
    peers.push_back(&bench.connect(static_cast<std::uint32_t>(500 + i)));
    for (std::size_t k = 0; k < limits::handles_max && session < 0x1000 + limits::listeners_max; ++k) {
      bench.say(*peers.back(), live(++session));
    }
  }
  REQUIRE(bench.status().streams.at(0).listeners == limits::listeners_max);
  bench.say(*peers.back(), live(++session));
  REQUIRE(peers.back()->last<Refused>());
  CHECK(peers.back()->last<Refused>()->code == ErrorCode::retry_later);
  TestReader reader(bench);
  reader.join();
  CHECK(reader.token != 0);
}

TEST_CASE("who listens at a stream that becomes a pipeline, or to a writer that it cannot reach, is told") {
  OfficeBench bench;
  Peer& peer = bench.connect(400, false);
  bench.say(peer, Hello{protocol_version, 0, "app", "elsewhere", 400, 7});
  Subscribe subscribe = live();
  subscribe.host = "elsewhere";
  bench.say(peer, subscribe);
  TestWriter writer(bench);
  writer.publishes_at = "ipc:///run/x";
  SECTION("a pipeline") {
    writer.open();
    REQUIRE(peer.last<TakenOver>());
    CHECK(peer.last<TakenOver>()->text.find("has become a pipeline") != std::string::npos);
    CHECK(bench.status().streams.at(0).listeners == 0);
  }
  SECTION("out of reach") {
    writer.pattern = StreamPattern::pubsub;
    writer.open();
    REQUIRE(peer.last<LiveSource>());
    CHECK(peer.last<LiveSource>()->endpoint.empty());
  }
}

TEST_CASE("a live stream is heard by who listens and by nobody else, and its old blocks are closed (W7)") {
  OfficeBench bench;
  Peer& early = bench.connect(400);
  bench.say(early, live());  // the stream is made, and what it is to be is still open
  TestWriter writer(bench);
  writer.pattern = StreamPattern::pubsub;
  writer.kind = StreamKind::live;
  writer.open();
  REQUIRE_FALSE(writer.grants.empty());
  CHECK(bench.status().streams.at(0).kind == StreamKind::live);
  CHECK(early.last<LiveSource>()->endpoint == writer.publishes_at);
  Subscribe durable = live(0x72);
  durable.mode = SubscriptionMode::exclusive;
  durable.subscription = "audit";
  bench.say(early, durable);
  REQUIRE(early.last<Refused>());
  CHECK(early.last<Refused>()->text.find("is live only") != std::string::npos);
  for (int block = 0; block < 40; ++block) {
    writer.ask_for_grant();
    bench.pass(100ms);
    writer.learn();
  }
  CHECK(writer.grants.size() == 41);
  CHECK(bench.store.snapshot().streams.begin()->second.grants.size() < 8);
  bench.restart();
  bench.pass(100ms);
  CHECK(bench.status().streams.at(0).kind == StreamKind::live);
  writer.grants.erase(writer.grants.begin(), writer.grants.end() - 2);  // as a Producer: what it still has in use
  writer.resume(writer.grants.back().range.first);
  CHECK(writer.peer->last<Attached>());
}
