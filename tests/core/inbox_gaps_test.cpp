// Gaps that a sidecar owes: told to the application in order, acked when it was told, and not before.

#include "tests/core/inbox_bench.h"

using namespace restante;
using namespace restante::core;

namespace {

using Verdict = Inbox::Verdict;
using Numbers = std::vector<std::uint64_t>;

/// What the application sees: sequences, and a gap as its first sequence below zero.
using Seen = std::vector<std::int64_t>;

class Reader : public InboxBench {
 public:
  explicit Reader(SubscriptionMode mode) : InboxBench(mode) {}

  void missed(std::uint64_t number, Range range) {
    inbox.on_message(Missed{token, number, range, "the limit", range.last}, now);
  }
  /// Takes all there is; `tells`: the application has heard of the gaps.
  Seen see(bool tells = true) {
    Seen seen;
    while (inbox.ready()) {
      if (const auto item = inbox.take(now)) seen.push_back(static_cast<std::int64_t>(item->sequence));
      for (const Inbox::Event& event : inbox.take_events()) {
        seen.push_back(-static_cast<std::int64_t>(event.from));
        if (tells && event.number != 0) inbox.told(event.number, now);
      }
    }
    return seen;
  }
};

}  // namespace

TEST_CASE("a gap is told behind what came before it and before what comes after it, and acked when it was told") {
  const auto mode = GENERATE(SubscriptionMode::shared, SubscriptionMode::exclusive);
  Reader bench(mode);
  bench.connect();
  bench.redeliver({1, 2});
  bench.missed(7, {3, 5});
  bench.redeliver({6, 6});
  CHECK(bench.said().missed.empty());
  CHECK(bench.inbox.queued() == 3);
  CHECK(bench.see(false) == Seen{1, 2, -3, 6});
  CHECK(bench.said().missed.empty());
  CHECK(bench.inbox.next_deadline() > bench.now);
  bench.inbox.told(7, bench.now);
  CHECK(bench.inbox.next_deadline() == bench.now);
  CHECK(bench.said().missed == Numbers{7});
  CHECK(bench.said().missed.empty());
}

TEST_CASE("a gap says its range and its reason") {
  Reader bench(SubscriptionMode::exclusive);
  bench.connect();
  bench.missed(7, {3, 5});
  CHECK_FALSE(bench.inbox.take(bench.now));
  const auto events = bench.inbox.take_events();
  REQUIRE(events.size() == 1);
  CHECK(events[0].kind == Inbox::Event::Kind::gap);
  CHECK((events[0].from == 3 && events[0].to == 5 && events[0].number == 7));
  CHECK(events[0].text == "the limit");
}

TEST_CASE("what comes live after a gap does not wait for what is gone") {
  Reader bench(SubscriptionMode::exclusive);
  bench.connect();
  bench.live({6, 6}, 5, "a");
  CHECK(bench.inbox.held_back() == 1);
  bench.missed(7, {1, 5});
  CHECK(bench.inbox.held_back() == 0);
  CHECK(bench.see() == Seen{-1, 6});
  bench.live({7, 7}, 6, "a");
  CHECK(bench.see() == Seen{7});
}

TEST_CASE("a gap that comes out of its order does not raise what is known") {
  Reader bench(SubscriptionMode::exclusive);
  bench.connect();
  bench.inbox.on_message(Missed{bench.token, 7, {3, 5}, "the limit", 0}, bench.now);
  bench.live({6, 6}, 5, "a");
  CHECK(bench.inbox.held_back() == 1);
}

TEST_CASE("a gap that comes again is told once, and acked again once it was told") {
  const auto mode = GENERATE(SubscriptionMode::shared, SubscriptionMode::exclusive);
  Reader bench(mode);
  bench.connect();
  bench.missed(7, {1, 5});
  bench.connect();
  bench.missed(7, {1, 5});
  CHECK(bench.see(false) == Seen{-1});
  bench.missed(7, {1, 5});
  CHECK(bench.see() == Seen{});
  CHECK(bench.said().missed.empty());
  bench.inbox.told(7, bench.now);
  CHECK(bench.said().missed == Numbers{7});
  CHECK(bench.connect().missed == Numbers{7});  // the link before may have lost it
  bench.missed(7, {1, 5});
  CHECK(bench.see() == Seen{});
  CHECK(bench.said().missed == Numbers{7});
}

