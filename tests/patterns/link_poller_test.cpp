#include <sys/time.h>

#include <thread>

#include <catch2/catch.hpp>

#include "patterns/link/zmq_router.h"
#include "tests/patterns/link_fixture.h"

using namespace restante;
using namespace restante::link;
using namespace restante::link::test;

namespace {

Duration time_of(const std::function<void()>& body) {
  const core::Instant before = boot_now();
  body();
  return boot_now() - before;
}

}  // namespace

TEST_CASE("a wait ends at its time, rounded up to milliseconds", "[link]") {
  Poller poller;
  Wake wake;
  poller.add(wake);
  CHECK(time_of([&] { poller.wait(Duration::zero()); }) < deadline);
  CHECK(time_of([&] { poller.wait(-5s); }) < deadline);
  CHECK(time_of([&] { poller.wait(1ns); }) >= 900us);
  CHECK(time_of([&] { poller.wait(20ms); }) >= 20ms);
}

TEST_CASE("a wake from another thread ends a wait, until it is drained", "[link]") {
  Poller poller;
  Wake wake;
  poller.add(wake);
  std::thread other([&] {
    wake.signal();
    wake.signal();
  });
  poller.wait(forever);
  other.join();
  poller.wait(forever);
  wake.drain();
  CHECK(time_of([&] { poller.wait(5ms); }) >= 5ms);
  wake.drain();
}

TEST_CASE("a signal ends a wait", "[link]") {
  struct sigaction handler {};
  struct sigaction before {};
  handler.sa_handler = [](int) {};
  ::sigaction(SIGALRM, &handler, &before);
  Poller poller;
  Wake wake;
  poller.add(wake);
  itimerval soon{};
  soon.it_value.tv_usec = 20'000;
  ::setitimer(ITIMER_REAL, &soon, nullptr);
  CHECK(time_of([&] { poller.wait(2 * deadline); }) < deadline);
  ::sigaction(SIGALRM, &before, nullptr);
}

TEST_CASE("a wait ends for every kind of socket, and not for one that was removed", "[link]") {
  const Place place;
  Context context;
  Router router(context, frame_max);
  Pull pull(context, frame_max);
  Dealer dealer(context, router.bind(place.ipc("control")), frame_max);
  Push push(context, pull.bind(place.ipc("live")));
  Poller of_router;
  of_router.add(router);
  Poller of_pull;
  of_pull.add(pull);
  Poller of_dealer;
  of_dealer.add(dealer);
  dealer.send(text("up"));
  push.send(text("live"));
  std::optional<Incoming> incoming;
  while (!incoming) {
    of_router.wait(forever);
    while (router.next_disconnected()) FAIL();
    incoming = router.receive();
  }
  router.send(incoming->route, text("down"));
  of_pull.wait(forever);
  while (!dealer.receive()) {
    of_dealer.wait(forever);
    while (dealer.next_event()) {
    }
  }
  CHECK(pull.receive());
  push.send(text("live"));
  of_pull.wait(forever);
  of_pull.remove(pull);
  CHECK(time_of([&] { of_pull.wait(5ms); }) >= 5ms);
  router.send(incoming->route, text("down"));
  of_dealer.wait(forever);
  of_dealer.remove(dealer);
  CHECK(time_of([&] { of_dealer.wait(5ms); }) >= 5ms);
}

TEST_CASE("a wait does not sleep over what a router has already taken out of its socket", "[link]") {
  const Place place;
  Context context;
  Router router(context, frame_max);
  const std::string endpoint = router.bind(place.ipc("socket"));
  Poller poller;
  poller.add(router);
  std::vector<Heard> heard;
  std::optional<Dealer> dealer(std::in_place, context, endpoint, frame_max);
  dealer->send(text("first"));
  REQUIRE(eventually(poller, [&] { return hear(router, heard), heard.size() == 1; }));
  dealer->send(text("bye"));
  Poller of_dealer;
  of_dealer.add(*dealer);
  router.send(heard[0].route, text("go"));
  REQUIRE(eventually(of_dealer, [&] { return dealer->receive().has_value(); }));
  dealer.reset();
  // The router hears of the end, takes "bye" out of the socket to put it in front, and tells nothing out of turn.
  REQUIRE(eventually([&] {
    CHECK_FALSE(router.next_disconnected());
    return !router.state().queue.empty();
  }));
  poller.wait(forever);
  const auto bye = router.receive();
  REQUIRE(bye);
  CHECK(bye->frames[0].octets() == "bye");
  CHECK_FALSE(router.receive());
  poller.wait(forever);
  CHECK(router.next_disconnected() == heard[0].descriptor);
  CHECK_FALSE(router.next_disconnected());
}
