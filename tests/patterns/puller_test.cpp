#include <poll.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>

#include <restante/node.h>
#include <catch2/catch.hpp>

#include "tests/patterns/fake_sidecar.h"

using namespace restante;
using namespace std::chrono_literals;
using restante::test::FakeSidecar;

namespace {

constexpr Duration patience = 10s;

bool readable(int descriptor, int milliseconds) {
  pollfd poll{descriptor, POLLIN, 0};
  return ::poll(&poll, 1, milliseconds) == 1;
}

/// The next Settle that says something but credit and reports.
core::Settle settled(FakeSidecar& sidecar) {
  for (;;) {
    auto settle = sidecar.expect<core::Settle>();
    if (!settle.acks.empty() || !settle.nacks.empty() || !settle.rejects.empty() || !settle.released.empty()) {
      return settle;
    }
  }
}

core::GrantRange range(Sequence first, Sequence last) { return {FakeSidecar::grant_id, {first, last}}; }

}  // namespace

TEST_CASE("a redelivery is received with all that belongs to it, and acked") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto puller = node.puller("orders");
  CHECK_FALSE(puller.try_receive());
  const auto subscribe = sidecar.subscribe();
  CHECK(subscribe.stream == "orders");
  CHECK(subscribe.subscription == "workers");
  CHECK(subscribe.host == sidecar.hello.host);
  core::AttributeValues values;
  values.content_type = "text/plain";
  values.key = "k";
  values.marker = 12;
  values.headers = {{"shop", "3"}};
  std::string why;
  sidecar.redeliver(sidecar.batch(11, {"42 apples"}, 0, core::encode_attributes(values, why).value()), 2);
  auto order = puller.receive(patience);
  REQUIRE(order);
  CHECK(order->payload() == "42 apples");
  CHECK(reinterpret_cast<std::uintptr_t>(order->payload().data()) % 8 == 0);
  CHECK(order->topic().empty());
  CHECK(order->node() == "here");
  CHECK(order->id() == MessageId{"here", "orders", FakeSidecar::grant_id, 11});
  CHECK(order->attempt() == 3);
  CHECK(order->header("content-type") == "text/plain");
  CHECK(order->header("key") == "k");
  CHECK(order->header("shop") == "3");
  CHECK(order->header("marker") == "12");
  CHECK(order->header("none").empty());
  CHECK(order->marker() == 12);
  const Attributes all = order->attributes();
  CHECK(all.content_type == "text/plain");
  CHECK(all.key == "k");
  CHECK(all.marker == 12);
  REQUIRE(all.headers.size() == 1);
  CHECK(all.headers[0].name == "shop");
  CHECK(all.headers[0].value == "3");
  CHECK(order->effect_id().starts_with("here/orders/"));
  CHECK(order->effect_id().ends_with("/11"));
  CHECK(order->ack());
  CHECK_FALSE(order->ack());
  CHECK_FALSE(order->nack());
  CHECK(settled(sidecar).acks == std::vector{range(11, 11)});
}

TEST_CASE("what was made from another message stands for that one") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto puller = node.puller("orders");
  sidecar.subscribe();
  core::AttributeValues values;
  values.headers = {{std::string(origin_header), "there/raw/1f/7>orders"}};
  std::string why;
  sidecar.redeliver(sidecar.batch(11, {"42 apples"}, 0, core::encode_attributes(values, why).value()), 2);
  auto order = puller.receive(patience);
  REQUIRE(order);
  CHECK(order->effect_id() == "there/raw/1f/7>orders");
}

TEST_CASE("each way of settling reaches the sidecar") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto puller = node.puller("orders");
  sidecar.subscribe();
  sidecar.redeliver(sidecar.batch(1, {"a", "b", "c"}));
  CHECK(puller.receive(patience).value().nack(250ms));
  const auto nacks = settled(sidecar).nacks;
  REQUIRE(nacks.size() == 1);
  CHECK(nacks[0].sequence == 1);
  CHECK(nacks[0].delay_ms == 250);
  CHECK(puller.receive(patience).value().reject("no such shop"));
  const auto rejects = settled(sidecar).rejects;
  REQUIRE(rejects.size() == 1);
  CHECK(rejects[0].sequence == 2);
  CHECK(rejects[0].reason == "no such shop");
  puller.receive(patience).value().release();
  CHECK(settled(sidecar).released == std::vector{range(3, 3)});
}

TEST_CASE("a delivery that is dropped is released, and nacked while an exception unwinds") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto puller = node.puller("orders");
  sidecar.subscribe();
  sidecar.redeliver(sidecar.batch(1, {"a", "b"}));
  { const auto dropped = puller.receive(patience); }
  CHECK(settled(sidecar).released == std::vector{range(1, 1)});
  try {
    const auto failed = puller.receive(patience);
    throw std::runtime_error("handler");
  } catch (const std::runtime_error&) {
  }
  const auto nacks = settled(sidecar).nacks;
  REQUIRE(nacks.size() == 1);
  CHECK(nacks[0].sequence == 2);
}

