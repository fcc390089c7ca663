// Strangers who send faster than they are read: nobody else loses his turn.

#include <catch2/catch.hpp>

#include "patterns/link/zmq_socket.h"
#include "tests/patterns/link_fixture.h"

using namespace restante;
using namespace restante::link;
using namespace restante::link::test;

namespace {

constexpr int messages = 20'000;

/// Sends messages of so many frames, and a good one of `good_frames`. They are far more than kernel and sender can
/// hold: when the last one has been taken, most of them wait at the receiver.
void flood(Socket& stranger, int frames, int good_frames = 1) {
  const auto put = [&](const std::string& octets, int flags) {
    return eventually([&] { return stranger.send(text(octets), flags) == Sent::yes; });
  };
  const std::string octets(100, 'x');
  for (int message = 0; message < messages; ++message) {
    for (int frame = 1; frame < frames; ++frame) REQUIRE(put(octets, ZMQ_SNDMORE));
    REQUIRE(put(octets, 0));
  }
  for (int frame = 1; frame < good_frames; ++frame) REQUIRE(put("good", ZMQ_SNDMORE));
  REQUIRE(put("good", 0));
}

/// Calls receive() until a good message comes, and holds each call to its bound.
template <typename Receiver>
void read_to_the_end(Receiver& receiver, Poller& poller) {
  REQUIRE(eventually(poller, [&] {
    const auto before = receiver.dropped();
    const bool good = receiver.receive().has_value();
    REQUIRE(receiver.dropped() - before <= malformed_a_call);
    return good;
  }));
  CHECK(receiver.dropped() == messages);
}

}  // namespace

TEST_CASE("a router that is flooded with messages of too many frames drops only some at a time", "[link]") {
  const Place place;
  Context context;
  Router router(context, frame_max);
  Socket stranger(context, ZMQ_DEALER, frame_max);
  stranger.connect(router.bind(place.ipc("socket")));
  flood(stranger, 3);
  Poller poller;
  poller.add(router);
  read_to_the_end(router, poller);
}

TEST_CASE("a live path that is flooded with messages of too many frames drops only some at a time", "[link]") {
  const Place place;
  Context context;
  Pull pull(context, frame_max);
  Socket stranger(context, ZMQ_PUSH, frame_max);
  stranger.connect(pull.bind(place.ipc("socket")));
  flood(stranger, 2);
  Poller poller;
  poller.add(pull);
  read_to_the_end(pull, poller);
}

TEST_CASE("a subscriber that is flooded with messages of too many frames drops only some at a time", "[link]") {
  const Place place;
  Context context;
  Socket stranger(context, ZMQ_PUB, frame_max);
  stranger.set(ZMQ_SNDHWM, 0);  // it would drop, and not wait
  Subscribe subscribe(context, frame_max);
  subscribe.subscribe("");
  subscribe.connect(bind_socket(stranger.handle(), place.ipc("socket")));
  REQUIRE(meet(subscribe, [&](const core::Buffer& word) { stranger.send_pair("", word); }));
  flood(stranger, 3, 2);
  Poller poller;
  poller.add(subscribe);
  read_to_the_end(subscribe, poller);
}
