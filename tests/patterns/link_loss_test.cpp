// What is told when a peer goes, and in which order.

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>

#include <catch2/catch.hpp>

#include "patterns/link/zmq_router.h"
#include "tests/patterns/link_fixture.h"

using namespace restante;
using namespace restante::link;
using namespace restante::link::test;

namespace {

/// A peer in a process of its own that says `words` times its name and then waits for its end.
void speak(const std::string& endpoint, int words) {
  Context context;
  Dealer dealer(context, endpoint, frame_max);
  for (int i = 0; i < words; ++i) dealer.send(text("word"));
  Poller poller;
  poller.add(dealer);
  for (;;) poller.wait(forever);
}

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// Without those that are no sockets: the first accept() of a process sets one aside.
std::size_t open_sockets() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry.path(), gone).string().starts_with("socket:")) ++count;
  }
  return count;
}

/// True if a message waits in the router's socket.
bool has_unread(Router& router) {
  int events = 0;
  std::size_t size = sizeof events;
  REQUIRE(zmq_getsockopt(router.state().socket.handle(), ZMQ_EVENTS, &events, &size) == 0);
  return (events & ZMQ_POLLIN) != 0;
}

}  // namespace

TEST_CASE("a killed peer is told at once, by the descriptor of its messages", "[link]") {
  const Place place;
  const bool is_ipc = GENERATE(true, false);
  Child child([&] { speak(place.wait_for_note("endpoint"), 1); });
  Context context;
  Router router(context, frame_max);
  place.note("endpoint", router.bind(is_ipc ? place.ipc("socket") : "tcp://127.0.0.1:0"));
  Poller poller;
  poller.add(router);
  std::vector<Heard> heard;
  REQUIRE(eventually(poller, [&] { return hear(router, heard), heard.size() == 1; }));
  REQUIRE(heard[0].descriptor >= 0);
  child.signal(SIGKILL);
  const core::Instant killed = boot_now();
  REQUIRE(eventually(poller, [&] { return hear(router, heard), heard.size() == 2; }));
  CHECK(boot_now() - killed < 900ms);  // before the first heartbeat could tell
  CHECK(heard[1].what == "lost");
  CHECK(heard[1].descriptor == heard[0].descriptor);
}

TEST_CASE("one kill after the other: each peer's words, then its end, though they share a descriptor", "[link]") {
  const Place place;
  const std::string endpoint = place.ipc("socket");
  constexpr int lives = 20;
  // One process per life, all made before the context; each starts to speak when it is told to.
  std::vector<std::unique_ptr<Child>> children;
  for (int i = 0; i < lives; ++i) {
    children.push_back(std::make_unique<Child>([&] {
      ::raise(SIGSTOP);
      speak(endpoint, 10);
    }));
  }
  Context context;
  Router router(context, frame_max);
  router.bind(endpoint);
  Poller poller;
  poller.add(router);
  std::vector<Heard> heard;
  const auto words = [&heard] {
    return std::count_if(heard.begin(), heard.end(), [](const Heard& one) { return one.what == "word"; });
  };
  for (int life = 0; life < lives; ++life) {
    Child& child = *children[static_cast<std::size_t>(life)];
    int stopped = 0;
    REQUIRE(::waitpid(child.id(), &stopped, WUNTRACED) == child.id());
    child.signal(SIGCONT);
    REQUIRE(eventually(poller, [&] { return hear(router, heard), words() == 10 * (life + 1); }));
    child.signal(SIGKILL);  // and on to the next one, which mostly gets its descriptor
  }
  REQUIRE(eventually(poller, [&] { return hear(router, heard), heard.size() == 11 * lives; }));
  // A life may end after the next one has begun, by another descriptor; by one descriptor nothing overlaps.
  std::map<int, std::vector<Heard>> by_descriptor;
  for (const auto& one : heard) by_descriptor[one.descriptor].push_back(one);
  CHECK(by_descriptor.size() < lives);
  for (const auto& [descriptor, story] : by_descriptor) {
    CAPTURE(descriptor);
    REQUIRE(story.size() % 11 == 0);
    for (std::size_t i = 0; i < story.size(); ++i) {
      CHECK(story[i].what == (i % 11 == 10 ? "lost" : "word"));
      if (i % 11 != 10) CHECK(story[i].route == story[i - i % 11].route);
    }
  }
}

TEST_CASE("a router that looks late still tells every life in order", "[link]") {
  const Place place;
  {
    // What the first connection of a process opens for good (accept_guard.h) is not to be counted below.
    Context context;
    Router router(context, frame_max);
    Dealer dealer(context, router.bind(place.ipc("warm-up")), frame_max);
    REQUIRE(eventually([&] { return dealer.next_event() == Dealer::Event::connected; }));
  }
  Context context;
  Router router(context, frame_max);
  const std::string endpoint = router.bind(place.ipc("socket"));
  Poller poller;
  poller.add(router);
  for (int round = 0; round < 100; ++round) {
    const bool losses_first = round % 4 >= 2;  // whatever the caller asks first
    std::vector<Heard> heard;
    const std::size_t open_before = open_descriptors();
    std::optional<Dealer> first(std::in_place, context, endpoint, frame_max);
    first->send(text("first"));
    if (round % 2 == 0) {  // else the router knows nothing of it while it lives
      REQUIRE(eventually(poller, [&] { return hear(router, heard), heard.size() == 1; }));
      first->send(text("bye"));
    }
    REQUIRE(eventually([&] { return has_unread(router); }));
    first.reset();
    // Both ends are closed, so that the second one gets the same numbers.
    REQUIRE(eventually([&] { return open_descriptors() == open_before; }));
    std::optional<Dealer> second(std::in_place, context, endpoint, frame_max);
    second->send(text("second"));
    REQUIRE(eventually([&] { return second->next_event() == Dealer::Event::connected; }));
    REQUIRE(eventually([&] { return has_unread(router); }));
    REQUIRE(eventually(poller, [&] { return hear(router, heard, losses_first), heard.back().what == "second"; }));
    second.reset();
    const std::size_t size = heard.size();
    REQUIRE(eventually(poller, [&] { return hear(router, heard), heard.size() == size + 1; }));
    REQUIRE(eventually([&] { return open_descriptors() == open_before; }));
    std::vector<std::string> order;
    for (const auto& one : heard) {
      order.push_back(one.what);
      CHECK(one.descriptor == heard[0].descriptor);
    }
    using Order = std::vector<std::string>;
    if (round % 2 == 0) {
      CHECK(order == Order{"first", "bye", "lost", "second", "lost"});
    } else {
      CHECK(order == Order{"first", "lost", "second", "lost"});
    }
  }
}