TEST_CASE("a gap of another link or of a stopped reader is not told") {
  Reader bench(SubscriptionMode::shared);
  bench.connect();
  bench.inbox.on_message(Missed{bench.token + 1, 7, {1, 5}, "", 5}, bench.now);
  CHECK(bench.inbox.counters().stale == 1);
  bench.missed(8, {1, 5});
  bench.inbox.stop(bench.now);
  bench.missed(9, {1, 5});
  CHECK(bench.see() == Seen{});
  CHECK(bench.said().missed.empty());
}

TEST_CASE("a gap stays in the queue when the messages around it are given back") {
  Reader bench(SubscriptionMode::shared);
  bench.connect();
  bench.redeliver({1, 3});
  const Inbox::Item hand = bench.take();
  bench.missed(7, {4, 5});
  bench.redeliver({6, 6});
  bench.pass(31s);  // its lease ends, and what is queued goes to others (G3)
  CHECK(bench.inbox.queued() == 0);
  CHECK(bench.see() == Seen{-4});
  CHECK(bench.said().missed == Numbers{7});
  CHECK_FALSE(bench.settle(hand.hand, Verdict::ack));
}

TEST_CASE(
    "a gap of a store that was replaced is not told: the present one may have what was dropped, or says so again") {
  Reader bench(SubscriptionMode::exclusive);
  bench.connect(0, {{0x1, {1, 7}}, {0x3, {8, 100}}});
  bench.missed(7, {1, 5});
  bench.missed(8, {9, 12});
  bench.connect(0, {{0x1, {1, 7}}, {0x2, {8, 100}}});
  CHECK(bench.see() == Seen{-8, -1});  // the regress comes first
  CHECK(bench.said().missed == Numbers{7});
  bench.missed(8, {9, 12});
  CHECK(bench.see() == Seen{-9});
}

TEST_CASE("gaps that have become one are told as that one, in the place of the first") {
  Reader bench(SubscriptionMode::exclusive);
  bench.connect();
  bench.missed(7, {1, 5});
  bench.redeliver({6, 6});
  bench.missed(8, {7, 8});
  bench.redeliver({20, 20});
  bench.connect();
  bench.missed(9, {1, 8});
  bench.missed(10, {9, 10});
  CHECK(bench.see() == Seen{-1, 6, 20, -9});
  CHECK(bench.said().missed == Numbers{9, 10});
}

TEST_CASE("a sidecar that tells gaps without end takes no memory") {
  Reader bench(SubscriptionMode::exclusive);
  bench.connect();
  for (std::uint64_t number = 1; number <= 9 * limits::gaps_max; ++number) bench.missed(number, {number, number});
  CHECK(bench.see().size() == 4 * limits::gaps_max);
  CHECK(bench.said().missed.size() == 4 * limits::gaps_max);
  CHECK(bench.connect().missed.size() == limits::gaps_max);
}

TEST_CASE("a replay whose first block is gone on its new link goes on: that is no other store") {
  InboxBench bench(SubscriptionMode::replay);
  const Grant later{0x78, {1000001, 2000000}};
  bench.connect(0, {InboxBench::block().front(), later});
  bench.redeliver({3, 3});
  const auto item = bench.inbox.take(bench.now);
  REQUIRE(item);
  bench.connect(2, {later});
  CHECK(bench.inbox.take_events().empty());
  CHECK(bench.inbox.settle(item->hand, InboxBench::Verdict::ack, Duration{-1}, {}, bench.now));
}

TEST_CASE("a replay takes a block that is not told any more for closed, also if one below it is still there") {
  InboxBench bench(SubscriptionMode::replay);
  const std::vector<Grant> all{{1, {1, 256}}, {2, {257, 512}}, {3, {513, 768}}};
  const std::vector<Grant> later{all[0], all[2]};
  bench.connect(0, all);
  bench.inbox.on_message(Grants{bench.token, later}, bench.now);
  CHECK(bench.inbox.take_events().empty());
  bench.connect(0, all);
  bench.connect(0, later);
  CHECK(bench.inbox.take_events().empty());
  bench.connect(0, {{4, {257, 512}}});
  CHECK(bench.inbox.take_events().size() == 1);  // another store's
}
