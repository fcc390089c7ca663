#include "tests/core/office_actors.h"

using namespace restante;
using namespace restante::core;

TEST_CASE("a link is welcomed with the node and its incarnation") {
  OfficeBench bench;
  Peer& peer = bench.connect();
  const auto welcome = peer.last<Welcome>();
  REQUIRE(welcome);
  CHECK(welcome->node == "node");
  CHECK(welcome->incarnation == Incarnation{1, 2});
  CHECK(welcome->version == protocol_version);
}

TEST_CASE("nothing is done for a link that has not said hello") {
  OfficeBench bench;
  Peer& peer = bench.connect(100, false);
  OpenWriter open;
  open.handle = 0xA;
  open.stream = "s";
  bench.say(peer, open);
  REQUIRE(peer.last<Unknown>());
  CHECK_FALSE(peer.last<Granted>());
  CHECK(bench.status().streams.empty());
}

TEST_CASE("a copy on a link that has not said hello is answered, and not taken") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  Peer& stranger = bench.connect(101, false);
  writer.seal(1);
  bench.copy(stranger, writer.frames.at(1));
  CHECK(stranger.last<Unknown>());
  CHECK(bench.status().streams.at(0).head == 0);
}

TEST_CASE("another version of the protocol is refused with what to do") {
  OfficeBench bench;
  Peer& peer = bench.connect(100, false);
  Hello hello;
  hello.version = protocol_version + 1;
  bench.say(peer, hello);
  const auto refused = peer.last<Refused>();
  REQUIRE(refused);
  CHECK(refused->side == Side::link);
  CHECK(refused->code == ErrorCode::incompatible_version);
  CHECK_FALSE(peer.last<Welcome>());
}

TEST_CASE("what comes by a link that its client has left takes no seat (W1, decision 0009)") {
  OfficeBench bench;
  const auto dial = [&](std::uint64_t number) -> Peer& {
    Peer& peer = bench.connect(100, false);
    bench.say(peer, Hello{protocol_version, 0, "app", "here", 100, 7, 0xC, number});
    return peer;
  };
  OpenWriter open;
  open.handle = 0xA;
  open.stream = "s";
  Peer& left = dial(1);
  Peer& present = dial(2);
  bench.say(present, open);
  REQUIRE(present.last<Granted>());
  bench.say(left, open);
  CHECK_FALSE(left.last<Granted>());
  CHECK_FALSE(present.last<Fenced>());
  SECTION("also if its hello comes behind that of the new one") {
    Peer& late = dial(1);
    bench.say(late, open);
    CHECK_FALSE(late.last<Granted>());
  }
  SECTION("and it ends when it has been silent for long enough, whatever comes") {
    bench.pass(limits::silence_max + 1s);
    CHECK(bench.status().links == 1);
  }
  TestWriter other(bench, 0xB, 101);  // the seat is taken
  other.open();
  CHECK(other.peer->last<Refused>()->code == ErrorCode::held_elsewhere);
}

TEST_CASE("a late word of a reader that was killed takes its name from nobody (X7)") {
  OfficeBench bench;
  Subscribe subscribe;
  subscribe.stream = "s";
  subscribe.subscription = "reader";
  subscribe.mode = SubscriptionMode::exclusive;
  Peer& killed = bench.connect(200);
  Peer& successor = bench.connect(201);
  subscribe.session = 2;
  bench.say(successor, subscribe);
  REQUIRE(successor.last<Subscribed>());
  subscribe.session = 1;
  SECTION("it is dead") {
    bench.dead_pids.insert(200);
    bench.say(killed, subscribe);
    CHECK_FALSE(killed.last<Subscribed>());
    CHECK_FALSE(successor.last<TakenOver>());
  }
  SECTION("a living one does") {
    bench.say(killed, subscribe);
    CHECK(successor.last<TakenOver>());
  }
}