TEST_CASE("a newcomer is not taken for gone while words of who had its descriptor are still read", "[link]") {
  const Place place;
  Child stranger([&] {
    Context context;
    Socket socket(context, ZMQ_DEALER, frame_max);
    socket.connect(place.wait_for_note("endpoint"));
    // More than sender and kernel hold: when the last one has been taken, most of them wait at the router.
    const auto word = text(std::string(100, 'w'));
    for (int sent = 0; sent < 20'000; ++sent) eventually([&] { return socket.send(word, 0) == Sent::yes; });
  });
  Child newcomer([&] {
    const std::string endpoint = place.wait_for_note("turn");
    Context context;
    Dealer dealer(context, endpoint, frame_max);
    dealer.send(text("hello"));
    eventually([&] { return dealer.next_event() == Dealer::Event::connected; });
    place.note("connected", endpoint);
    eventually([&] { return dealer.receive().has_value(); });
  });
  Context context;
  Router router(context, frame_max);
  const std::string endpoint = router.bind(place.ipc("socket"));
  const std::size_t before = open_sockets();
  place.note("endpoint", endpoint);
  REQUIRE(stranger.join() == 0);
  REQUIRE(eventually([&] { return open_sockets() == before; }));
  place.note("turn", endpoint);
  static_cast<void>(place.wait_for_note("connected"));
  Poller poller;
  poller.add(router);
  std::vector<Heard> heard;
  const auto hello = [&] {
    return std::find_if(heard.begin(), heard.end(), [](const Heard& one) { return one.what == "hello"; });
  };
  REQUIRE(eventually(poller, [&] { return hear(router, heard), hello() != heard.end() && !has_unread(router); }));
  hear(router, heard);
  REQUIRE(hello()->descriptor == heard.front().descriptor);
  CHECK(std::distance(hello(), heard.end()) == 1);
  CHECK(router.send(hello()->route, text("welcome")) == Sent::yes);
  CHECK(newcomer.join() == 0);
}

TEST_CASE("sending to a route that has gone is unreachable", "[link]") {
  const Place place;
  Context context;
  Router router(context, frame_max);
  const std::string endpoint = router.bind(place.ipc("socket"));
  Poller poller;
  poller.add(router);
  std::vector<Heard> heard;
  {
    Dealer dealer(context, endpoint, frame_max);
    dealer.send(text("hello"));
    REQUIRE(eventually(poller, [&] { return hear(router, heard), heard.size() == 1; }));
    CHECK(router.send(heard[0].route, text("welcome")) == Sent::yes);
  }
  REQUIRE(eventually(poller, [&] { return hear(router, heard), heard.size() == 2; }));
  CHECK(eventually([&] { return router.send(heard[0].route, text("a")) == Sent::unreachable; }));
  CHECK(router.send(heard[0].route, text("a"), text("b")) == Sent::unreachable);
  CHECK(router.send("never", text("a")) == Sent::unreachable);
}

TEST_CASE("a dealer is told when its connection is made, lost and made again", "[link]") {
  const Place place;
  Context context;
  Dealer dealer(context, place.ipc("socket"), frame_max);
  Poller poller;
  poller.add(dealer);
  CHECK(dealer.next_event() == std::nullopt);
  for (int life = 0; life < 2; ++life) {
    Context other;  // when it is gone, its listener is
    Router router(other, frame_max);
    router.bind(place.ipc("socket"));
    std::vector<Dealer::Event> events;
    const std::size_t expected = life == 0 ? 1 : 2;
    REQUIRE(eventually(poller, [&] {
      while (const auto event = dealer.next_event()) events.push_back(*event);
      return events.size() >= expected;
    }));
    CHECK(events.size() == expected);
    CHECK(events.back() == Dealer::Event::connected);
    CHECK(events.front() == (life == 0 ? Dealer::Event::connected : Dealer::Event::disconnected));
  }
}

TEST_CASE("an attempt that is turned away is no connection that could be lost", "[link]") {
  const Place place;
  Context context;
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  place.file("socket").copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listener, 5) == 0);
  Dealer dealer(context, place.ipc("socket"), frame_max);
  for (int attempt = 0; attempt < 3; ++attempt) ::close(::accept(listener, nullptr, nullptr));
  ::close(listener);
  Router router(context, frame_max);
  router.bind(place.ipc("socket"));
  Poller poller;
  poller.add(dealer);
  std::optional<Dealer::Event> event;
  REQUIRE(eventually(poller, [&] { return (event = dealer.next_event()).has_value(); }));
  CHECK(event == Dealer::Event::connected);
}