TEST_CASE("a delivery may be settled on another thread and after its puller is gone") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto puller = std::make_unique<Puller>(node.puller("orders"));
  sidecar.subscribe();
  sidecar.redeliver(sidecar.batch(1, {"a", "b"}));
  auto delivery = puller->receive(patience);
  puller.reset();
  CHECK(settled(sidecar).released == std::vector{range(2, 2)});
  std::thread([&] { CHECK(delivery->ack()); }).join();
  CHECK(settled(sidecar).acks == std::vector{range(1, 1)});
  sidecar.expect<core::Unsubscribe>();
}

TEST_CASE("a delivery outlives its node and then settles nothing") {
  FakeSidecar sidecar;
  auto node = std::make_unique<Node>(sidecar.options());
  auto puller = node->puller("orders");
  sidecar.subscribe();
  sidecar.redeliver(sidecar.batch(1, {"a"}));
  auto delivery = puller.receive(patience);
  REQUIRE(delivery);
  std::thread end([&] { node.reset(); });
  sidecar.expect<core::Bye>();
  end.join();
  CHECK(delivery->payload() == "a");
  delivery->ack();
  CHECK(puller.stopped());
  CHECK_FALSE(puller.receive(patience));
}

TEST_CASE("live copies come on the announced endpoint") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto puller = node.puller("orders");
  const auto subscribe = sidecar.subscribe();
  REQUIRE(subscribe.live_endpoints.size() == 1);
  CHECK(subscribe.live_endpoints[0].find("/run/live-" + std::to_string(::getpid())) != std::string::npos);
  sidecar.redeliver(sidecar.batch(1, {"so that it is subscribed"}));
  puller.receive(patience).value().ack();
  link::Push producer(sidecar.context(), subscribe.live_endpoints[0]);
  producer.send(sidecar.batch(2, {"stale"}, 999).frame());
  producer.send(sidecar.batch(2, {"live"}, FakeSidecar::token).frame());
  producer.send(core::Buffer::copy_of("RB rubbish"));
  auto delivery = puller.receive(patience);
  REQUIRE(delivery);
  CHECK(delivery->payload() == "live");
  CHECK(node.status_json().find("\"live_unknown\":1") != std::string::npos);
}

TEST_CASE("a node without a live path announces none") {
  FakeSidecar sidecar;
  NodeOptions options = sidecar.options();
  options.live = "none";
  Node node(options);
  auto puller = node.puller("orders");
  CHECK(sidecar.subscribe().live_endpoints.empty());
}

TEST_CASE("a live endpoint that is no tcp endpoint, or not on this machine, is refused") {
  FakeSidecar sidecar;
  NodeOptions options = sidecar.options();
  options.live = "ipc:///somewhere";
  CHECK_THROWS_WITH(Node(options), Catch::Contains("give tcp://host:port"));
  options.live = "tcp://127.0.0.1:*";
  CHECK_THROWS_WITH(Node(options), Catch::Contains("with the port itself"));
  options.live = "tcp://198.51.100.7:7000";
  CHECK_THROWS_WITH(Node(options), Catch::Contains("NodeOptions::insecure"));
}

TEST_CASE("ready_fd is readable exactly while there is something") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto puller = node.puller("orders");
  const int ready = puller.ready_fd();
  CHECK_FALSE(readable(ready, 0));
  sidecar.subscribe();
  sidecar.redeliver(sidecar.batch(1, {"a", "b"}));
  CHECK(readable(ready, 10000));
  puller.try_receive().value().ack();
  CHECK(readable(ready, 0));
  puller.try_receive().value().ack();
  CHECK_FALSE(readable(ready, 0));
  CHECK_FALSE(puller.try_receive());
  puller.stop();
  CHECK(readable(ready, 0));
}

TEST_CASE("stop ends waiting, now and later") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto puller = node.puller("orders");
  std::thread waiting([&] { CHECK_FALSE(puller.receive()); });
  sidecar.subscribe();
  puller.stop();
  waiting.join();
  CHECK(puller.stopped());
  CHECK_FALSE(puller.receive());
  int steps = 0;
  for (const auto& delivery : puller) steps += delivery.payload().empty() ? 0 : 1;
  CHECK(steps == 0);
}

TEST_CASE("run acks what returns, nacks what throws, and leaves what was settled") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto puller = node.puller("orders");
  sidecar.subscribe();
  sidecar.redeliver(sidecar.batch(1, {"fine", "bad", "own"}));
  std::stop_source stop;
  std::atomic<int> handled{0};
  std::thread running([&] {
    puller.run(
        [&](Delivery& delivery) {
          ++handled;
          if (delivery.payload() == "bad") throw std::runtime_error("no flour");
          if (delivery.payload() == "own") delivery.reject("mine");
        },
        stop.get_token(), 2);
  });
  int acks = 0;
  int nacks = 0;
  int rejects = 0;
  while (acks + nacks + rejects < 3) {
    const auto settle = settled(sidecar);
    acks += static_cast<int>(settle.acks.size());
    nacks += static_cast<int>(settle.nacks.size());
    rejects += static_cast<int>(settle.rejects.size());
  }
  CHECK(acks == 1);
  CHECK(nacks == 1);
  CHECK(rejects == 1);
  stop.request_stop();
  running.join();
  CHECK(handled == 3);
  CHECK_FALSE(puller.stopped());
  CHECK(sidecar.log().find("no flour") != std::string::npos);
}

