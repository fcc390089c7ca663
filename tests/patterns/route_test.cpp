// Routes and chains of stages over a real sidecar in this process.

#include <atomic>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <restante/node.h>
#include <restante/stage.h>
#include <catch2/catch.hpp>

#include "tests/patterns/post.h"

using namespace restante;
using namespace restante::test;
using namespace std::chrono_literals;

namespace {

/// Runs something that ends when it is told to.
class Running {
 public:
  template <typename Work>
  explicit Running(Work work) : thread_([work = std::move(work)](std::stop_token stop) { work(stop); }) {}

 private:
  std::jthread thread_;
};

Delivery take(Puller& from) {
  auto message = from.receive(patience);
  if (!message) throw std::runtime_error("nothing came");
  message->ack();
  return std::move(*message);
}

}  // namespace

TEST_CASE("a route sends each message to the first rule that matches, and the rest elsewhere") {
  Post post;
  Node node(post.options());
  auto house = node.subscriber("house", {"#"}, {"router"});
  auto source = node.publisher("house");
  auto alarms = node.pusher("alarms");
  auto big = node.pusher("big");
  auto kitchen = node.publisher("kitchen");
  auto rest = node.publisher("rest");
  auto cooks = node.subscriber("kitchen", {"#"}, {"cooks"});
  auto others = node.subscriber("rest", {"#"}, {"others"});
  auto alarm_work = node.puller("alarms");
  auto big_work = node.puller("big");
  REQUIRE(node.wait_ready(patience));
  const auto is_big = [](const Delivery& message) { return message.payload().size() > 100; };
  std::atomic<std::uint64_t> acked{0};
  {
    const Running running([&](std::stop_token stop) {
      acked = route(house, {{"+/alarm", alarms}, {is_big, big}, {"kitchen/#", kitchen}}, {.otherwise = rest}, {}, stop)
                  .acked;
    });
    const std::vector<Header> headers{{"shop", "3"}};
    const Attributes all{.content_type = "text/plain",
                         .correlation_id = "c",
                         .traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                         .key = "k",
                         .headers = headers,
                         .marker = 4};
    source.send("kitchen/alarm", "smoke", all);
    source.send("kitchen/heat", "21");
    source.send("kitchen/picture", std::string(200, 'x'));
    source.send("cellar/heat", "9");
    const auto alarm = take(alarm_work);
    CHECK(alarm.payload() == "smoke");
    CHECK(alarm.header("content-type") == "text/plain");
    CHECK(alarm.header("correlation-id") == "c");
    CHECK(alarm.header("traceparent") == all.traceparent);
    CHECK(alarm.header("key") == "k");
    CHECK(alarm.header("shop") == "3");
    CHECK(alarm.marker() == 0);
    CHECK(alarm.effect_id().find(">router:alarms#0") != std::string::npos);
    CHECK(take(big_work).payload() == std::string(200, 'x'));
    const auto heat = take(cooks);
    CHECK(heat.payload() == "21");
    CHECK(heat.topic() == "kitchen/heat");
    CHECK(take(others).topic() == "cellar/heat");
  }
  CHECK(acked == 4);
}

TEST_CASE("a route to all that match counts what it drops, and one without a default rejects the rest") {
  Post post;
  Node node(post.options());
  auto source = node.publisher("house");
  auto dropping = node.subscriber("house", {"#"}, {"dropping"});
  auto rejecting = node.subscriber("house", {"#"}, {"rejecting"});
  auto a = node.pusher("a");
  auto b = node.pusher("b");
  auto a_work = node.puller("a");
  auto b_work = node.puller("b");
  REQUIRE(node.wait_ready(patience));
  source.send("x/y", "both");
  source.send("z", "neither");
  REQUIRE(source.flush(patience));
  Stage drops(dropping, routing({{"x/#", a}, {"+/y", b}}, {.all_matches = true, .drop_rest = true}));
  Stage rejects(rejecting, routing({{"x/#", a}}));
  {
    const Running one([&](std::stop_token stop) { drops.run(stop); });
    const Running other([&](std::stop_token stop) { rejects.run(stop); });
    const auto first = take(a_work);
    const auto second = take(a_work);
    const auto third = take(b_work);
    CHECK(first.effect_id() != second.effect_id());  // two subscriptions: two works
    CHECK(third.effect_id().ends_with(">dropping:b#1"));
    REQUIRE(link::test::eventually([&] { return drops.counts().acked == 2 && rejects.counts().acked == 1; }));
    REQUIRE(link::test::eventually([&] { return rejects.counts().rejected == 1; }));
  }
  CHECK(drops.counts().empty == 1);
  CHECK(drops.counts().outputs == 2);
  CHECK(rejects.counts().empty == 0);
}

