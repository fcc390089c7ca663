// Publish and subscribe: what arrives, and at whom.

#include <algorithm>
#include <utility>

#include <catch2/catch.hpp>

#include <restante/error.h>

#include "tests/patterns/link_fixture.h"

using namespace restante;
using namespace restante::link;
using namespace restante::link::test;

namespace {

/// A publisher and what a test needs to hear it.
struct Station {
  Station() : publish(context), endpoint(publish.bind(place.ipc("socket"))) {}

  /// A subscriber whose subscription is known.
  std::unique_ptr<Subscribe> listener(const std::string& prefix) {
    auto subscribe = std::make_unique<Subscribe>(context, frame_max);
    subscribe->subscribe(prefix);
    subscribe->connect(endpoint);
    REQUIRE(meet(*subscribe, publish, prefix));
    return subscribe;
  }

  Place place;
  Context context;
  Publish publish;
  std::string endpoint;
};

/// To those who have the prefix "end", or all.
void say_end(Publish& publish) { publish.send("end", text("end")); }

/// Reads up to what say_end() says and returns the topics before it, without those of knocking.
std::vector<std::string> topics_until_end(Subscribe& subscribe) {
  std::vector<std::string> topics;
  for (;;) {
    const auto publication = next_of(subscribe);
    REQUIRE(publication);
    if (publication->batch.octets() == "end") return topics;
    if (!publication->batch.octets().starts_with("knock")) topics.push_back(publication->topic);
  }
}

using Topics = std::vector<std::string>;

}  // namespace