TEST_CASE("a jump in the numbers of a link ends it, and what it held is owed (T3)") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  TestWorker worker(bench);
  worker.join();
  writer.send(2);
  CHECK(worker.take() == Sequences{1, 2});
  ++worker.peer->number;  // a frame is lost
  worker.ack(1);
  CHECK(worker.peer->last<Unknown>());
  CHECK(bench.workers().acked == 0);
  CHECK(bench.workers().sessions == 0);
  worker.join();
  CHECK(worker.take() == Sequences{1, 2});
}

TEST_CASE("a frame that comes twice ends the link too") {
  OfficeBench bench;
  Peer& peer = bench.connect();
  --peer.number;
  bench.say(peer, Heartbeat{});
  CHECK(peer.last<Unknown>());
}

TEST_CASE("a link that the sidecar has ended is told so with its next frame") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  writer.peer->heartbeats = false;
  bench.pass(limits::silence_max + 1s);
  CHECK(bench.status().links == 0);
  SECTION("a control frame") { bench.say(*writer.peer, Heartbeat{}); }
  SECTION("a copy") { writer.send(1); }
  CHECK(writer.peer->last<Unknown>());
}

TEST_CASE("a link without a word is down, and one with heartbeats is not") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  TestWorker quiet(bench);
  quiet.join();
  writer.send(1);
  CHECK(quiet.take() == Sequences{1});
  TestWorker other(bench, 0x52);
  other.join();
  quiet.peer->heartbeats = false;
  bench.pass(limits::silence_max);
  CHECK(other.take().empty());
  bench.pass(limits::heartbeat_interval);
  CHECK(other.take() == Sequences{1});
  CHECK(bench.counter("links that fell silent") == 1);
  bench.pass(1min);
  CHECK(bench.status().links == 2);
}

TEST_CASE("the sidecar is not silent either") {
  OfficeBench bench;
  Peer& peer = bench.connect();
  bench.pass(10s);
  const std::size_t heartbeats = peer.all<Heartbeat>().size();
  CHECK(heartbeats >= 16);
  CHECK(heartbeats <= 21);
}

TEST_CASE("a link that says goodbye is gone without a death, and its writer's seat is free") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  writer.send(1);
  bench.say(*writer.peer, Bye{});
  TestWriter other(bench, 0xB);
  other.open();
  CHECK(other.grants.size() == 1);
  CHECK(bench.status().links == 1);
}

TEST_CASE("frames of a link that is gone, and of nobody, harm nothing") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  bench.cut(*writer.peer);
  bench.say(*writer.peer, CloseWriter{writer.handle});
  bench.cut(*writer.peer);
  writer.send(1);
  bench.office->on_garbage(99, bench.now);
  bench.office->on_link_down(99, bench.now);
  CHECK(bench.status().streams.at(0).head == 0);
  CHECK(bench.counter("frames that could not be decoded") == 1);
}

TEST_CASE("a damaged frame begins its link anew: a damaged copy is in no numbering (W2, T3)") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  writer.send(1);
  const Range lost = writer.seal(1);
  bench.garbage(*writer.peer);  // what came of it
  CHECK(writer.peer->last<Unknown>());
  CHECK(bench.status().links == 0);
  writer.resume(lost.first - 1);
  writer.send_again(lost.first - 1);
  CHECK(writer.peer->last<Confirmed>().value().to == lost.last);
}

TEST_CASE("garbage of a stranger, who has not said hello, is only counted") {
  OfficeBench bench;
  Peer& stranger = bench.connect(100, false);
  bench.garbage(stranger);
  CHECK(stranger.heard.empty());
  CHECK(bench.counter("frames that could not be decoded") == 1);
}

TEST_CASE("what only a sidecar says is counted and ignored") {
  OfficeBench bench;
  Peer& peer = bench.connect();
  bench.say(peer, Confirmed{});
  bench.say(peer, CatchUp{1, 1});  // of no session: ignored
  bench.say(peer, RequestGrant{5});
  bench.say(peer, CloseWriter{5});
  bench.say(peer, Unsubscribe{5});
  CHECK(bench.counter("messages that a library does not send") == 1);
  CHECK_FALSE(peer.last<Unknown>());
}