TEST_CASE("a rule with a wrong filter is refused, and a stage that makes no sense too") {
  Post post;
  Node node(post.options());
  auto in = node.puller("in");
  auto out = node.pusher("out");
  CHECK_THROWS_WITH(routing({{"a/#/b", out}}), Catch::Contains("route to out: the filter \"a/#/b\" has '#' before"));
  CHECK_THROWS_WITH(Stage(in, out, nullptr), Catch::Contains("stage of in: it has no function"));
  CHECK_THROWS_WITH(Stage(in, out, [](const Delivery&, Output&) {}, {.threads = 0}), Catch::Contains("1 thread"));
  CHECK_THROWS_WITH(Stage(in, out, [](const Delivery&, Output&) {}, {.in_flight_max = 0}), Catch::Contains("flight"));
}

TEST_CASE("routes in a circle end in the dead letters") {
  Post post;
  Node node(post.options());
  auto to_a = node.pusher("a");
  auto to_b = node.pusher("b");
  auto from_a = node.puller("a");
  auto from_b = node.puller("b");
  to_a.send("round and round");
  Stage there(from_a, routing({{"#", to_b}}));
  Stage back(from_b, routing({{"#", to_a}}));
  const Running one([&](std::stop_token stop) { there.run(stop); });
  const Running other([&](std::stop_token stop) { back.run(stop); });
  CHECK(link::test::eventually([&] { return there.counts().rejected + back.counts().rejected == 1; }, patience));
  CHECK(there.counts().outputs > 50);
}

TEST_CASE("a chain of stages over a sidecar that comes and goes loses nothing, and each effect is there once") {
  Post post;
  Node node(post.options());
  auto source = node.pusher("s1");
  auto first_in = node.puller("s1");
  auto second_in = node.puller("s2");
  auto first_out = node.pusher("s2");
  auto second_out = node.pusher("s3");
  auto sink = node.puller("s3");
  const auto twice = [](const Delivery& input, Output& output) {
    output.send(std::string(input.payload()) + ".0");
    output.send(std::string(input.payload()) + ".1");
  };
  constexpr unsigned inputs = 200;
  std::map<std::string, std::set<std::string>> effects;
  {
    const Running one([&](std::stop_token stop) { stage(first_in, first_out, twice, {.threads = 2}, stop); });
    const Running other([&](std::stop_token stop) { stage(second_in, second_out, twice, {}, stop); });
    std::string text;
    for (unsigned i = 0; i < inputs; ++i) source.send(std::to_string(i));
    unsigned deliveries = 0;
    while (effects.size() < 4 * inputs) {
      const auto effect = take(sink);
      effects[effect.effect_id()].insert(std::string(effect.payload()));
      if (++deliveries % 250 == 0) {
        post.down();
        post.up();
      }
    }
  }
  std::set<std::string> payloads;
  for (const auto& [id, of_id] : effects) {
    REQUIRE(of_id.size() == 1);  // an effect id stands for one content
    payloads.insert(of_id.begin(), of_id.end());
  }
  CHECK(payloads.size() == 4 * inputs);
}

TEST_CASE("an exclusive subscription stays in order through a stage of one thread") {
  Post post;
  Node node(post.options());
  auto source = node.publisher("raw");
  auto in = node.subscriber("raw", {"#"}, {"stage"});
  auto out = node.publisher("cooked");
  auto reader = node.subscriber("cooked", {"#"}, {"reader"});
  REQUIRE(node.wait_ready(patience));
  const Running running([&](std::stop_token stop) {
    stage(
        in, out, [](const Delivery& input, Output& output) { output.send(input.payload()); }, {}, stop);
  });
  for (int i = 0; i < 500; ++i) source.send("t/" + std::to_string(i % 3), std::to_string(i));
  std::map<std::string, int> next{{"t/0", 0}, {"t/1", 1}, {"t/2", 2}};  // topics have no order among them
  for (int i = 0; i < 500; ++i) {
    const auto message = take(reader);
    int& due = next.at(std::string(message.topic()));
    REQUIRE(message.payload() == std::to_string(due));
    due += 3;
  }
}
