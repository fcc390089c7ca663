// A subscription with a limit: what is above it is cut in one transaction with its gap, and the gap is owed (B7).

#include <catch2/catch.hpp>

#include "tests/core/test_reader.h"

using namespace restante;
using namespace restante::core;
using namespace std::chrono_literals;

namespace {

/// A stream with a writer, and a reader with a limit that has joined and left again.
struct Away {
  explicit Away(BacklogLimit limit) : writer(bench), reader(bench) {
    writer.pattern = StreamPattern::pubsub;
    writer.open();
    reader.limit = limit;
    reader.join();
    bench.say(*reader.peer, Unsubscribe{reader.token});
  }
  [[nodiscard]] GrantRange ids(Sequence first, Sequence last) const {
    return {writer.grants.front().grant, {first, last}};
  }
  [[nodiscard]] SubscriptionStatus status() const { return bench.workers(); }
  [[nodiscard]] std::vector<Range> gaps() const {
    std::vector<Range> ranges;
    for (const auto& [key, gap] : bench.store.snapshot().gaps) ranges.push_back(gap.range);
    return ranges;
  }

  OfficeBench bench;
  TestWriter writer;
  TestReader reader;
};

using Ranges = std::vector<Range>;

}  // namespace

TEST_CASE("what is above a limit is cut down to seven eighths, the oldest first, and the rest is confirmed as ever") {
  Away one({16, 0});
  for (int batch = 0; batch < 8; ++batch) one.writer.send(2);
  CHECK(one.status().cut == 0);
  one.writer.send(2);
  CHECK(one.status().cut == 4);
  CHECK(one.status().backlog_messages == 14);
  CHECK(one.status().gaps == 1);
  CHECK(one.gaps() == Ranges{{1, 4}});
  CHECK(one.writer.confirmed() == 18);
  CHECK(one.bench.counter("messages cut by a limit of their subscription") == 4);
}

TEST_CASE("a part of a batch may go: never more than the limit asks for") {
  Away one({10, 0});
  one.writer.send(30);
  CHECK(one.status().backlog_messages == 9);
  CHECK(one.gaps() == Ranges{{1, 21}});
}

TEST_CASE("a limit in octets is one of the frames, and the last message may pass it alone") {
  Away one({0, 3000});
  for (int batch = 0; batch < 3; ++batch) one.writer.send(1, 0, 1000);
  CHECK(one.status().backlog_octets <= 3000);
  CHECK(one.status().cut == 1);
  one.writer.send(1, 0, 4000);
  CHECK(one.status().backlog_messages == 0);
  CHECK(one.gaps() == Ranges{{1, 4}});
}

TEST_CASE("the cursor, the gap and nothing less are in the transaction of a cut (B7)") {
  Away one({4, 0});
  one.writer.send(4);
  one.bench.commits.clear();
  one.writer.send(4);
  bool seen = false;
  for (const Transaction& commit : one.bench.commits) {
    if (commit.gaps.empty()) continue;
    seen = true;
    REQUIRE(commit.gaps.size() == 1);
    REQUIRE(commit.cursors.size() == 1);
    const bool passes =
        commit.cursors.front().floor >= 4 || IntervalSet(commit.cursors.front().settled).contains({1, 4});
    CHECK(passes);
    CHECK(commit.gaps.front().range == Range{1, 4});
  }
  CHECK(seen);
}

TEST_CASE("a reader that comes is told of the gap before what comes after it, and once it told it is owed no more") {
  Away one({4, 0});
  one.writer.send(2);
  one.writer.send(4);
  one.reader.join();
  auto heard = one.reader.hear();
  CHECK(heard.order == Order{-1, 3});
  REQUIRE(heard.gaps.size() == 1);
  CHECK(heard.gaps[0].range == Range{1, 2});
  CHECK(heard.gaps[0].covers == 2);
  CHECK(heard.gaps[0].reason == "the subscription had reached its limit of 4 messages");
  CHECK(heard.batches == Batches{{3, 6}});
  CHECK(heard.checkpoints.back() == 6);
  one.bench.pass(3s);
  CHECK(one.status().gaps == 1);

  one.reader.tell(heard.gaps[0].number);
  CHECK(one.status().gaps == 0);
  one.bench.pass(1s);
  CHECK(one.gaps().empty());
  one.reader.join();
  CHECK(one.reader.hear().gaps.empty());
}

