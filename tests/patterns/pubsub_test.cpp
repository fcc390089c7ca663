// Publishers and subscribers over a real sidecar in this process: what the first screen of pubsub.h promises.

#include <set>
#include <string>
#include <vector>

#include "core/batch.h"
#include "tests/patterns/post.h"

using namespace restante;
using namespace restante::test;
using namespace std::chrono_literals;

namespace {

std::string next(Subscriber& subscriber) {
  auto message = subscriber.receive(patience);
  if (!message) return "nothing";
  const std::string text = std::string(message->topic()) + " " + std::string(message->payload());
  message->ack();
  return text;
}

}  // namespace

TEST_CASE("what is published goes to every subscription whose filter matches, in order") {
  Post post;
  Node publishing(post.options());
  Node reading(post.options());
  auto weather = publishing.publisher("weather");
  auto north = reading.subscriber("weather", {"north/#"}, {"screen"});
  auto frost = reading.subscriber("weather", {"+/oslo", "south"}, {"frost"});
  REQUIRE(reading.wait_ready(patience));
  const Receipt first = weather.send("north/oslo", "-4");
  weather.send("north/bergen/port", "2");
  weather.send("west", "9");
  weather.send("south", "20");
  CHECK(next(north) == "north/oslo -4");
  CHECK(next(north) == "north/bergen/port 2");
  CHECK(next(frost) == "north/oslo -4");
  CHECK(next(frost) == "south 20");
  CHECK_FALSE(north.try_receive());
  CHECK_FALSE(frost.try_receive());
  CHECK(first.wait_processed(patience));
  CHECK(weather.flush(patience));
}

TEST_CASE("a subscriber that was away misses nothing and gets each topic in order, then what is published meanwhile") {
  Post post;
  Node publishing(post.options());
  auto weather = publishing.publisher("weather");
  {
    Node reading(post.options());
    auto screen = reading.subscriber("weather", {"#"}, {"screen"});
    weather.send("a", "0");
    CHECK(next(screen) == "a 0");
  }
  for (int number = 1; number <= 500; ++number) weather.send(number % 2 == 0 ? "a" : "b", std::to_string(number));
  REQUIRE(weather.flush(patience));
  Node reading(post.options());
  auto screen = reading.subscriber("weather", {"#"}, {"screen"});
  int even = 0, odd = -1;  // of each topic the last; topics do not wait for each other (C3)
  for (int seen = 1; seen <= 1000; ++seen) {
    if (seen > 250 && seen <= 750) {
      weather.send((seen + 250) % 2 == 0 ? "a" : "b", std::to_string(seen + 250));
    }
    const std::string message = next(screen);
    REQUIRE(message.size() > 2);
    int& last = message.front() == 'a' ? even : odd;
    REQUIRE(message.substr(2) == std::to_string(last += 2));
  }
  CHECK(even + odd == 1999);
}

TEST_CASE("a sidecar that begins anew in between changes nothing for a subscriber") {
  Post post;
  Node publishing(post.options());
  Node reading(post.options());
  auto weather = publishing.publisher("weather");
  auto screen = reading.subscriber("weather", {"#"}, {"screen"});
  weather.send("a", "1");
  CHECK(next(screen) == "a 1");
  post.down();
  weather.send("a", "2");
  post.up();
  CHECK(next(screen) == "a 2");
  weather.send("a", "3");
  CHECK(next(screen) == "a 3");
}

TEST_CASE("a subscription can begin with what is there") {
  Post post;
  Node publishing(post.options());
  Node reading(post.options());
  auto weather = publishing.publisher("weather");
  auto keeper = reading.subscriber("weather", {"#"}, {"keeper"});
  REQUIRE(reading.wait_ready(patience));
  weather.send("a", "1");
  REQUIRE(weather.flush(patience));
  auto late = reading.subscriber("weather", {"#"}, {"late", "beginning"});
  auto newest = reading.subscriber("weather", {"#"}, {"newest", "new"});
  REQUIRE(reading.wait_ready(patience));
  weather.send("a", "2");
  CHECK(next(late) == "a 1");
  CHECK(next(late) == "a 2");
  CHECK(next(newest) == "a 2");
  CHECK(next(keeper) == "a 1");
}

TEST_CASE("the readers of a shared subscription part the work") {
  Post post;
  Node publishing(post.options());
  Node reading(post.options());
  auto weather = publishing.publisher("weather");
  auto one = reading.subscriber("weather", {"#"}, {"store", "new", true});
  auto two = reading.subscriber("weather", {"#"}, {"store", "new", true});
  REQUIRE(reading.wait_ready(patience));
  std::set<std::string> sent;
  for (int number = 0; number < 200; ++number) {
    sent.insert(std::to_string(number));
    weather.send("a", std::to_string(number));
  }
  std::set<std::string> seen;
  REQUIRE(link::test::eventually([&] {
    for (Subscriber* reader : {&one, &two}) {
      while (auto message = reader->try_receive()) {
        CHECK(seen.emplace(message->payload()).second);
        message->ack();
      }
    }
    return seen == sent;
  }));
}

