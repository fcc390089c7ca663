// What a stage says to its sidecar, word by word.

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include <restante/node.h>
#include <restante/stage.h>
#include <catch2/catch.hpp>

#include "tests/patterns/stage_desk.h"

using namespace restante;
using namespace std::chrono_literals;
using restante::test::FakeSidecar;
using restante::test::StageDesk;

namespace {

const auto range = StageDesk::range;

/// As many outputs as the input's first digit says.
void copies(const Delivery& input, Output& output) {
  const std::string text(input.payload());
  for (int i = 0; i < text.front() - '0'; ++i) output.send(text + "." + std::to_string(i));
}

}  // namespace

TEST_CASE("an input is acked when its output is confirmed, and not before") {
  StageDesk desk(copies);
  desk.lend_each(11, {"1a", "1b", "1c"});
  CHECK(desk.each()[0].payload == "1a.0");
  CHECK(desk.each()[2].payload == "1c.0");
  CHECK(desk.counts().in_flight == 3);
  CHECK(desk.counts().acked == 0);
  desk.confirm(102);
  CHECK(desk.acked(2) == std::vector<Sequence>{11, 12});
  desk.confirm(103);
  CHECK(desk.acked(1) == std::vector<Sequence>{13});
  CHECK_FALSE(desk.stop());
  CHECK(desk.counts().acked == 3);
  CHECK(desk.counts().outputs == 3);
  CHECK(desk.counts().in_flight == 0);
}

TEST_CASE("of many outputs each has to be confirmed, and an input without one is acked at once") {
  StageDesk desk(copies, StageDesk::hasty, {}, {.window = 1});  // each output goes alone
  desk.lend(11, {"0b", "3a"});
  CHECK(desk.acked(1) == std::vector<Sequence>{11});
  for (Sequence sequence = 101; sequence <= 103; ++sequence) {
    CHECK(desk.outputs(1)[0].payload == "3a." + std::to_string(sequence - 101));
    CHECK(desk.counts().acked == 1);
    desk.confirm(sequence);
  }
  CHECK(desk.acked(1) == std::vector<Sequence>{12});
  desk.stop();
  CHECK(desk.counts().empty == 1);
  CHECK(desk.counts().acked == 2);
}

TEST_CASE("an input whose function throws is nacked, and nothing of it is sent") {
  StageDesk desk([](const Delivery& input, Output& output) {
    output.send(input.payload());
    if (input.payload() == "bad") throw std::runtime_error("no flour");
  });
  desk.lend(11, {"bad", "fine"});
  CHECK(desk.outputs(1)[0].payload == "fine");
  const auto nacks = desk.settled().nacks;
  REQUIRE(nacks.size() == 1);
  CHECK(nacks[0].sequence == 11);
  CHECK(nacks[0].delay_ms == -1);
  desk.confirm(101);
  CHECK(desk.acked(1) == std::vector<Sequence>{12});
  desk.stop();
  CHECK(desk.counts().failed == 1);
  CHECK(desk.sidecar.log().find("no flour") != std::string::npos);
}

TEST_CASE("a function rejects with its reason, and nothing of that input is sent") {
  StageDesk desk([](const Delivery& input, Output& output) {
    output.send(input.payload());
    if (input.payload() == "odd") output.reject("it is odd");
  });
  desk.lend(11, {"odd", "even"});
  CHECK(desk.outputs(1)[0].payload == "even");
  const auto rejects = desk.settled().rejects;
  REQUIRE(rejects.size() == 1);
  CHECK(rejects[0].sequence == 11);
  CHECK(rejects[0].reason == "it is odd");
  desk.stop();
  CHECK(desk.counts().rejected == 1);
}

TEST_CASE("what can never be sent rejects its input, with the reason") {
  StageDesk desk(
      [](const Delivery& input, Output& output) {
        if (input.payload() == "nothing") output.send("");
        if (input.payload() == "topic") output.send("a/b", "x");
        if (input.payload() == "much") output.send(std::string(600, 'x')), output.send(std::string(600, 'x'));
        if (input.payload() == "caught") {
          try {
            output.send("");
          } catch (const Error&) {
          }
          throw std::runtime_error("another one");
        }
      },
      {.stop_wait = 10ms, .output_octets_max = 1000});
  desk.lend(11, {"nothing", "topic", "much", "caught"});
  std::vector<std::string> reasons;
  std::size_t nacks = 0;
  while (reasons.size() + nacks < 4) {
    const auto settle = desk.settled();
    for (const auto& reject : settle.rejects) reasons.push_back(reject.reason);
    nacks += settle.nacks.size();
  }
  REQUIRE(reasons.size() == 3);
  CHECK(reasons[0] == "send to labels: a payload has 1 to 1048576 octets, this one has 0");
  CHECK(reasons[1] == "send to labels: it is a pipeline, which has no topics");
  CHECK(reasons[2] == "the outputs of one input have more than 1000 octets (output_octets_max)");
  CHECK(desk.sidecar.copies_waiting() == 0);
}