TEST_CASE("a gap is told again on a new link, to another consumer and after a restart, until it was told") {
  Away one({4, 0});
  one.writer.send(8);
  one.reader.join();
  const std::uint64_t number = one.reader.hear().gaps.at(0).number;
  one.reader.join();
  CHECK(one.reader.hear().gaps.at(0).number == number);
  TestReader other(one.bench, 0x62);
  other.join();
  CHECK(other.hear().gaps.at(0).number == number);
  one.bench.restart();
  TestReader third(one.bench, 0x63);
  third.join();
  const auto heard = third.hear();
  CHECK(heard.gaps.at(0).number == number);
  CHECK(heard.order == Order{-1, 5});
  third.tell(number);
  one.bench.pass(1s);
  one.bench.restart();
  third.join();
  CHECK(third.hear().order == Order{5});
}

TEST_CASE("nobody is told a baseline above a gap that is owed: what comes live would overtake it (X8)") {
  Away one({4, 0});
  one.writer.send(8);
  one.reader.join();
  CHECK(one.reader.peer->last<Subscribed>()->untried == 1);
}

TEST_CASE("what a reader has in hand is not cut, and what is cut behind it is told behind it") {
  Away one({4, 0});
  one.reader.credit = {2, 1U << 20};
  one.reader.join();
  one.reader.hear();
  one.writer.send(2);
  one.bench.pass(2s);
  CHECK(one.reader.hear().batches == Batches{{1, 2}});
  one.writer.send(6);
  one.bench.pass(2s);  // nobody reports that they came live
  CHECK(one.gaps() == Ranges{{3, 6}});
  CHECK(one.reader.hear().order == Order{-3});
  one.reader.settle([&](Settle& said) { said.acks = {one.ids(1, 2)}; });
  CHECK(one.reader.hear().order == Order{7});
}

TEST_CASE("what is cut while another waits for the disk is not handed out behind its gap's back") {
  Away one({4, 0});
  one.bench.disk_runs = false;
  one.writer.send(8);
  one.reader.join();
  CHECK(one.reader.hear().order.empty());
  one.bench.disk_runs = true;
  one.bench.perform();
  const auto heard = one.reader.hear();
  CHECK(heard.order == Order{-1, 5});
}

TEST_CASE("a cut frees the disk, and is taken when it is full") {
  Away one({10, 0});
  for (int batch = 0; batch < 10; ++batch) one.writer.send(1, 0, 1000);
  one.bench.store.set_capacity(one.bench.store.snapshot().used + 500);
  one.writer.send(4, 0, 500);
  one.bench.pass(3s);
  CHECK(one.bench.refused_commits > 0);
  CHECK(one.status().cut > 0);
  CHECK(one.writer.confirmed() == 14);
}

TEST_CASE("of workers each keeps what it has in hand, one of them is told, and another if that one leaves") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.pattern = StreamPattern::pubsub;
  writer.open();
  TestWorker one(bench, 0x51, {2, 1U << 20});
  one.share("team");
  one.limit = {8, 0};
  one.join();
  writer.send(8);
  CHECK(one.take() == from_to(1, 2));
  writer.send(2);
  CHECK(bench.workers().cut == 3);
  const auto gap = one.peer->last<Missed>().value();
  CHECK(gap.range == Range{3, 5});
  CHECK(gap.covers == 0);
  TestWorker two(bench, 0x52);
  two.share("team");
  two.join();
  CHECK(two.take() == from_to(6, 10));
  CHECK_FALSE(two.peer->last<Missed>());
  bench.say(*one.peer, Unsubscribe{one.token});
  CHECK(two.peer->last<Missed>()->number == gap.number);
  CHECK(two.take() == from_to(1, 2));
  two.settle([&](Settle& said) { said.missed = {gap.number, 12345}; });
  CHECK(bench.workers().gaps == 0);
}

TEST_CASE("a pipeline's workers have no limit, whatever one of them asks for") {
  OfficeBench bench;
  TestWorker worker(bench, 0x51, {2, 1U << 20});
  worker.limit = {4, 0};
  worker.join();
  TestWriter writer(bench);
  writer.open();
  writer.send(20);
  CHECK(bench.workers().limit == BacklogLimit{});
  CHECK(bench.workers().backlog_messages == 20);
}

