/// \file
/// What is gone before a subscription has begun, or is none any more because it begins again: gaps beside retention and
/// reset.

#include "tests/core/test_reader.h"

using namespace restante;
using namespace restante::core;
using namespace std::chrono_literals;

namespace {

/// A published stream of nine messages that keeps some of them, and a reader with a limit that is away.
struct Kept {
  explicit Kept(std::uint64_t kept, BacklogLimit limit = {}) {
    writer.pattern = StreamPattern::pubsub;
    writer.retention = {0, kept, 0};
    writer.open();
    reader.limit = limit;
    reader.join();
    if (limit != BacklogLimit{}) bench.say(*reader.peer, Unsubscribe{reader.token});
    for (int sent = 0; sent < 9; ++sent) {
      const Range range = writer.send(1);
      if (limit != BacklogLimit{}) continue;
      reader.settle([&](Settle& said) { said.acks = {{writer.grants.front().grant, range}}; });
    }
    bench.pass(1s);
  }
  std::vector<Range> gaps() {
    std::vector<Range> ranges;
    for (const auto& [key, gap] : bench.store.snapshot().gaps) ranges.push_back(gap.range);
    return ranges;
  }
  bool reset(const std::string& start) {
    bench.say(tool, ResetSubscription{1, "s", "audit", start, false, false});
    const auto told = tool.last<WasReset>();
    reader.made = 0;
    reader.claim = 0;
    return told && told->done;
  }

  OfficeBench bench;
  TestWriter writer{bench};
  TestReader reader{bench};
  Peer& tool = bench.connect(900);
};

using Ranges = std::vector<Range>;

}  // namespace

TEST_CASE("who subscribes from a sequence that is not kept any more is told so, until it was told") {
  Kept one(5);
  REQUIRE(one.bench.rows() == 5);
  one.bench.commits.clear();
  TestReader late(one.bench, 0x62);
  late.name = "late";
  late.start = "2";
  late.join();
  bool with_it = false;
  for (const Transaction& commit : one.bench.commits) {
    if (!commit.subscriptions.empty()) with_it = commit.gaps.size() == 1;
  }
  CHECK(with_it);
  CHECK(late.peer->last<Subscribed>()->untried == 2);
  const auto heard = late.hear();
  CHECK(heard.order == Order{-2, 5, 6, 7, 8, 9});
  REQUIRE(heard.gaps.size() == 1);
  CHECK(heard.gaps[0].range == Range{2, 4});
  CHECK(heard.gaps[0].reason == "the stream no longer keeps them (retention)");
  one.bench.restart();
  late.join();
  const auto again = late.hear();
  REQUIRE(again.gaps.size() == 1);
  CHECK(again.gaps[0].number == heard.gaps[0].number);
  late.tell(again.gaps[0].number);
  one.bench.pass(1s);
  CHECK(one.gaps().empty());
}

TEST_CASE("who subscribes from the beginning, or from what is kept, misses nothing that was asked for") {
  Kept one(5);
  for (const char* start : {"beginning", "5", "new"}) {
    TestReader late(one.bench, 0x62);
    late.name = std::string("late-") + start;
    late.start = start;
    late.join();
    CHECK(late.hear().gaps.empty());
  }
  CHECK(one.gaps().empty());
}

TEST_CASE("what a limit has cut and a reset brings again is no gap any more, and what is below it stays one") {
  Kept one(100, {8, 0});
  REQUIRE(one.gaps() == Ranges{{1, 2}});
  SECTION("back into the gap") {
    REQUIRE(one.reset("2"));
    CHECK(one.gaps() == Ranges{{1, 1}});
    one.reader.join();
    CHECK(one.reader.hear().order == Order{-1, 2, 3, 4, 5, 6, 7, 8, 9});
  }
  SECTION("forward") {
    REQUIRE(one.reset("8"));
    CHECK(one.gaps() == Ranges{{1, 2}});
    one.reader.join();
    CHECK(one.reader.hear().order == Order{-1, 8, 9});
  }
  one.bench.restart();
  one.reader.join();
  const auto gaps = one.reader.hear().gaps;
  REQUIRE(gaps.size() == 1);
  one.reader.tell(gaps[0].number);
  one.bench.pass(1s);
  CHECK(one.gaps().empty());
}

TEST_CASE("the limit of a subscription is the same after a reset, and what is above it is cut again") {
  Kept one(100, {8, 0});
  REQUIRE(one.reset("beginning"));
  one.bench.pass(1s);
  CHECK(one.gaps() == Ranges{{1, 2}});
  CHECK(one.bench.workers().limit == BacklogLimit{8, 0});
  CHECK(one.bench.workers().backlog_messages == 7);
}
