// What a subscriber without a name missed last, with the sidecar's and the publisher's part played by the test.

#include <optional>
#include <vector>

#include <restante/node.h>
#include <catch2/catch.hpp>

#include "tests/patterns/fake_sidecar.h"

using namespace restante;
using namespace restante::test;
using namespace std::chrono_literals;

TEST_CASE("what a subscriber missed last is told when the sidecar says what was published and nothing more comes") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  std::vector<Gap> gaps;
  ReceiverOptions options;
  options.on_gap = [&](const Gap& gap) { gaps.push_back(gap); };
  auto screen = node.subscriber("orders", {"#"}, {}, options);
  sidecar.subscribe();
  link::Publish publisher(sidecar.context());
  const std::string endpoint = publisher.bind(sidecar.place().ipc("pub"));
  sidecar.say(core::LiveSource{FakeSidecar::token, endpoint});

  std::optional<Delivery> heard;
  Sequence last = 0;
  REQUIRE(sidecar.wait_until([&] {  // a PUB drops what nobody is connected for
    publisher.send("", sidecar.batch(++last, {"x"}).frame());
    heard = screen.receive(20ms);
    return heard.has_value();
  }));
  const auto drain = [&] {
    while (auto more = screen.try_receive()) heard = std::move(more);
  };
  REQUIRE(sidecar.wait_until([&] { return drain(), heard->id().sequence == last; }));
  CHECK(gaps.empty());
  const core::GrantRange wanted{FakeSidecar::grant_id, {1, last + 3}};
  sidecar.say(core::Published{FakeSidecar::token, 0, last + 3, {wanted}});
  publisher.send("", sidecar.batch(last + 1, {"on its way"}).frame());
  REQUIRE(sidecar.wait_until([&] { return drain(), !gaps.empty(); }, 20s));
  CHECK(heard->payload() == "on its way");
  CHECK(gaps.front().from == last + 2);
  CHECK(gaps.front().to == last + 3);
  CHECK(gaps.front().reason == "they were published and did not arrive");
  publisher.send("", sidecar.batch(last + 4, {"goes on"}).frame());
  REQUIRE(sidecar.wait_until([&] { return drain(), heard->payload() == "goes on"; }));
  CHECK(gaps.size() == 1);
}