TEST_CASE(
    "the readers of a shared subscription get what its filters match, live too, and each subscription gets its own") {
  Post post;
  Node publishing(post.options());
  Node reading(post.options());
  auto weather = publishing.publisher("weather");
  auto north = reading.subscriber("weather", {"north/#"}, {"north", "new", true});
  auto all = reading.subscriber("weather", {"#"}, {"all", "new", true});
  REQUIRE(reading.wait_ready(patience));
  for (int number = 0; number < 200; ++number) {
    weather.send(number % 2 == 0 ? "north/oslo" : "south/rome", std::to_string(number));
    if (number % 20 == 0) REQUIRE(weather.flush(patience));
  }
  int of_the_north = 0, of_all = 0;
  REQUIRE(link::test::eventually([&] {
    while (auto message = north.try_receive()) {
      CHECK(message->topic() == "north/oslo");
      ++of_the_north;
      message->ack();
    }
    while (auto message = all.try_receive()) {
      ++of_all;
      message->ack();
    }
    return of_the_north >= 100 && of_all >= 200;
  }));
  CHECK(of_the_north == 100);
  CHECK(of_all == 200);
}

TEST_CASE("of two readers of one exclusive subscription the newer wins, and the older is told") {
  Post post;
  Node reading(post.options());
  auto older = reading.subscriber("weather", {"#"}, {"screen"});
  REQUIRE(reading.wait_ready(patience));
  Node other(post.options());
  auto newer = other.subscriber("weather", {"#"}, {"screen"});
  REQUIRE(other.wait_ready(patience));
  try {
    static_cast<void>(older.receive(patience));
    FAIL("the older one goes on");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::held_elsewhere);
    CHECK_THAT(error.what(), Catch::Matchers::Contains("taken over by a newer consumer"));
  }
  Node publishing(post.options());
  auto weather = publishing.publisher("weather");
  weather.send("a", "1");
  CHECK(next(newer) == "a 1");
}

TEST_CASE("a plain subscriber of ZeroMQ hears the topic and the batch where the application wants it") {
  Post post;
  link::test::Place place;
  Node publishing(post.options());
  SenderOptions options;
  options.publish_at = place.ipc("plain.sock");
  options.keep_single = true;
  auto weather = publishing.publisher("weather", options);
  link::Context context;
  link::Subscribe plain(context, limits::frame_size_max);
  plain.subscribe("north");
  plain.connect(options.publish_at);
  std::optional<link::Publication> heard;
  REQUIRE(link::test::eventually([&] {  // until it is connected, what is published is not for it
    weather.send("south", "20");
    weather.send("north/oslo", "-4");
    heard = plain.receive();
    return heard.has_value();
  }));
  CHECK(heard->topic == "north/oslo");
  std::string why;
  const auto batch = core::Batch::parse(heard->batch, why);
  REQUIRE(batch);
  CHECK(batch->header().first == batch->header().last);
  CHECK(batch->message(batch->header().first).payload == "-4");
}

TEST_CASE("what is wrong with a topic, a filter or a subscription is told at once") {
  Post post;
  Node node(post.options());
  auto weather = node.publisher("weather");
  CHECK_THROWS_WITH(weather.send("north/+", "x"), Catch::Matchers::Contains("the topic \"north/+\""));
  CHECK_THROWS_WITH(weather.send("", "x"), Catch::Matchers::Contains("topic"));
  CHECK_THROWS_WITH(node.subscriber("weather", {"a#"}, {"screen"}), Catch::Matchers::Contains("the filter \"a#\""));
  CHECK_THROWS_WITH(node.subscriber("weather", {}, {"screen"}), Catch::Matchers::Contains("at least one filter"));
  CHECK_THROWS_WITH(node.subscriber("weather", {"#"}, {"workers"}), Catch::Matchers::Contains("open a puller"));
  CHECK_THROWS_WITH(node.subscriber("weather", {"#"}, {"screen", "soon"}), Catch::Matchers::Contains("neither"));
}

TEST_CASE("a subscription that is opened with other filters has them from then on, and what it missed comes first") {
  Post post;
  Node node(post.options());
  auto weather = node.publisher("weather");
  {
    Node before(post.options());
    auto first = before.subscriber("weather", {"north/#"}, {"screen"});
    REQUIRE(before.wait_ready(patience));
  }
  weather.send("north/oslo", "1");
  weather.send("south/rome", "2");
  REQUIRE(weather.flush(patience));
  auto second = node.subscriber("weather", {"south/#"}, {"screen"});
  REQUIRE(node.wait_ready(patience));
  weather.send("north/oslo", "3");
  weather.send("south/rome", "4");
  CHECK(next(second) == "north/oslo 1");
  CHECK(next(second) == "south/rome 4");
  CHECK_FALSE(second.receive(100ms));
}

TEST_CASE("a pusher and a publisher do not write one stream") {
  Post post;
  Node node(post.options());
  auto orders = node.pusher("orders");
  orders.send("1");
  REQUIRE(orders.flush(patience));
  orders.close();
  auto publisher = node.publisher("orders");
  publisher.send("a", "2");
  CHECK_THROWS_WITH(publisher.flush(patience), Catch::Matchers::Contains("is a pipeline"));
}