TEST_CASE("what is published arrives as it was at those who have its prefix, aligned, by ipc and by tcp", "[link]") {
  Station station;
  const bool is_ipc = GENERATE(true, false);
  if (!is_ipc) station.endpoint = station.publish.bind("tcp://127.0.0.1:0");
  const auto first = station.listener("a/");
  const auto second = station.listener("b/");
  const std::vector<std::size_t> sizes{0, 1, 7, 29, 33, 34, 100, 1023, 1024, 8191, 8192, 70'000, frame_max};
  for (const std::size_t size : sizes) {
    CAPTURE(size);
    std::string octets(size, '\0');
    for (std::size_t i = 0; i < size; ++i) octets[i] = static_cast<char>(i * 31 + size);
    const std::string name = std::to_string(size);
    REQUIRE(station.publish.send("a/" + name, text(octets)) == Sent::yes);
    std::reverse(octets.begin(), octets.end());
    REQUIRE(station.publish.send("b/" + name, text(octets)) == Sent::yes);
    const auto of_second = next_of(*second);
    REQUIRE(of_second);
    CHECK(of_second->topic == "b/" + name);
    CHECK(of_second->batch.octets() == octets);
    CHECK(is_aligned(of_second->batch));
    std::reverse(octets.begin(), octets.end());
    const auto of_first = next_of(*first);
    REQUIRE(of_first);
    CHECK(of_first->topic == "a/" + name);
    CHECK(of_first->batch.octets() == octets);
    CHECK(is_aligned(of_first->batch));
  }
  CHECK(first->dropped() + second->dropped() == 0);
}

TEST_CASE("one publisher serves ipc and tcp at once", "[link]") {
  Station station;
  const auto near = station.listener("");
  station.endpoint = station.publish.bind("tcp://127.0.0.1:0");
  const auto far = station.listener("");
  station.publish.send("topic", text("to all"));
  say_end(station.publish);
  CHECK(topics_until_end(*far) == Topics{"topic"});
  CHECK(topics_until_end(*near) == Topics{"topic"});
}

TEST_CASE("a subscriber gets the topics that begin with one of its prefixes, and no others", "[link]") {
  Station station;
  const auto other = station.listener("c");
  const auto both = station.listener("a");
  both->subscribe("b/");
  other->subscribe("end");
  both->subscribe("end");
  REQUIRE(meet(*both, station.publish, "b/"));
  REQUIRE(meet(*other, station.publish, "end"));
  REQUIRE(meet(*both, station.publish, "end"));
  for (const char* topic : {"a", "a/x", "b", "b/", "b/x", "c", "", "ab", "/a"}) station.publish.send(topic, text("."));
  say_end(station.publish);
  CHECK(topics_until_end(*both) == Topics{"a", "a/x", "b/", "b/x", "ab"});
  CHECK(topics_until_end(*other) == Topics{"c"});
}

TEST_CASE("prefixes are counted, and one that was never subscribed ends nothing", "[link]") {
  Station station;
  const auto subscribe = station.listener("a");
  subscribe->subscribe("a");
  subscribe->subscribe("end");
  REQUIRE(meet(*subscribe, station.publish, "end"));
  const auto hears = [&] {
    station.publish.send("a", text(""));
    say_end(station.publish);
    return !topics_until_end(*subscribe).empty();
  };
  subscribe->unsubscribe("a");
  subscribe->unsubscribe("never");
  CHECK(hears());
  subscribe->unsubscribe("a");
  CHECK_FALSE(hears());
  subscribe->unsubscribe("a");
  CHECK_FALSE(hears());
  subscribe->subscribe("a");
  REQUIRE(meet(*subscribe, station.publish, "a"));
  CHECK(hears());
}

TEST_CASE("more prefixes than zmq queues by itself are all heard", "[link]") {
  Station station;
  constexpr int count = 3000;
  Subscribe subscribe(station.context, frame_max);
  for (int i = 0; i < count; ++i) subscribe.subscribe("topic " + std::to_string(i) + ".");
  subscribe.connect(station.endpoint);
  for (int i = 0; i < count; i += 100) CHECK(meet(subscribe, station.publish, "topic " + std::to_string(i) + "."));
}

TEST_CASE("a connection that was made twice is one, and ends with one disconnect", "[link]") {
  Station station;
  Station other;
  const auto subscribe = station.listener("");
  subscribe->connect(other.endpoint);
  REQUIRE(meet(*subscribe, other.publish, ""));
  subscribe->connect(station.endpoint);
  const auto witness = station.listener("");
  station.publish.send("once", text(""));
  say_end(station.publish);
  CHECK(topics_until_end(*subscribe) == Topics{"once"});
  CHECK(topics_until_end(*witness) == Topics{"once"});
  subscribe->disconnect(station.endpoint);
  station.publish.send("unheard", text(""));
  say_end(station.publish);
  CHECK(topics_until_end(*witness) == Topics{"unheard"});
  say_end(other.publish);
  CHECK(topics_until_end(*subscribe).empty());
}

TEST_CASE("disconnect ends one publisher's messages and no other's, and connect brings them back", "[link]") {
  const bool is_ipc = GENERATE(true, false);
  Station left;
  Station right;
  if (!is_ipc) {
    const std::string bound = left.publish.bind("tcp://127.0.0.1:0");
    left.endpoint = "tcp://localhost" + bound.substr(bound.rfind(':'));
  }
  const auto witness = left.listener("");
  const auto subscribe = left.listener("");
  subscribe->connect(right.endpoint);
  REQUIRE(meet(*subscribe, right.publish, ""));
  subscribe->disconnect(left.endpoint);
  left.publish.send("left", text(""));
  say_end(left.publish);
  CHECK(topics_until_end(*witness) == Topics{"left"});
  right.publish.send("right", text(""));
  say_end(right.publish);
  CHECK(topics_until_end(*subscribe) == Topics{"right"});
  subscribe->connect(left.endpoint);
  CHECK(meet(*subscribe, left.publish, "left"));
  CHECK(meet(*subscribe, right.publish, "right"));
}

TEST_CASE("to disconnect from where one is not connected is nothing", "[link]") {
  Context context;
  Subscribe subscribe(context, frame_max);
  for (const char* endpoint : {"ipc:///nowhere", "tcp://127.0.0.1:5", "tcp://no.such.host:5", "nonsense", ""}) {
    CHECK_NOTHROW(subscribe.disconnect(endpoint));
  }
}

TEST_CASE("bad endpoints are refused by publishers and subscribers", "[link]") {
  const Place place;
  Context context;
  Publish publish(context);
  publish.bind(place.ipc("socket"));
  Publish second(context);
  CHECK_THROWS_AS(second.bind(place.ipc("socket")), Error);
  CHECK_THROWS_AS(second.bind("inproc://x"), Error);
  Subscribe subscribe(context, frame_max);
  const std::string endpoint = GENERATE(as<std::string>{}, "inproc://x", "tcp://*:5555", "tcp://127.0.0.1:0",
                                        "tcp://127.0.0.1:*", "tcp://[::1]:5");
  CHECK_THROWS_AS(subscribe.connect(endpoint), Error);
  CHECK_THROWS_AS(subscribe.connect(endpoint), Error);
}

TEST_CASE("a wait ends for what was published, and not for a subscriber that was removed", "[link]") {
  Station station;
  const auto subscribe = station.listener("");
  Poller poller;
  poller.add(station.publish);
  poller.add(*subscribe);
  station.publish.send("topic", text(""));
  poller.wait(forever);
  CHECK(subscribe->receive());
  station.publish.send("topic", text(""));
  poller.wait(forever);
  poller.remove(*subscribe);
  const core::Instant before = boot_now();
  poller.wait(5ms);
  CHECK(boot_now() - before >= 5ms);
  poller.remove(station.publish);
}