TEST_CASE("an output has the attributes of its input, but for its own and the marker") {
  StageDesk desk([](const Delivery& input, Output& output) {
    output.send(input.payload());
    const std::vector<Header> own{{"shop", "4"}, {"oven", "2"}, {origin_header, "mine"}};
    output.send("own", {.content_type = "text/html", .key = "other", .headers = own, .marker = 7});
  });
  core::AttributeValues values;
  values.content_type = "text/plain";
  values.correlation_id = "c1";
  values.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  values.key = "k";
  values.headers = {{"shop", "3"}, {"till", "9"}};
  values.marker = 12;
  desk.lend(11, {"apples"}, values);
  const auto made = desk.outputs(2);
  CHECK(made[0].attributes.content_type == "text/plain");
  CHECK(made[0].attributes.correlation_id == "c1");
  CHECK(made[0].attributes.traceparent == values.traceparent);
  CHECK(made[0].attributes.key == "k");
  CHECK(made[0].attributes.marker == 0);
  CHECK(made[0].header("shop") == "3");
  CHECK(made[0].header("till") == "9");
  CHECK(made[1].attributes.content_type == "text/html");
  CHECK(made[1].attributes.correlation_id == "c1");
  CHECK(made[1].attributes.traceparent == values.traceparent);
  CHECK(made[1].attributes.key == "other");
  CHECK(made[1].attributes.marker == 7);
  CHECK(made[1].header("shop") == "4");
  CHECK(made[1].header("oven") == "2");
  CHECK(made[1].header("till") == "9");
  CHECK(made[1].attributes.headers.size() == 4);
  CHECK(made[1].origin() != "mine");
}

TEST_CASE("an output stands for its input, which is held over a restart of the sidecar") {
  StageDesk desk(copies);
  desk.lend(11, {"2a"});
  const auto made = desk.outputs(2);
  CHECK(made[0].origin() == "here/orders/4d/11>labels#0");
  CHECK(made[1].origin() == "here/orders/4d/11>labels#1");
  desk.sidecar.restart();
  auto again = desk.sidecar.expect<core::Subscribe>();
  desk.sidecar.say(core::Subscribed{again.session, FakeSidecar::token + 1, again.mode, 0, 0, {}, 1});
  CHECK(again.held == std::vector{range(11, 11)});
}

TEST_CASE("after a nack the outputs have new ids and the old origins") {
  std::atomic<int> calls{0};
  StageDesk desk([&](const Delivery& input, Output& output) {
    if (++calls == 1) throw std::runtime_error("not now");
    copies(input, output);
  });
  desk.lend(11, {"2a"});
  CHECK(desk.settled().nacks.size() == 1);
  desk.sidecar.redeliver(desk.sidecar.batch(11, {"2a"}), 1);
  const auto made = desk.outputs(2);
  CHECK(made[0].origin() == "here/orders/4d/11>labels#0");
  CHECK(made[1].origin() == "here/orders/4d/11>labels#1");
}

TEST_CASE("what an input stands for already is kept in the origin of its outputs") {
  StageDesk desk(copies);
  core::AttributeValues values;
  values.headers = {{std::string(origin_header), "there/raw/1f/7>orders#2"}};
  desk.lend(11, {"1a"}, values);
  CHECK(desk.outputs(1)[0].origin() == "there/raw/1f/7>orders#2>labels#0");
}

TEST_CASE("an origin that grows too long rejects the input and asks for a circle of routes") {
  StageDesk desk(copies);
  core::AttributeValues values;
  std::string long_one = "there/raw/1f/7";
  while (long_one.size() + 9 <= limits::origin_size_max) long_one += ">orders#0";
  values.headers = {{std::string(origin_header), long_one}};
  desk.lend(11, {"1a", "0b"}, values);
  std::vector<core::Reject> rejects;
  while (rejects.empty()) rejects = desk.settled().rejects;
  CHECK(rejects[0].sequence == 11);
  CHECK(rejects[0].reason.find("it came through 112 stages") != std::string::npos);
  CHECK(rejects[0].reason.find("is there a circle of routes?") != std::string::npos);
  CHECK(desk.sidecar.copies_waiting() == 0);
}
