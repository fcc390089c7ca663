/// \file
/// An exclusive inbox: order, gaps and claims (PROTOCOL X1 to X7, T1, T4).

#include <restante/limits.h>

#include "tests/core/inbox_bench.h"

using namespace restante;
using namespace restante::core;
using Verdict = Inbox::Verdict;

namespace {

struct Exclusive : InboxBench {
  Exclusive() : InboxBench(SubscriptionMode::exclusive) {}
};

}  // namespace

TEST_CASE("a gap holds live copies back until the sidecar has caught up, and nothing is delivered twice") {
  Exclusive bench;
  bench.connect();
  bench.live({1, 1}, 0, "a");
  bench.live({3, 3}, 2, "a");
  CHECK(bench.inbox.queued() == 1);
  bench.said();
  CHECK(find<CatchUp>(bench.effects)->want == 2);
  bench.redeliver({1, 1}, 0, "a");  // the sidecar sends everything that is unsettled
  bench.redeliver({2, 2}, 0, "a");
  bench.redeliver({3, 3}, 0, "a");
  bench.checkpoint(3);
  CHECK(bench.take_all() == Sequences{1, 2, 3});
  bench.said();
  CHECK(bench.effects.empty());
}

TEST_CASE("a gap is asked for again when the checkpoint did not close it") {
  Exclusive bench;
  bench.connect();
  bench.live({105, 105}, 104, "a");
  bench.said();
  bench.checkpoint(103);
  bench.said();
  CHECK(find<CatchUp>(bench.effects)->want == 104);
  bench.checkpoint(104);
  CHECK(bench.take_all() == Sequences{105});
}

TEST_CASE("below the baseline a held id is ignored and an absent one delivered (A1)") {
  Exclusive bench;
  bench.connect();
  bench.live({1, 2}, 0, "a");
  const Inbox::Item one = bench.take();
  const Inbox::Item two = bench.take();
  bench.checkpoint(2);
  bench.settle(two.hand, Verdict::nack);
  bench.said();
  bench.redeliver({1, 2}, 1, "a");
  CHECK(bench.said().acks.empty());
  CHECK(bench.take_all() == Sequences{2});
  CHECK(bench.settle(one.hand, Verdict::ack));
  CHECK(bench.said().acks == Ids{InboxBench::ids(1, 1)});
}

TEST_CASE("an ack on its way is not undone by a checkpoint: the redelivery that crosses it is acked again") {
  Exclusive bench;
  bench.connect();
  bench.redeliver({1, 1}, 0, "a");
  bench.take_and(Verdict::ack);
  bench.said();
  bench.checkpoint(1);
  bench.redeliver({1, 1}, 0, "a");
  CHECK_FALSE(bench.inbox.ready());
  CHECK(bench.said().acks == Ids{InboxBench::ids(1, 1)});
}

TEST_CASE("acks are not folded over what another topic may have in between (A5)") {
  Exclusive bench;
  bench.connect();
  bench.live({1, 1}, 0, "a");
  bench.live({4, 4}, 0, "b");
  bench.take_and(Verdict::ack);
  bench.take_and(Verdict::ack);
  bench.checkpoint(4);
  CHECK(bench.said().acks == Ids{InboxBench::ids(1, 1), InboxBench::ids(4, 4)});
}

TEST_CASE("only live copies are filtered; what the control link brings is owned by an older filter (A16)") {
  Inbox::Options options = InboxBench::options_of(SubscriptionMode::exclusive);
  options.filters = {"a/#"};
  Exclusive bench;
  bench.inbox = Inbox(options, bench.now);
  bench.connect();
  bench.live({1, 1}, 0, "b/c");
  CHECK_FALSE(bench.inbox.ready());
  bench.live({2, 2}, 0, "a/c");
  bench.redeliver({1, 1}, 0, "b/c");
  CHECK(bench.take_all() == Sequences{2, 1});
  CHECK(bench.inbox.counters().unwanted == 1);
}

TEST_CASE("topics do not wait for each other") {
  Exclusive bench;
  bench.connect();
  bench.live({5, 5}, 4, "a");
  bench.live({6, 6}, 0, "b");
  CHECK(bench.take_all() == Sequences{6});
}

TEST_CASE("what waits at a new link is asked for, and its grant must still be known") {
  Exclusive bench;
  bench.connect(0, {{InboxBench::grant, {1, 100}}, {0x2, {101, 200}}});
  bench.live({5, 5}, 4, "a");
  bench.inbox.on_live(batch_of(0x2, {105, 105}, 104, "a"), bench.now);
  bench.said();
  bench.connect(0, {{InboxBench::grant, {1, 100}}});
  CHECK(find<CatchUp>(bench.effects)->want == 4);
  bench.checkpoint(104);
  CHECK(bench.take_all().empty());  // 105 was another store's
}

TEST_CASE("a regress clamps the order and a restored store's messages are delivered (A10)") {
  Exclusive bench;
  bench.connect(0, {{0x1, {1, 100}}});
  bench.inbox.on_live(batch_of(0x1, {1, 6}, 0, "a"), bench.now);
  for (int i = 0; i < 6; ++i) bench.take_and(Verdict::ack);
  bench.said();
  const Settle said = bench.connect(0, {{0x2, {1, 100}}});
  CHECK(said.acks.empty());
  CHECK(bench.inbox.take_events().front().kind == Inbox::Event::Kind::regressed);
  bench.inbox.on_live(batch_of(0x2, {1, 2}, 0, "a"), bench.now);
  CHECK(bench.take_all() == Sequences{1, 2});
}

