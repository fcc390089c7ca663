// A strict subscription: of a topic nothing is handed out while something older of it is unsettled (X8).

#include <catch2/catch.hpp>

#include "tests/core/test_reader.h"

using namespace restante;
using namespace restante::core;
using namespace std::chrono_literals;

namespace {

/// A writer and a strict reader: topic `a` has 1 to 3 and 6 to 7, topic `b` has 4 to 5.
struct Strict {
  Strict() : writer(bench), reader(bench) {
    writer.pattern = StreamPattern::pubsub;
    writer.open();
    reader.mode = SubscriptionMode::strict;
    reader.join();
    send("a", 3);
    send("b", 2);
    send("a", 2);
  }
  void send(const std::string& topic, std::size_t messages) {
    writer.topic = topic;
    writer.send(messages);
  }
  [[nodiscard]] GrantRange ids(Sequence first, Sequence last) const {
    return {writer.grants.front().grant, {first, last}};
  }
  void ack(Sequence first, Sequence last) {
    reader.settle([&](Settle& said) { said.acks = {ids(first, last)}; });
  }
  /// As the library does: what is behind it goes back with it.
  void nack(Sequence sequence, Sequence last, std::int64_t delay_ms) {
    reader.settle([&](Settle& said) {
      said.nacks = {{writer.grants.front().grant, sequence, delay_ms, false}};
      if (last > sequence) said.released = {ids(sequence + 1, last)};
    });
  }
  std::vector<std::int64_t> order() { return reader.hear().order; }

  OfficeBench bench;
  TestWriter writer;
  TestReader reader;
};

}  // namespace

TEST_CASE("of a topic one batch at a time is handed out, and other topics go on") {
  Strict one;
  CHECK(one.order() == Order{1, 4});
  one.ack(1, 2);
  CHECK(one.order().empty());
  one.ack(3, 3);
  CHECK(one.order() == Order{6});
  one.ack(4, 7);
  CHECK(one.bench.workers().backlog_messages == 0);
}

TEST_CASE("a nack holds its topic, also while it waits on the disk alone and over a restart (X8)") {
  Strict one;
  one.order();
  one.ack(1, 1);
  one.nack(2, 3, 3'600'000);
  one.bench.pass(5s);
  CHECK(one.order().empty());
  one.ack(4, 5);
  one.send("b", 1);
  CHECK(one.order() == Order{8});
  REQUIRE(one.bench.workers().parked == 1);
  one.bench.restart();
  one.writer.resume(one.writer.confirmed());
  one.reader.join();
  one.bench.pass(5s);
  CHECK(one.order() == Order{8});
  one.bench.pass(3600s);
  one.reader.join();
  one.bench.pass(2s);
  CHECK(one.order() == Order{8, 2});  // its row is fetched
  one.ack(2, 2);
  CHECK(one.order() == Order{3});
  one.ack(3, 3);
  CHECK(one.order() == Order{6});
}

TEST_CASE("what is nacked again and again is given up, and its topic goes on") {
  Strict one;
  one.order();
  one.ack(1, 1);
  one.reader.settle([&](Settle& said) {
    said.rejects = {{one.writer.grants.front().grant, 2, "broken"}};
    said.acks = {one.ids(3, 3)};
  });
  CHECK(one.order() == Order{6});
  CHECK(one.bench.workers().dead == 1);
}

TEST_CASE("a message that went back is handed out before what is behind it in its batch") {
  Strict one;
  one.order();
  one.nack(1, 3, 0);
  one.bench.pass(100ms);
  CHECK(one.order() == Order{1});
  one.ack(1, 1);
  CHECK(one.order() == Order{2});
}

TEST_CASE("when a strict reader dies, its successor begins with the oldest, and an older one has the name no more") {
  Strict one;
  one.order();
  one.ack(1, 1);
  TestReader next(one.bench, 0x62);
  next.mode = SubscriptionMode::strict;
  next.join();
  CHECK(one.reader.peer->last<TakenOver>());
  CHECK(next.hear().order == Order{2, 4});
}

TEST_CASE("credit for one message: a batch comes in parts, each when the one before is settled") {
  Strict one;
  one.order();
  one.reader.credit = {1, 1U << 20};
  one.reader.join();
  CHECK(one.order() == Order{1});
  one.ack(1, 1);
  CHECK(one.order() == Order{2});
  one.ack(2, 2);
  CHECK(one.order() == Order{3});
  one.ack(3, 3);
  CHECK(one.order() == Order{4});
}

TEST_CASE("a limit takes of a held topic too") {
  Strict one;
  TestReader small(one.bench, 0x71);
  small.mode = SubscriptionMode::strict;
  small.name = "small";
  small.limit = {4, 0};
  small.credit = {1, 1U << 20};
  small.join();
  small.hear();
  one.send("a", 4);
  CHECK(small.hear().order == Order{8});
  one.send("a", 4);
  const auto heard = small.hear();
  REQUIRE(heard.gaps.size() == 1);
  CHECK(heard.gaps.front().range.first == 9);
}

TEST_CASE("what is being cut holds its topic until that is written") {
  Strict one;
  TestReader small(one.bench, 0x71);
  small.mode = SubscriptionMode::strict;
  small.name = "small";
  small.limit = {4, 0};
  small.join();
  one.send("a", 1);
  CHECK(small.hear().order == Order{8});
  one.send("a", 3);
  one.bench.disk_runs = false;
  one.send("a", 3);
  small.settle([&](Settle& said) { said.acks = {one.ids(8, 8)}; });
  one.bench.pass(100ms);
  CHECK(small.hear().order.empty());
  one.bench.disk_runs = true;
  one.bench.perform();
  CHECK(small.hear().order == Order{-9, 12});
}

TEST_CASE("a topic that is worked on for long leaves credit to the others") {
  Strict one;
  one.reader.credit = {8, 1U << 20};
  one.reader.join();
  one.order();
  one.ack(1, 7);
  one.send("a", 100);
  one.send("b", 1);
  CHECK(one.order() == Order{8, 108});
}

TEST_CASE("when all of it is in hand nothing is owed") {
  Strict one;
  one.order();
  one.ack(1, 3);
  CHECK(one.order() == Order{6});
  CHECK(one.bench.workers().live);
}

TEST_CASE("a subscription stays what it was made as: strict is another kind than exclusive") {
  Strict one;
  TestReader other(one.bench, 0x62);
  other.join();
  const auto refused = other.peer->last<Refused>();
  REQUIRE(refused);
  CHECK(refused->text.find("it exists as a strict subscription; use another name") != std::string::npos);
}
