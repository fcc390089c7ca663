// Subscribers without a name over a real sidecar in this process.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/patterns/post.h"

using namespace restante;
using namespace restante::test;
using namespace std::chrono_literals;

namespace {

constexpr Duration a_moment = 20ms;

/// Publishes until `subscriber` hears it: a PUB drops what nobody is connected for. Then nothing is left to hear.
void warm_up(Publisher& publisher, Subscriber& subscriber, const std::string& topic) {
  int sent = 0;
  std::optional<Delivery> heard;
  do {
    REQUIRE(++sent < 1000);
    publisher.send(topic, "warm " + std::to_string(sent));
    heard = subscriber.receive(a_moment);
  } while (!heard);
  const std::string last = "warm " + std::to_string(sent);
  while (heard->payload() != last) {
    heard = subscriber.receive(patience);
    REQUIRE(heard);
  }
}

}  // namespace

TEST_CASE("a subscriber without a name hears what is published while it is there") {
  Post post;
  Node publishing(post.options());
  Node reading(post.options());
  auto weather = publishing.publisher("weather");
  auto screen = reading.subscriber("weather", {"north/#"}, {});
  warm_up(weather, screen, "north/warm");
  weather.send("south/rome", "30");
  weather.send("north/oslo", "-4");
  auto heard = screen.receive(patience);
  REQUIRE(heard);
  CHECK(heard->topic() == "north/oslo");
  CHECK(heard->payload() == "-4");
  CHECK(heard->attempt() == 1);
  CHECK(heard->nack());  // means nothing
  weather.send("north/bergen", "2");
  heard = screen.receive(patience);
  REQUIRE(heard);
  CHECK(heard->payload() == "2");
  CHECK(weather.flush(patience));  // it waits for nobody
}

TEST_CASE("who listens hears a publisher from its first message to its last, however soon it goes") {
  Post post;
  Node reading(post.options());
  auto screen = reading.subscriber("weather", {"#"}, {});
  REQUIRE(reading.wait_ready(patience));
  constexpr int count = 2000;
  for (int round = 1; round <= 3; ++round) {
    {
      Node publishing(post.options());
      auto weather = publishing.publisher("weather");
      for (int number = 1; number <= count; ++number) weather.send("a", std::to_string(number));
    }
    for (int number = 1; number <= count; ++number) {
      const auto heard = screen.receive(patience);
      REQUIRE(heard);
      REQUIRE(heard->payload() == std::to_string(number));
    }
  }
  CHECK(reading.status_json().find("\"gaps\":0") != std::string::npos);
}

TEST_CASE("a sidecar that begins anew costs a subscriber without a name nothing") {
  Post post;
  Node publishing(post.options());
  Node reading(post.options());
  auto weather = publishing.publisher("weather");
  auto screen = reading.subscriber("weather", {"#"}, {});
  warm_up(weather, screen, "a");
  post.down();
  weather.send("a", "meanwhile");  // is published when the sidecar is back
  post.up();
  weather.send("a", "later");
  for (const char* expected : {"meanwhile", "later"}) {
    const auto heard = screen.receive(patience);
    REQUIRE(heard);
    CHECK(heard->payload() == expected);
  }
}

TEST_CASE("what a slow subscriber without a name missed is told at its place") {
  Post post;
  Node publishing(post.options());
  Node reading(post.options());
  auto weather = publishing.publisher("weather");
  ReceiverOptions options;
  options.credit = 20'000;
  std::vector<Gap> gaps;
  options.on_gap = [&](const Gap& gap) { gaps.push_back(gap); };
  auto screen = reading.subscriber("weather", {"#"}, {}, options);
  warm_up(weather, screen, "a");
  const std::string payload(1000, 'x');
  for (int i = 0; i < 200; ++i) weather.send("a", payload);
  CHECK(weather.flush(patience));
  Sequence last = 0;
  while (gaps.empty()) {
    const auto heard = screen.receive(patience);
    REQUIRE(heard);
    const Sequence sequence = heard->id().sequence;
    if (last != 0 && gaps.empty()) REQUIRE(sequence == last + 1);
    last = sequence;
    if (gaps.empty()) weather.send("a", "more");  // what was dropped last shows with the next
  }
  CHECK(gaps.front().from <= last);
  CHECK(gaps.front().to < last);
  CHECK(gaps.front().reason.find("faster") != std::string::npos);
  CHECK(reading.status_json().find("\"gaps\":0") == std::string::npos);
}

