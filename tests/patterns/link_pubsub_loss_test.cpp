// Publish and subscribe: subscribers that do not read, publishers that come and go, strangers.

#include <charconv>
#include <utility>

#include <catch2/catch.hpp>

#include "patterns/link/zmq_monitor.h"
#include "patterns/link/zmq_publish_subscribe.h"
#include "tests/patterns/link_fixture.h"

using namespace restante;
using namespace restante::link;
using namespace restante::link::test;

namespace {

constexpr int queues = 4096 + 1024;  ///< of a publisher and of a subscriber, in messages
/// zmq tells a queue's writer of its reader's progress only after each half: so many fit in any case, with some
/// knocking before.
constexpr int surely_kept = 4096 / 2;

int number_of(const Publication& publication) {
  int number = -1;
  const auto octets = publication.batch.octets();
  std::from_chars(octets.data(), octets.data() + octets.size(), number);
  return number;
}

std::string next_topic(Subscribe& subscribe) {
  const auto publication = next_of(subscribe);
  REQUIRE(publication);
  return publication->topic;
}

}  // namespace

TEST_CASE("a subscriber that does not read loses messages of its own, and stops nobody", "[link]") {
  const Place place;
  const bool is_ipc = GENERATE(true, false);
  Context context;
  Publish publish(context);
  const std::string endpoint = publish.bind(is_ipc ? place.ipc("socket") : "tcp://127.0.0.1:0");
  Subscribe reader(context, frame_max);
  Subscribe idler(context, frame_max);
  for (Subscribe* one : {&reader, &idler}) {
    one->subscribe("");
    one->connect(endpoint);
    REQUIRE(meet(*one, publish, "knock"));
  }
  REQUIRE(meet(reader, publish, "knock"));
  constexpr int count = 3 * queues;
  int read = 0;
  Poller poller;
  poller.add(reader);
  for (int sent = 0; sent < count; ++sent) {
    REQUIRE(publish.send("topic", text(std::to_string(sent) + std::string(4000, '.'))) == Sent::yes);
    if (sent % 256 != 255) continue;
    REQUIRE(eventually(poller, [&] {
      while (const auto publication = reader.receive()) {
        if (number_of(*publication) != read++) return false;
      }
      return read == sent + 1;
    }));
  }
  CHECK(read == count);
  // Now the idler reads: the oldest are there, without a gap, and what is missing is what found its queues full.
  int last = -1;
  int kept = 0;
  Poller of_idler;
  of_idler.add(idler);
  REQUIRE(eventually(of_idler, [&] {
    publish.send("end", text(""));
    while (const auto publication = idler.receive()) {
      if (publication->topic == "end") return true;
      if (publication->topic != "topic") continue;
      REQUIRE(number_of(*publication) > last);
      last = number_of(*publication);
      if (kept < surely_kept) REQUIRE(last == kept);
      ++kept;
    }
    return false;
  }));
  CHECK(kept >= surely_kept);
  CHECK(kept < 2 * queues);
  CHECK(idler.dropped() == 0);
  CHECK(reader.dropped() == 0);
}

TEST_CASE("a publication has two frames; messages of one or more than two are dropped whole and counted", "[link]") {
  const Place place;
  Context context;
  Socket raw(context, ZMQ_PUB, frame_max);
  Subscribe subscribe(context, frame_max);
  subscribe.subscribe("");
  subscribe.connect(bind_socket(raw.handle(), place.ipc("socket")));
  REQUIRE(meet(subscribe, [&](const core::Buffer& word) { raw.send_pair("", word); }));
  for (int frames = 1; frames <= 4; ++frames) {
    for (int frame = 1; frame < frames; ++frame) raw.send(text(std::to_string(frames)), ZMQ_SNDMORE);
    raw.send(text(std::to_string(frames)), 0);
  }
  raw.send_pair("after", text(""));
  CHECK(next_topic(subscribe) == "2");
  CHECK(next_topic(subscribe) == "after");
  CHECK(subscribe.dropped() == 3);
}

TEST_CASE("a subscriber finds a publisher that comes, goes and comes again, and what it wants by then", "[link]") {
  const Place place;
  std::string endpoint = place.ipc("socket");
  if (GENERATE(true, false)) {
    Context context;
    Publish publish(context);
    endpoint = publish.bind("tcp://127.0.0.1:0");
  }
  Context context;
  Subscribe subscribe(context, frame_max);
  subscribe.connect(endpoint);
  subscribe.subscribe("0");
  for (int life = 0; life < 3; ++life) {
    Context other;  // when it is gone, its listener is
    Publish publish(other);
    publish.bind(endpoint);
    for (int topic = 0; topic <= life; ++topic) CHECK(meet(subscribe, publish, std::to_string(topic)));
    subscribe.subscribe(std::to_string(life + 1));
  }
}