TEST_CASE("names that are not allowed are refused with the rule") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open("Not/Allowed");
  const auto refused = writer.peer->last<Refused>();
  REQUIRE(refused);
  CHECK(refused->code == ErrorCode::bad_argument);
  CHECK(refused->text.find("Not/Allowed") != std::string::npos);
  CHECK(bench.status().streams.empty());
}

TEST_CASE("a stream stays of the kind that it was made of (W7)") {
  OfficeBench bench;
  TestWriter kept(bench);
  kept.open();
  Peer& peer = bench.connect();
  OpenWriter open;
  open.handle = 0xB;
  open.stream = "s";
  open.kind = StreamKind::live;
  bench.say(peer, open);
  REQUIRE(peer.last<Refused>());
  CHECK(peer.last<Refused>()->code == ErrorCode::bad_argument);
  open.stream = "l";
  bench.say(peer, open);
  REQUIRE(peer.last<Granted>());
  TestWorker worker(bench);
  worker.stream = "l";
  worker.join();
  REQUIRE(worker.peer->last<Refused>());
  CHECK(worker.token == 0);
}

TEST_CASE("nothing is sent to a session before its Subscribed") {
  OfficeBench bench;
  bench.disk_runs = false;
  TestWorker worker(bench);
  worker.endpoint = "tcp://10.0.0.9:1";
  worker.join();
  TestWriter writer(bench);
  writer.open();  // waits behind the first transaction
  const auto nothing_but_links = [&] {
    return worker.peer->all<Subscribed>().size() + worker.peer->all<Grants>().size() +
           worker.peer->all<Redelivery>().size() + worker.peer->all<Checkpoint>().size();
  };
  CHECK(nothing_but_links() == 0);
  bench.pass(2s);
  CHECK(nothing_but_links() == 0);
  while (bench.disk_step()) bench.perform();
  std::vector<std::size_t> kinds;
  for (const Outgoing& one : worker.peer->heard) {
    if (!std::holds_alternative<Heartbeat>(one.message)) kinds.push_back(one.message.index());
  }
  REQUIRE(kinds.size() >= 2);
  CHECK(kinds.at(0) == ControlMessage(Welcome{}).index());
  CHECK(kinds.at(1) == ControlMessage(Subscribed{}).index());
}

TEST_CASE("an endpoint that became too long for the wire is not announced") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  TestWorker worker(bench);
  worker.endpoint = std::string(limits::endpoint_size_max, 'x');
  bench.endpoint_suffix = "y";  // as an address that stands for `*`
  worker.join();
  CHECK_FALSE(writer.target());
  CHECK(worker.token != 0);
}

TEST_CASE("the handles of one link are bounded") {
  OfficeBench bench;
  Peer& peer = bench.connect();
  OpenWriter open;
  for (std::uint64_t handle = 1; handle <= limits::handles_max + 1; ++handle) {
    open.handle = handle;
    open.stream = "s" + std::to_string(handle);
    bench.say(peer, open);
  }
  CHECK(peer.all<Granted>().size() == limits::handles_max);
  REQUIRE(peer.last<Refused>());
  CHECK(peer.last<Refused>()->id == limits::handles_max + 1);
}

TEST_CASE("a handle names one stream: a second is refused, and the first goes on") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  OpenWriter open;
  open.handle = writer.handle;
  open.stream = "t";
  bench.say(*writer.peer, open);
  REQUIRE(writer.peer->last<Refused>());
  CHECK(writer.peer->last<Refused>()->code == ErrorCode::bad_argument);
  bench.cut(*writer.peer);
  bench.pass(limits::silence_max);
  TestWriter other(bench, 0xB);
  other.open();
  CHECK(other.grants.size() == 1);
}

TEST_CASE("a consumer may subscribe again on one link as often as it likes") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  TestWorker worker(bench);
  worker.join();
  for (std::size_t i = 0; i < 2 * limits::handles_max; ++i) worker.subscribe();
  CHECK_FALSE(worker.peer->last<Refused>());
  CHECK(bench.workers().sessions == 1);
  writer.send(1);
  CHECK(worker.take() == Sequences{1});
}
