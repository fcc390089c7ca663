// What travels: octets, frames, sizes, how much waits.

#include <sys/time.h>

#include <atomic>
#include <memory>
#include <thread>

#include <catch2/catch.hpp>

#include "patterns/link/zmq_dealer.h"
#include "patterns/link/zmq_socket.h"
#include "tests/patterns/link_fixture.h"

using namespace restante;
using namespace restante::link;
using namespace restante::link::test;

namespace {

/// A router and what a test needs to talk to it.
struct Desk {
  explicit Desk(std::size_t frame_size_max = frame_max) : router(context, frame_size_max) {
    endpoint = router.bind(place.ipc("socket"));
    poller.add(router);
  }
  /// The next message, at the latest at the deadline.
  Incoming next() {
    std::optional<Incoming> incoming;
    REQUIRE(eventually(poller, [&] { return (incoming = router.receive()).has_value(); }));
    return std::move(*incoming);
  }

  Place place;
  Context context;
  Router router;
  Poller poller;
  std::string endpoint;
};

/// Octets whose release can be seen.
core::Buffer watched(std::size_t size, std::shared_ptr<std::atomic<bool>> released) {
  auto* octets = new std::string(size, 'w');
  std::shared_ptr<const void> owner(octets, [released = std::move(released)](const std::string* gone) {
    delete gone;
    released->store(true);
  });
  const std::string_view view = *octets;
  return core::Buffer(std::move(owner), view);
}

}  // namespace