TEST_CASE("what is parked and was never handed out is not overtaken on the live path (X8)") {
  Exclusive bench;
  bench.inbox.on_link_up(bench.now);
  Subscribed answer;
  answer.session = 5;
  answer.token = ++bench.token;
  answer.mode = SubscriptionMode::exclusive;
  answer.floor = 50;
  answer.grants = InboxBench::block();
  answer.untried = 20;
  bench.inbox.on_message(answer, bench.now);
  bench.live({51, 51}, 20, "a");
  CHECK(bench.take_all().empty());
  bench.inbox.on_redelivery({bench.token, InboxBench::grant, {{{20, 20}, 0}}, 0},
                            batch_of(InboxBench::grant, {20, 20}, 0, "a"), bench.now);
  bench.checkpoint(50);
  CHECK(bench.take_all() == Sequences{20, 51});
}

TEST_CASE("what a copy that was put back owes again comes before new messages (X6, decision 0008)") {
  Exclusive bench;
  bench.connect(0, {{InboxBench::grant, {1, 100}}, {0x2, {101, 200}}});
  bench.checkpoint(100);
  bench.connect(10, {{InboxBench::grant, {1, 100}}, {0x3, {301, 400}}});
  bench.inbox.on_live(batch_of(0x3, {301, 301}, 40, "a"), bench.now);
  CHECK(bench.take_all().empty());
  bench.redeliver({11, 12}, 0, "a");
  CHECK(bench.take_all() == Sequences{11, 12});
  bench.redeliver({13, 40}, 0, "a");
  CHECK(bench.take_all().back() == 301);
}

TEST_CASE("taken over is the end: nothing is reclaimed, handed out or settled any more (A17)") {
  Exclusive bench;
  bench.connect();
  bench.redeliver({1, 3}, 0, "a");
  const Inbox::Item item = bench.take();
  bench.inbox.on_message(TakenOver{bench.token, "by pid 7", 0}, bench.now);
  CHECK(bench.inbox.trouble()->final);
  CHECK(bench.inbox.take_events().front().kind == Inbox::Event::Kind::taken_over);
  CHECK_FALSE(bench.inbox.take(bench.now));
  CHECK_FALSE(bench.settle(item.hand, Verdict::ack));
  bench.inbox.on_link_up(bench.now);
  bench.said();
  CHECK(bench.effects.empty());
}

TEST_CASE("a live copy that comes after the takeover is not handed out (X7)") {
  Exclusive bench;
  bench.connect();
  bench.live({1, 1}, 0, "a");
  CHECK(bench.take_all() == Sequences{1});
  bench.inbox.on_message(TakenOver{bench.token, "by pid 7", 0}, bench.now);
  bench.live({2, 2}, 1, "a");  // whoever publishes does not know of it
  CHECK(bench.take_all().empty());
  CHECK(bench.inbox.queued() == 0);
  CHECK(bench.inbox.counters().refused == 1);
}

TEST_CASE("a claim that was taken while the link was down is not asked for again") {
  Exclusive bench;
  bench.connect();
  bench.inbox.on_link_up(bench.now);
  CHECK(find<Subscribe>(bench.inbox.take_effects())->claim == 3);
  bench.inbox.on_message(Refused{Side::session, 5, ErrorCode::held_elsewhere, "by pid 7"}, bench.now);
  CHECK(bench.inbox.trouble()->final);
  CHECK(bench.inbox.take_events().front().kind == Inbox::Event::Kind::taken_over);
}

TEST_CASE("the same redelivery after a lost frame and a new link is delivered once (A18)") {
  Exclusive bench;
  bench.connect();
  bench.redeliver({1, 1}, 0, "a");
  bench.connect();  // a jump in the numbers: 2 was lost, and the checkpoint after it is of the old link
  bench.inbox.on_message(Checkpoint{bench.token - 1, 3, 3}, bench.now);
  bench.live({3, 3}, 2, "a");
  CHECK(bench.take_all() == Sequences{1});
  bench.redeliver({1, 1}, 0, "a");
  bench.redeliver({2, 2}, 0, "a");
  CHECK(bench.take_all() == Sequences{2, 3});
}

TEST_CASE("a live copy that waited for its turn is not refused when it comes, however full the queue is (X8)") {
  InboxBench bench(SubscriptionMode::exclusive);
  bench.connect();
  bench.live({40, 40}, 39, "a");  // 39 is missing
  REQUIRE(bench.inbox.held_back() == 1);
  for (Sequence sequence = 1; sequence < 40; ++sequence) {
    bench.inbox.on_redelivery({bench.token, InboxBench::grant, {{{sequence, sequence}, 0}}, sequence},
                              batch_of(InboxBench::grant, {sequence, sequence}, 0, "a", 1U << 20), bench.now);
  }
  CHECK(bench.inbox.held_back() == 0);
  CHECK(bench.said().released.empty());
  for (Sequence sequence = 1; sequence <= 40; ++sequence) {
    const auto item = bench.inbox.take(bench.now);
    REQUIRE(item);
    REQUIRE(item->sequence == sequence);
  }
}
