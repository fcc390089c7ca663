#include "patterns/live_inlet.h"

#include <cstdlib>

#include <catch2/catch.hpp>

#include "tests/patterns/link_fixture.h"

using namespace restante;
using namespace restante::detail;
using namespace restante::link::test;

namespace {

struct Hall {
  Hall() {
    ::setenv("RESTANTE_RUNTIME_DIR", place.file("run").c_str(), 1);
    endpoints = inlet.endpoints_for("tcp://127.0.0.1:1");
  }
  ~Hall() { ::unsetenv("RESTANTE_RUNTIME_DIR"); }
  Hall(const Hall&) = delete;
  Hall& operator=(const Hall&) = delete;

  [[nodiscard]] std::uint64_t damaged() const { return node.counters.value(Count::damaged_batch); }

  Place place;
  link::Context context;
  link::Poller poller;
  NodeContext node{.log = Logger({}), .io = nullptr, .sidecar = {}, .live = {}, .insecure = false, .hello = {}};
  LiveInlet inlet{context, poller, node};
  std::vector<std::string> endpoints;
};

core::Buffer a_batch() {
  core::BatchBuilder builder("orders", "");
  builder.append("payload", "");
  core::BatchHeader header;
  header.first = header.last = 1;
  return builder.seal(header);
}

}  // namespace

TEST_CASE("a frame that is no batch is told as one, so that it takes nobody's turn") {
  Hall hall;
  REQUIRE(hall.endpoints.size() == 2);
  link::Push stranger(hall.context, hall.endpoints[0]);
  constexpr std::uint64_t count = 1000;
  for (std::uint64_t i = 0; i < count; ++i) stranger.send(core::Buffer::copy_of("RB rubbish"));
  stranger.send(a_batch());
  REQUIRE(eventually(hall.poller, [&] {
    const auto before = hall.damaged();
    const auto frame = hall.inlet.receive();
    REQUIRE(hall.damaged() - before == (frame && !*frame ? 1 : 0));
    return frame && *frame;
  }));
  CHECK(hall.damaged() == count);
}

TEST_CASE("the endpoints of a node take turns, however much comes to one of them") {
  Hall hall;
  REQUIRE(hall.endpoints.size() == 2);
  const std::size_t flooded = GENERATE(0U, 1U);
  link::Push producer(hall.context, hall.endpoints[1 - flooded]);
  producer.send(a_batch());
  hall.poller.wait(deadline);  // until it is there: nothing else has been sent
  link::Push stranger(hall.context, hall.endpoints[flooded]);
  const auto rubbish = core::Buffer::copy_of("RB rubbish" + std::string(100, 'x'));
  // More than sender and kernel hold: when the last one has been taken, most of them wait at the receiver.
  for (int sent = 0; sent < 20'000; ++sent) {
    REQUIRE(eventually([&] { return stranger.send(rubbish) == link::Sent::yes; }));
  }
  bool found = false;
  for (int call = 0; call < 2; ++call) {
    const auto frame = hall.inlet.receive();
    REQUIRE(frame);
    found = found || *frame;
  }
  CHECK(found);
}