TEST_CASE("the publisher waits at a limit if that was asked for, and is told for whom") {
  Away one({8, 0, OnLimit::refuse});
  one.writer.send(4);
  one.bench.pass(1s);
  CHECK(one.writer.peer->last<Confirmed>()->window > 0);
  one.writer.send(4);
  one.bench.pass(1s);
  const auto told = one.writer.peer->last<Confirmed>().value();
  CHECK(told.window == 0);
  CHECK(told.limit ==
        "subscription audit of stream s is at its limit of 8 messages: 8 messages with 416 octets wait for "
        "subscription audit; receive some of them, remove the "
        "subscription, or raise the limit with `restante subscriptions set s audit max_messages=`");
  one.writer.send(4);  // on its way already
  CHECK(one.writer.confirmed() == 12);
  CHECK(one.status().cut == 0);
  one.reader.join();
  one.reader.settle([&](Settle& said) { said.acks = {one.ids(1, 5)}; });
  CHECK(one.writer.peer->last<Confirmed>()->window == 0);
  one.reader.settle([&](Settle& said) { said.acks = {one.ids(1, 6)}; });
  CHECK(one.writer.peer->last<Confirmed>()->window > 0);
  CHECK(one.writer.peer->last<Confirmed>()->limit.empty());
}

TEST_CASE("after a restart what nobody has counted yet is not cut, and is counted before more is") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.pattern = StreamPattern::pubsub;
  writer.open();
  TestReader all(bench, 0x71);
  all.name = "all";
  all.filters = {"a", "b"};
  all.join();
  bench.say(*all.peer, Unsubscribe{all.token});
  TestReader few(bench, 0x72);
  few.name = "few";
  few.filters = {"b"};
  few.limit = {8, 0};
  few.join();
  bench.say(*few.peer, Unsubscribe{few.token});
  for (int turn = 0; turn < 7; ++turn) {
    writer.topic = "a";
    for (int batch = 0; batch < 40; ++batch) writer.send(1, 0, 30'000);
    writer.topic = "b";
    writer.send(1, 0, 30'000);
  }
  bench.pass(1s);
  bench.restart();
  bench.pass(1s);
  CHECK(bench.store.snapshot().gaps.empty());
  writer.resume(writer.confirmed());
  writer.topic = "b";
  writer.send(1);
  CHECK(bench.store.snapshot().gaps.empty());
  writer.send(2);
  bench.pass(1s);
  const auto gaps = bench.store.snapshot().gaps;
  REQUIRE(gaps.size() == 1);
  CHECK(bench.status().streams.at(0).subscriptions.at(1).cut == 3);
}

TEST_CASE("a gap within a batch is told at its place, and what is sent before it covers nothing of it (X4, X8)") {
  Away one({2, 0});
  one.reader.credit = {1, 1U << 20};
  one.reader.join();
  one.reader.hear();
  one.writer.send(3);
  one.bench.pass(2s);  // nobody reports that they came live: the first is sent
  CHECK(one.gaps() == Ranges{{2, 2}});
  one.reader.credit = {32, 1U << 20};
  one.reader.join();
  const auto heard = one.reader.hear();
  CHECK(heard.order == Order{1, -2, 3});
  CHECK(heard.batches == Batches{{1, 1}, {3, 3}});
}

TEST_CASE("what a limit cut on a full disk says nothing of what has no row there: after a restart that still comes") {
  Away one({4, 0});
  TestReader all(one.bench, 0x71);
  all.name = "all";
  all.join();
  one.bench.say(*all.peer, Unsubscribe{all.token});
  one.bench.pass(1s);
  one.bench.store.set_capacity(one.bench.store.snapshot().used + 600);
  for (int batch = 0; batch < 8; ++batch) one.writer.send(1, 0, 1000);
  one.bench.pass(3s);
  REQUIRE_FALSE(one.gaps().empty());
  REQUIRE(one.writer.confirmed() == 0);
  one.bench.store.set_capacity(1U << 20);
  one.bench.restart();
  one.writer.resume(0);
  one.writer.send_again(0);
  one.bench.pass(1s);
  CHECK(one.writer.confirmed() == 8);
  all.join();
  CHECK(all.hear().batches == Batches{{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}, {6, 6}, {7, 7}, {8, 8}});
}