TEST_CASE("what is held is told again on a new link, and acks that a cut swallowed are said again") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto puller = node.puller("orders");
  const auto first = sidecar.subscribe();
  sidecar.redeliver(sidecar.batch(1, {"a", "b"}));
  auto a = puller.receive(patience);
  auto b = puller.receive(patience);
  sidecar.die();
  CHECK(a->ack());
  sidecar.open();
  const auto again = sidecar.subscribe();
  CHECK(again.session == first.session);
  CHECK(again.held == std::vector{range(2, 2)});
  CHECK(settled(sidecar).acks == std::vector{range(1, 1)});
  CHECK(b->ack());
  CHECK(settled(sidecar).acks == std::vector{range(2, 2)});
}

TEST_CASE("a refusal is said once: receive() throws what its only sidecar says, and the log does not warn of it") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto puller = node.puller("orders");
  const auto asked = sidecar.expect<core::Subscribe>();
  sidecar.say(core::Refused{core::Side::session, asked.session, ErrorCode::bad_argument, "it is a published one"});
  std::string thrown;
  REQUIRE(sidecar.wait_until([&] {
    try {
      static_cast<void>(puller.try_receive());
    } catch (const Error& error) {
      thrown = error.what();
    }
    return !thrown.empty();
  }));
  CHECK(thrown == "receive from stream orders: it is a published one");
  for (const char* level : {"2 ", "3 "}) {
    CHECK(sidecar.log().find(std::string(level) + "receiving orders") == std::string::npos);
  }
}

TEST_CASE("a gap is told in the receiving thread") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  std::vector<Gap> gaps;
  const auto here = std::this_thread::get_id();
  auto puller = node.puller("orders", {.on_gap = [&](const Gap& gap) {
                              CHECK(std::this_thread::get_id() == here);
                              gaps.push_back(gap);
                            }});
  sidecar.subscribe();
  sidecar.redeliver(sidecar.batch(11, {"a"}));
  puller.receive(patience).value().ack();
  sidecar.restart();
  const auto again = sidecar.expect<core::Subscribe>();
  sidecar.say(core::Subscribed{again.session, FakeSidecar::token, again.mode, 0, 0, {{99, {1, 1000}}}, 1});
  core::Batch other = sidecar.batch(20, {"of the new store"});
  sidecar.say(core::Heartbeat{});
  REQUIRE(sidecar.wait_until([&] {
    static_cast<void>(puller.try_receive());
    return !gaps.empty();
  }));
  CHECK(gaps[0].node == "here");
  CHECK(gaps[0].stream == "orders");
  CHECK(gaps[0].from == 1);
}

TEST_CASE("a gap that is owed comes between the messages, and is acked when it was told") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  std::string seen;
  auto puller = node.puller("orders", {.on_gap = [&](const Gap& gap) {
                              seen += std::to_string(gap.from) + "-" + std::to_string(gap.to) + " " + gap.reason + " ";
                              CHECK(settled(sidecar).missed.empty());  // of the message before it
                            }});
  sidecar.subscribe();
  sidecar.redeliver(sidecar.batch(11, {"a"}));
  sidecar.say(core::Missed{FakeSidecar::token, 7, {12, 14}, "the limit", 14});
  sidecar.redeliver(sidecar.batch(15, {"b"}));
  for (int messages = 0; messages < 2; ++messages) {
    auto message = puller.receive(patience).value();
    seen += std::string(message.payload()) + " ";
    message.ack();
  }
  CHECK(seen == "a 12-14 the limit b ");
  std::vector<std::uint64_t> missed;
  while (missed.empty()) missed = sidecar.expect<core::Settle>().missed;
  CHECK(missed == std::vector<std::uint64_t>{7});
}

TEST_CASE("options of a reader are checked before anything is opened") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  const auto code = [&](std::string_view stream, const ReceiverOptions& options) {
    try {
      node.puller(stream, options);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::store_failed;
  };
  CHECK(code("Orders", {}) == ErrorCode::bad_argument);
  CHECK(code("orders", {.from = {"http://here"}}) == ErrorCode::bad_argument);
  CHECK(code("orders", {.from = {"tcp://192.0.2.1:5000"}}) == ErrorCode::denied);
  CHECK(code("orders", {.from = {"tcp://127.0.0.1:5000", "tcp://127.0.0.1:5000"}}) == ErrorCode::bad_argument);
  CHECK(code("orders", {.credit = 0}) == ErrorCode::bad_argument);
  CHECK(code("orders", {.lease = 0s}) == ErrorCode::bad_argument);
}