TEST_CASE("a subscriber may leave a publisher of whom a message waits", "[link]") {
  const Place place;
  Context context;
  Publish left(context);
  Publish right(context);
  Subscribe subscribe(context, frame_max);
  subscribe.subscribe("");
  const std::string endpoint = left.bind(place.ipc("left"));
  subscribe.connect(endpoint);
  subscribe.connect(right.bind(place.ipc("right")));
  REQUIRE(meet(subscribe, left, ""));
  REQUIRE(meet(subscribe, right, ""));
  Poller poller;
  poller.add(subscribe);
  left.send("first", text("batch"));
  left.send("second", text("batch"));
  poller.wait(forever);  // now the socket has the first frame in its hand
  subscribe.disconnect(endpoint);
  poller.wait(forever);
  CHECK(next_topic(subscribe) == "first");
  right.send("right", text("batch"));
  CHECK(next_topic(subscribe) == "right");
  CHECK(subscribe.dropped() == 0);
}

TEST_CASE("what a dead subscriber has not read is released, though nothing more is published", "[link]") {
  const Place place;
  Child idler([&] {
    Context context;
    Subscribe subscribe(context, frame_max);
    subscribe.subscribe("");
    subscribe.connect(place.wait_for_note("endpoint"));
    if (next_of(subscribe)) ::raise(SIGSTOP);
  });
  Context context;
  Publish publish(context);
  place.note("endpoint", publish.bind(place.ipc("socket")));
  int status = 0;
  REQUIRE(eventually([&] {
    publish.send("knock", text("knock"));
    return ::waitpid(idler.id(), &status, WUNTRACED | WNOHANG) == idler.id();
  }));
  REQUIRE(WIFSTOPPED(status));
  const core::Buffer batch = text(std::string(100'000, 'b'));
  for (int i = 0; i < 100; ++i) publish.send("topic", batch);
  Poller poller;
  poller.add(publish);
  REQUIRE(batch.owner().use_count() > 1);
  idler.signal(SIGKILL);
  idler.join();
  CHECK(eventually(poller, [&] { return batch.owner().use_count() == 1; }));
}

TEST_CASE("a publication over the limit ends its publisher, until one connects anew, and no other", "[link]") {
  const Place place;
  Context context;
  Publish good(context);
  Publish bad(context);
  Subscribe subscribe(context, 1000);
  subscribe.subscribe("");
  const std::string endpoint = bad.bind(place.ipc("bad"));
  subscribe.connect(endpoint);
  subscribe.connect(good.bind(place.ipc("good")));
  REQUIRE(meet(subscribe, bad, ""));
  REQUIRE(meet(subscribe, good, ""));
  bad.send("small", text(std::string(1000, 'x')));
  CHECK(next_topic(subscribe) == "small");
  bad.send("large", text(std::string(1001, 'x')));
  CHECK(meet(subscribe, good, "still good"));
  Poller poller;
  poller.add(subscribe);
  // Not each turn: on a busy machine a connection takes longer than that.
  constexpr int turns_a_dial = 40;
  int turn = 0;
  CHECK(eventually(poller, [&] {
    if (turn++ % turns_a_dial == 0) {
      subscribe.disconnect(endpoint);
      subscribe.connect(endpoint);
    }
    bad.send("small", text(""));
    const auto publication = subscribe.receive();
    return publication && publication->topic == "small";
  }));
  CHECK(subscribe.dropped() == 0);
}

TEST_CASE("a stranger whose subscription is over the limit is cut, and no other", "[link]") {
  const Place place;
  Context context;
  Publish publish(context);
  const std::string endpoint = publish.bind(place.ipc("socket"));
  Subscribe subscribe(context, frame_max);
  subscribe.subscribe("topic");
  subscribe.connect(endpoint);
  REQUIRE(meet(subscribe, publish, "topic"));
  Subscribe stranger(context, frame_max);
  Monitor monitor(context, stranger.state().socket, ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED);
  stranger.subscribe(std::string(5000, 's'));
  stranger.connect(endpoint);
  std::vector<int> events;
  CHECK(eventually([&] {
    while (const auto event = monitor.next()) events.push_back(event->kind);
    return events.size() >= 2;
  }));
  CHECK(events[0] == ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
  CHECK(events[1] == ZMQ_EVENT_DISCONNECTED);
  CHECK(meet(subscribe, publish, "topic"));
}