TEST_CASE("octets of any size arrive as they were, aligned", "[link]") {
  Desk desk;
  Dealer dealer(desk.context, desk.endpoint, frame_max);
  const std::vector<std::size_t> sizes{0, 1, 7, 29, 33, 34, 100, 1023, 1024, 8191, 8192, 70'000, frame_max};
  for (const std::size_t size : sizes) {
    CAPTURE(size);
    std::string octets(size, '\0');
    for (std::size_t i = 0; i < size; ++i) octets[i] = static_cast<char>(i * 31 + size);
    REQUIRE(dealer.send(text(octets)) == Sent::yes);
    const Incoming incoming = desk.next();
    REQUIRE(incoming.frames.size() == 1);
    CHECK(incoming.frames[0].octets() == octets);
    CHECK(is_aligned(incoming.frames[0]));
    CHECK(incoming.descriptor >= 0);
    CHECK(incoming.peer_address.empty());
  }
}

TEST_CASE("the address of a tcp peer is told", "[link]") {
  Desk desk;
  const std::string endpoint = desk.router.bind("tcp://127.0.0.1:0");
  Dealer dealer(desk.context, endpoint, frame_max);
  dealer.send(text("hello"));
  const Incoming incoming = desk.next();
  CHECK(incoming.peer_address == "127.0.0.1");
  CHECK(incoming.descriptor >= 0);
}

TEST_CASE("a large buffer is not copied, and is released when it has been sent", "[link]") {
  Desk desk;
  auto released = std::make_shared<std::atomic<bool>>(false);
  Dealer dealer(desk.context, desk.endpoint, frame_max);
  std::optional<core::Buffer> buffer(watched(100'000, released));
  const auto uses = [&] { return buffer->owner().use_count(); };
  REQUIRE(uses() == 1);
  REQUIRE(dealer.send(*buffer) == Sent::yes);
  CHECK(desk.next().frames[0].size() == 100'000);
  CHECK(eventually([&] { return uses() == 1; }));
  CHECK_FALSE(released->load());
  REQUIRE(dealer.send(*buffer) == Sent::yes);
  buffer.reset();
  CHECK(desk.next().frames[0].octets() == std::string(100'000, 'w'));
  CHECK(eventually([&] { return released->load(); }));
}

TEST_CASE("what was not sent is released with the context", "[link]") {
  auto released = std::make_shared<std::atomic<bool>>(false);
  {
    const Place place;
    Context context;
    Dealer dealer(context, place.ipc("nobody"), frame_max);
    Push push(context, place.ipc("nobody"));
    const core::Buffer buffer = watched(100'000, released);
    CHECK(dealer.send(buffer) == Sent::yes);
    CHECK(push.send(buffer) == Sent::yes);
    CHECK(buffer.owner().use_count() == 3);
  }
  CHECK(released->load());
}

TEST_CASE("a received buffer outlives its socket and context", "[link]") {
  core::Buffer kept;
  {
    Desk desk;
    Dealer dealer(desk.context, desk.endpoint, frame_max);
    dealer.send(text(std::string(5000, 'k')));
    kept = desk.next().frames[0];
  }
  CHECK(kept.octets() == std::string(5000, 'k'));
}

TEST_CASE("a control frame and its batch go down as one message", "[link]") {
  Desk desk;
  Dealer dealer(desk.context, desk.endpoint, frame_max);
  dealer.send(text("hello"));
  const std::string route = desk.next().route;
  REQUIRE(desk.router.send(route, text("control"), text(std::string(50'000, 'b'))) == Sent::yes);
  REQUIRE(desk.router.send(route, text("alone")) == Sent::yes);
  std::vector<std::vector<core::Buffer>> heard;
  Poller poller;
  poller.add(dealer);
  REQUIRE(eventually(poller, [&] {
    while (auto incoming = dealer.receive()) heard.push_back(std::move(incoming->frames));
    return heard.size() == 2;
  }));
  REQUIRE(heard[0].size() == 2);
  CHECK(heard[0][0].octets() == "control");
  CHECK(heard[0][1].size() == 50'000);
  REQUIRE(heard[1].size() == 1);
  CHECK(heard[1][0].octets() == "alone");
}

TEST_CASE("a control frame and its batch go up as one message", "[link]") {
  Desk desk;
  Dealer dealer(desk.context, desk.endpoint, frame_max);
  REQUIRE(dealer.send(text("control"), text(std::string(50'000, 'b'))) == Sent::yes);
  REQUIRE(dealer.send(text("alone")) == Sent::yes);
  const Incoming both = desk.next();
  REQUIRE(both.frames.size() == 2);
  CHECK(both.frames[0].octets() == "control");
  CHECK(both.frames[1].octets() == std::string(50'000, 'b'));
  CHECK(is_aligned(both.frames[1]));
  CHECK(desk.next().frames.size() == 1);
}

TEST_CASE("a router takes two frames; a message of more is dropped whole and counted", "[link]") {
  Desk desk;
  Dealer dealer(desk.context, desk.endpoint, frame_max);
  Socket& raw = dealer.state().socket;
  for (int frames = 1; frames <= 4; ++frames) {
    for (int frame = 1; frame < frames; ++frame) raw.send(text(std::to_string(frames)), ZMQ_SNDMORE);
    raw.send(text(std::to_string(frames)), 0);
  }
  dealer.send(text("after"));
  CHECK(desk.next().frames.size() == 1);
  CHECK(desk.next().frames.size() == 2);
  CHECK(desk.next().frames[0].octets() == "after");
  CHECK(desk.router.dropped() == 2);
}

TEST_CASE("the live path takes one frame; a message of more is dropped whole and counted", "[link]") {
  const Place place;
  Context context;
  Pull pull(context, frame_max);
  Socket raw(context, ZMQ_PUSH, frame_max);
  raw.connect(pull.bind(place.ipc("socket")));
  raw.send(text("one"), ZMQ_SNDMORE);
  raw.send(text("two"), 0);
  raw.send(text("alone"), 0);
  Poller poller;
  poller.add(pull);
  std::optional<core::Buffer> buffer;
  REQUIRE(eventually(poller, [&] { return (buffer = pull.receive()).has_value(); }));
  CHECK(buffer->octets() == "alone");
  CHECK(pull.dropped() == 1);
}

TEST_CASE("a frame over the limit cuts its connection and no other", "[link]") {
  Desk desk(1000);
  Dealer good(desk.context, desk.endpoint, frame_max);
  Dealer bad(desk.context, desk.endpoint, frame_max);
  good.send(text("good"));
  const std::string good_route = desk.next().route;
  bad.send(text("bad"));
  const Incoming before = desk.next();
  bad.send(text(std::string(1000, 'x')));
  CHECK(desk.next().frames[0].size() == 1000);
  bad.send(text(std::string(1001, 'x')));
  std::vector<Heard> heard;
  REQUIRE(eventually(desk.poller, [&] { return hear(desk.router, heard), !heard.empty(); }));
  CHECK(heard[0].what == "lost");
  CHECK(heard[0].descriptor == before.descriptor);
  std::vector<Dealer::Event> events;
  REQUIRE(eventually([&] {
    while (const auto event = bad.next_event()) events.push_back(*event);
    return events.size() >= 2;
  }));
  CHECK(events[1] == Dealer::Event::disconnected);
  good.send(text("still good"));
  const Incoming after = desk.next();
  CHECK(after.frames[0].octets() == "still good");
  CHECK(after.route == good_route);
  CHECK(desk.router.send(good_route, text("yes")) == Sent::yes);
}

TEST_CASE("a thousand messages over ipc, closed after an answer, arrive all and in order", "[link]") {
  Desk desk;
  constexpr int count = 1000;
  std::optional<Dealer> dealer(std::in_place, desk.context, desk.endpoint, frame_max);
  for (int i = 0; i < count; ++i) REQUIRE(dealer->send(text(std::to_string(i) + std::string(2000, '.'))) == Sent::yes);
  int next = 0;
  const Incoming first = desk.next();
  CHECK(first.frames[0].octets().starts_with(std::to_string(next++) + "."));
  REQUIRE(desk.router.send(first.route, text("go")) == Sent::yes);
  REQUIRE(eventually([&] { return dealer->receive().has_value(); }));
  while (next < count) CHECK(desk.next().frames[0].octets().starts_with(std::to_string(next++) + "."));
  REQUIRE(desk.router.send(first.route, text("all")) == Sent::yes);
  REQUIRE(eventually([&] { return dealer->receive().has_value(); }));
  dealer->send(text("bye"));
  CHECK(desk.next().frames[0].octets() == "bye");
  dealer.reset();
  std::vector<Heard> heard;
  REQUIRE(eventually(desk.poller, [&] { return hear(desk.router, heard), !heard.empty(); }));
  CHECK(heard.size() == 1);
  CHECK(heard[0].what == "lost");
}

TEST_CASE("all that an ipc peer has written before it closes is there, however late it is read", "[link]") {
  Desk desk;
  constexpr int count = 1000;
  std::optional<Dealer> dealer(std::in_place, desk.context, desk.endpoint, frame_max);
  const core::Buffer batch = text(std::string(4000, 'b'));
  for (int i = 0; i < count; ++i) REQUIRE(dealer->send(batch) == Sent::yes);
  REQUIRE(eventually([&] { return batch.owner().use_count() == 1; }));  // the I/O thread has written all of it
  dealer.reset();
  std::vector<Heard> heard;
  REQUIRE(eventually(desk.poller, [&] { return hear(desk.router, heard), heard.size() == count + 1; }));
  CHECK(heard.back().what == "lost");
}

TEST_CASE("a peer that does not read makes its sender, and no other, wait", "[link]") {
  const Place place;
  Child idler([&] {
    Context context;
    Dealer dealer(context, place.wait_for_note("endpoint"), frame_max);
    dealer.send(text("hello"));
    Poller poller;
    poller.add(dealer);
    eventually(poller, [&] { return dealer.receive().has_value(); });
    ::raise(SIGSTOP);
  });
  Desk desk;
  place.note("endpoint", desk.endpoint);
  const std::string idle = desk.next().route;
  Dealer reader(desk.context, desk.endpoint, frame_max);
  reader.send(text("hello"));
  const std::string awake = desk.next().route;
  desk.router.send(idle, text("stop"));
  int status = 0;
  REQUIRE(::waitpid(idler.id(), &status, WUNTRACED) == idler.id());
  const core::Buffer batch = text(std::string(64'000, 'b'));
  int sent = 0;
  while (sent < 10'000 && desk.router.send(idle, text("control"), batch) == Sent::yes) ++sent;
  CHECK(sent < 10'000);
  CHECK(desk.router.send(idle, batch) == Sent::would_block);
  CHECK(desk.router.send(awake, batch) == Sent::yes);
}

TEST_CASE("the live path drops rather than waits for a consumer that is not there", "[link]") {
  const Place place;
  Context context;
  Push push(context, place.ipc("nobody"));
  const core::Buffer batch = text(std::string(2000, 'b'));
  int sent = 0;
  while (sent < 10'000 && push.send(batch) == Sent::yes) ++sent;
  CHECK(sent == 4096);
  CHECK(push.send(batch) == Sent::would_block);
}

TEST_CASE("a consumer that comes later gets what waits for it", "[link]") {
  const Place place;
  Context context;
  Push push(context, place.ipc("socket"));
  for (int i = 0; i < 100; ++i) push.send(text(std::to_string(i)));
  Pull pull(context, frame_max);
  pull.bind(place.ipc("socket"));
  Poller poller;
  poller.add(pull);
  int next = 0;
  CHECK(eventually(poller, [&] {
    while (const auto buffer = pull.receive()) CHECK(buffer->octets() == std::to_string(next++));
    return next == 100;
  }));
}
