/// \file
/// A strict inbox: of a topic one message is in hand at a time, and what is behind one that goes back goes with it
/// (X8).

#include "tests/core/inbox_bench.h"

using namespace restante;
using namespace restante::core;
using Verdict = Inbox::Verdict;

namespace {

/// Topic `a` has 1 to 3, topic `b` has 4 to 5.
struct StrictInbox : InboxBench {
  StrictInbox() : InboxBench(SubscriptionMode::strict) {
    connect();
    redeliver({1, 3}, 0, "a");
    redeliver({4, 5}, 0, "b");
    said();
  }
};

}  // namespace

TEST_CASE("of a topic one message is handed out, until it is settled, and another topic's meanwhile") {
  StrictInbox bench;
  const Inbox::Item one = bench.take();
  const Inbox::Item four = bench.take();
  CHECK(one.sequence == 1);
  CHECK(four.sequence == 4);
  CHECK_FALSE(bench.inbox.ready());
  CHECK_FALSE(bench.inbox.take(bench.now));
  bench.settle(four.hand, Verdict::ack);
  CHECK(bench.inbox.ready());
  CHECK(bench.take().sequence == 5);
  bench.settle(one.hand, Verdict::reject);
  CHECK(bench.take().sequence == 2);
}

TEST_CASE("what is behind a nack or a release goes back with it, and only of its topic (X8)") {
  for (const Verdict verdict : {Verdict::nack, Verdict::release}) {
    StrictInbox bench;
    bench.take_and(verdict);
    const Settle said = bench.said();
    const bool is_nack = verdict == Verdict::nack;
    CHECK(said.nacks.size() == (is_nack ? 1 : 0));
    CHECK(said.released == (is_nack ? Ids{InboxBench::ids(2, 3)} : Ids{InboxBench::ids(1, 3)}));
    CHECK(bench.take_all() == Sequences{4});
    bench.redeliver({1, 1}, 1, "a");
    CHECK(bench.take_all() == Sequences{1});
  }
}

TEST_CASE("when a lease ends its topic waits like after a nack") {
  StrictInbox bench;
  bench.take();
  bench.pass(30s);
  const Settle said = bench.said();
  CHECK(said.nacks.size() == 1);
  CHECK(said.released == Ids{InboxBench::ids(2, 5)});
  CHECK_FALSE(bench.inbox.ready());
}

TEST_CASE("on a new link what is in hand still holds its topic") {
  StrictInbox bench;
  const Inbox::Item one = bench.take();
  bench.connect();
  CHECK(bench.subscribe.held == Ids{InboxBench::ids(1, 1), InboxBench::ids(2, 5)});
  CHECK(bench.take_all() == Sequences{4});
  bench.settle(one.hand, Verdict::ack);
  CHECK(bench.take_all() == Sequences{2});
}

TEST_CASE("a redelivery that crosses a nack goes back whole, or what is behind it would be handed out") {
  StrictInbox bench;
  const Inbox::Item one = bench.take();
  bench.inbox.on_link_down(bench.now);
  bench.settle(one.hand, Verdict::nack);
  bench.inbox.on_link_up(bench.now);
  bench.inbox.take_effects();
  Subscribed answer;
  answer.session = 5;
  answer.token = ++bench.token;
  answer.mode = SubscriptionMode::strict;
  answer.claim = 3;
  answer.grants = InboxBench::block();
  bench.inbox.on_message(answer, bench.now);
  bench.redeliver({1, 3}, 0, "a");
  CHECK(bench.take_all() == Sequences{4});
}

TEST_CASE("what is queued behind the floor's place goes back with what is below it") {
  StrictInbox bench;
  bench.take();
  bench.connect(2);
  CHECK(bench.take_all() == Sequences{4});
}

TEST_CASE("a gap is told before what is queued, as it has no place there") {
  StrictInbox bench;
  bench.inbox.on_message(Missed{bench.token, 9, {6, 8}, "a limit", 0}, bench.now);
  CHECK(bench.inbox.ready());
  CHECK_FALSE(bench.inbox.take(bench.now));
  REQUIRE(bench.inbox.take_events().size() == 1);
  CHECK(bench.take_all() == Sequences{1, 4});
}