TEST_CASE("what is wrong with a subscription without a name is told at once") {
  Post post;
  Node node(post.options());
  CHECK_THROWS_WITH(node.subscriber("weather", {"#"}, {.name = {}, .start = "new", .shared = true}),
                    Catch::Contains("needs a name"));
  CHECK_THROWS_WITH(node.subscriber("weather", {"#"}, {.name = {}, .start = "soon"}),
                    Catch::Contains("neither \"new\" nor \"beginning\", nor a sequence"));
  CHECK_THROWS_WITH(node.subscriber("weather", {"#"}, {.name = {}, .until = 5}),
                    Catch::Contains("only a replay has an end"));
  NodeOptions without = post.options();
  without.live = "none";
  Node deaf(without);
  CHECK_THROWS_WITH(deaf.subscriber("weather", {"#"}, {}), Catch::Contains("NodeOptions::live is none"));
}

TEST_CASE("what a stream keeps comes again in order to a replay, which ends, and goes on with what a nack asks for") {
  Post post;
  Node node(post.options());
  auto weather = node.publisher("weather", {.retain = {.messages = 100}});
  for (int sent = 0; sent < 10; ++sent) weather.send("north", std::to_string(sent));
  REQUIRE(weather.flush(std::chrono::seconds{30}));
  auto replay = node.subscriber("weather", {"north"}, {.start = "3", .until = 8});
  std::vector<std::string> heard;
  bool is_first = true;
  while (auto delivery = replay.receive(std::chrono::seconds{30})) {
    heard.emplace_back(delivery->payload());
    if (delivery->payload() == "4" && std::exchange(is_first, false)) delivery->nack();
    else delivery->ack();
  }
  CHECK(replay.stopped());
  std::sort(heard.begin(), heard.end());
  CHECK(heard == std::vector<std::string>{"2", "3", "4", "4", "5", "6", "7"});
}

TEST_CASE("a subscriber without a name is told when its stream becomes a pipeline") {
  Post post;
  Node node(post.options());
  auto screen = node.subscriber("jobs", {"#"}, {});
  REQUIRE(node.wait_ready(patience));
  auto jobs = node.pusher("jobs");
  CHECK_THROWS_WITH(screen.receive(patience), Catch::Contains("has become a pipeline"));
}

TEST_CASE("a stream that is live only keeps nothing, and its receipts say so") {
  Post post;
  Node publishing(post.options());
  Node reading(post.options());
  auto screen = reading.subscriber("weather", {"#"}, {});
  REQUIRE(reading.wait_ready(patience));
  SenderOptions options;
  options.live_only = true;
  auto weather = publishing.publisher("weather", options);
  warm_up(weather, screen, "a");
  const Receipt receipt = weather.send("a", "now");
  const auto heard = screen.receive(patience);
  REQUIRE(heard);
  CHECK(heard->payload() == "now");
  REQUIRE(receipt.wait_confirmed(patience));
  CHECK(receipt.outcome() == Outcome::unkept);
  auto late = reading.subscriber("weather", {"#"}, {"audit"});
  CHECK_THROWS_WITH(late.receive(patience), Catch::Contains("is live only"));
  NodeOptions without = post.options();
  without.live = "none";
  Node deaf(without);
  CHECK_THROWS_WITH(deaf.publisher("other", options), Catch::Contains("nobody would hear it"));
}

TEST_CASE("what gathered goes out to its end though nobody confirms a live stream") {
  Post post;
  post.down();
  Node publishing(post.options());
  SenderOptions options;
  options.live_only = options.keep_single = true;
  auto weather = publishing.publisher("weather", options);
  constexpr int count = 300;  // more than go out in one turn
  for (int number = 0; number < count; ++number) weather.send("a", "x");
  post.up();
  CHECK(weather.flush(patience));
  CHECK(weather.confirmed() == count);
}

TEST_CASE("a subscriber without a name at a pipeline is told why it hears nothing") {
  Post post;
  Node node(post.options());
  auto jobs = node.pusher("jobs");
  REQUIRE(jobs.send("1").wait_confirmed(patience));
  auto screen = node.subscriber("jobs", {"#"}, {});
  CHECK_THROWS_WITH(screen.receive(patience), Catch::Contains("is a pipeline"));
}
