/// \file
/// An inbox over several links, and over a store that was replaced (PROTOCOL X6, X7, X9, B3).

#include <restante/limits.h>

#include "tests/core/inbox_bench.h"

using namespace restante;
using namespace restante::core;
using Verdict = Inbox::Verdict;

TEST_CASE("Subscribe says who asks for what") {
  Inbox::Options options = InboxBench::options_of(SubscriptionMode::exclusive);
  options.subscription = "audit";
  options.filters = {"a/#"};
  options.live_endpoints = {"tcp://*:7"};
  options.host = "h";
  Inbox inbox(options, Instant{});
  CHECK(inbox.take_effects().empty());
  inbox.on_link_up(Instant{});
  const auto subscribe = find<Subscribe>(inbox.take_effects());
  REQUIRE(subscribe);
  CHECK(subscribe->session == 5);
  CHECK(subscribe->subscription == "audit");
  CHECK(subscribe->mode == SubscriptionMode::exclusive);
  CHECK(subscribe->filters == options.filters);
  CHECK(subscribe->live_endpoints == options.live_endpoints);
  CHECK(subscribe->claim == 0);
  CHECK_FALSE(inbox.subscribed());
}

TEST_CASE("what is queued or in hand is claimed on the next link, and stays") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 4});
  const Inbox::Item item = bench.take();
  bench.inbox.on_link_down(bench.now);
  CHECK(bench.inbox.token() == 0);
  bench.connect();
  CHECK(bench.subscribe.held == Ids{InboxBench::ids(1, 1), InboxBench::ids(2, 4)});
  CHECK(bench.subscribe.known == InboxBench::block());
  CHECK(bench.subscribe.claim == 3);
  CHECK(bench.settle(item.hand, Verdict::ack));
  CHECK(bench.said().acks == Ids{InboxBench::ids(1, 1)});
  CHECK(bench.take_all() == Sequences{2, 3, 4});
}

TEST_CASE("everything settled is said again on the next link: below the floor it may be parked") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 6});
  for (int i = 0; i < 4; ++i) bench.take_and(Verdict::ack);
  bench.take_and(Verdict::reject);
  bench.said();  // and lost
  bench.inbox.on_link_down(bench.now);
  bench.take_and(Verdict::ack);
  const Settle said = bench.connect(2);
  CHECK(said.acks == Ids{InboxBench::ids(1, 4), InboxBench::ids(6, 6)});
  CHECK(said.rejects.size() == 1);
  CHECK(bench.subscribe.held.empty());
}

TEST_CASE("an ack of a parked message that the link did not take is said on the next one") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 1});
  const Inbox::Item item = bench.take();
  bench.checkpoint(50);
  bench.inbox.on_link_down(bench.now);
  bench.settle(item.hand, Verdict::ack);
  CHECK(bench.connect(50).acks == Ids{InboxBench::ids(1, 1)});
}

TEST_CASE("a sidecar that forgot how far it was gets the acks again and delivers nothing twice") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 5});
  for (int i = 0; i < 5; ++i) bench.take_and(Verdict::ack);
  bench.said();
  bench.checkpoint(5);  // but the cursor was not written yet when it was killed
  bench.inbox.on_link_down(bench.now);
  const Settle said = bench.connect(2);
  CHECK(said.acks == Ids{InboxBench::ids(1, 5)});
  bench.redeliver({3, 5});
  CHECK_FALSE(bench.inbox.ready());
}

TEST_CASE("a live copy between two links counts as held if its grant is known") {
  InboxBench bench;
  bench.connect();
  bench.inbox.on_link_down(bench.now);
  bench.live({8, 9});
  CHECK(bench.inbox.queued() == 2);
  bench.connect();
  CHECK(bench.subscribe.held == Ids{InboxBench::ids(8, 9)});
  bench.pass(limits::report_interval);
  CHECK(bench.said().received.empty());  // the claim was a report
}

TEST_CASE("what was queued and is below the floor of the next link is not delivered, but given back") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 6});
  const Inbox::Item item = bench.take();
  bench.inbox.on_link_down(bench.now);
  const Settle said = bench.connect(4);
  CHECK(said.released == Ids{InboxBench::ids(2, 4)});  // parked: it comes again; settled by another: no matter
  CHECK(bench.take_all() == Sequences{5, 6});
  CHECK(bench.settle(item.hand, Verdict::ack));
}

TEST_CASE("a release needs no word when the session that held it has ended") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 2});
  const Inbox::Item item = bench.take();
  bench.inbox.on_link_down(bench.now);
  CHECK(bench.settle(item.hand, Verdict::release));
  const Settle said = bench.connect();
  CHECK(bench.subscribe.held == Ids{InboxBench::ids(2, 2)});
  CHECK(said.released.empty());
}

TEST_CASE("more than fits into the claim is left to others, but never what is in hand") {
  InboxBench bench;
  bench.connect();
  for (Sequence i = 0; i < limits::ranges_max + 20; ++i) bench.live({1 + 2 * i, 1 + 2 * i});
  for (int i = 0; i < 30; ++i) bench.take();
  bench.inbox.on_link_down(bench.now);
  bench.connect();
  CHECK(bench.subscribe.held.size() == limits::ranges_max);
  CHECK(bench.subscribe.held.front() == InboxBench::ids(1, 1));
  CHECK(bench.inbox.handed_out() == 30);
  CHECK(bench.inbox.queued() == limits::ranges_max - 30);
}

TEST_CASE("frames of an old link are ignored (B3)") {
  InboxBench bench;
  bench.connect(10);
  bench.connect(10);
  bench.inbox.on_message(Checkpoint{bench.token - 1, 99, 99}, bench.now);
  bench.inbox.on_message(Grants{bench.token - 1, {{0x99, {1, 9}}}}, bench.now);
  bench.inbox.on_message(TakenOver{bench.token - 1, "", 0}, bench.now);
  bench.live({11, 11});
  CHECK(bench.inbox.ready());
  CHECK(bench.inbox.subscribed());
  CHECK(bench.inbox.take_events().empty());
  CHECK(bench.inbox.counters().stale == 3);
}

TEST_CASE("a refusal is asked again after a second, unless asking cannot help") {
  InboxBench bench;
  bench.inbox.on_link_up(bench.now);
  bench.said();
  bench.inbox.on_message(Refused{Side::session, 5, ErrorCode::retry_later, "full"}, bench.now);
  CHECK(bench.inbox.trouble()->text == "full");
  CHECK(bench.inbox.next_deadline() == bench.now + 1s);
  bench.pass(1s);
  bench.said();
  CHECK(find<Subscribe>(bench.effects));
  bench.inbox.on_message(Refused{Side::session, 5, ErrorCode::denied, "no"}, bench.now);
  CHECK(bench.inbox.trouble()->final);
  CHECK(bench.inbox.next_deadline() == never);
  bench.inbox.on_link_up(bench.now);
  bench.said();
  CHECK(bench.effects.empty());
}

TEST_CASE("a store that lost a known grant is a regress: what is known of its ids is forgotten (A10)") {
  InboxBench bench;
  bench.connect(0, {{0x1, {1, 100}}, {0x2, {101, 200}}});
  bench.inbox.on_live(batch_of(0x1, {99, 100}), bench.now);
  bench.inbox.on_live(batch_of(0x2, {101, 103}), bench.now);
  const Inbox::Item kept = bench.take();
  bench.take();
  const Inbox::Item lost = bench.take();
  CHECK(lost.sequence == 101);
  bench.take_and(Verdict::ack);  // 102
  const Settle said = bench.connect(0, {{0x1, {1, 100}}, {0x3, {70000, 70100}}});
  const auto events = bench.inbox.take_events();
  REQUIRE(events.size() == 1);
  CHECK(events[0].kind == Inbox::Event::Kind::regressed);
  CHECK(events[0].from == 101);
  CHECK(said.acks.empty());  // the ack of 102 would name another store's id
  CHECK_FALSE(bench.inbox.ready());
  CHECK_FALSE(bench.settle(lost.hand, Verdict::ack));
  CHECK(bench.settle(kept.hand, Verdict::ack));
}

TEST_CASE("a grant of the same sequences with another id is a regress, also when the sidecar says so itself") {
  InboxBench bench;
  bench.connect(0, {{0x1, {1, 100}}});
  bench.inbox.on_live(batch_of(0x1, {1, 2}), bench.now);
  bench.connect(0, {{0x2, {1, 100}}});
  CHECK(bench.inbox.take_events().size() == 1);
  CHECK(bench.inbox.queued() == 0);
  bench.inbox.on_live(batch_of(0x1, {3, 3}), bench.now);
  CHECK(bench.inbox.queued() == 0);
  bench.inbox.on_live(batch_of(0x2, {1, 3}), bench.now);
  CHECK(bench.inbox.queued() == 3);
  bench.connect(0, {{0x2, {1, 100}}}, 3);
  CHECK(bench.inbox.take_events().front().from == 3);
  CHECK(bench.take_all() == Sequences{1, 2});
}

TEST_CASE("a grant that the floor has passed is no regress") {
  InboxBench bench;
  bench.connect(0, {{0x1, {1, 100}}, {0x2, {101, 200}}});
  bench.connect(100, {{0x2, {101, 200}}});
  bench.inbox.on_message(Grants{bench.token, {{0x3, {201, 300}}}}, bench.now);  // the floor went on meanwhile
  CHECK(bench.inbox.take_events().empty());
  bench.inbox.on_live(batch_of(0x3, {201, 201}), bench.now);
  CHECK(bench.inbox.ready());
}

TEST_CASE("a grant that is missing between others is a regress in the middle of a link too") {
  InboxBench bench;
  bench.connect(0, {{0x1, {1, 100}}, {0x2, {101, 200}}});
  bench.inbox.on_message(Grants{bench.token, {{0x1, {1, 100}}, {0x3, {201, 300}}}}, bench.now);
  CHECK(bench.inbox.take_events().front().from == 101);
}

TEST_CASE("a grant that the floor has passed is no regress, whatever others still need below it") {
  InboxBench bench;
  bench.connect(0, {{0x1, {1, 100}}, {0x2, {101, 200}}});
  bench.connect(200, {{0x1, {1, 100}}, {0x3, {201, 300}}});
  bench.inbox.on_live(batch_of(0x3, {201, 201}), bench.now);
  bench.inbox.on_message(Grants{bench.token, {{0x1, {1, 100}}, {0x3, {201, 300}}, {0x4, {301, 400}}}}, bench.now);
  CHECK(bench.inbox.take_events().empty());
  CHECK(bench.take_all() == Sequences{201});
}

TEST_CASE("what a regress in the middle of a link drops is given back if the store has it") {
  InboxBench bench;
  bench.connect(0, {{0x1, {1, 100}}, {0x2, {101, 200}}, {0x3, {201, 300}}});
  bench.inbox.on_live(batch_of(0x3, {201, 202}), bench.now);
  bench.inbox.on_live(batch_of(0x2, {101, 101}), bench.now);
  const Inbox::Item item = bench.take();
  bench.said();
  bench.inbox.on_message(Grants{bench.token, {{0x1, {1, 100}}, {0x3, {201, 300}}}}, bench.now);
  CHECK_FALSE(bench.inbox.ready());
  CHECK_FALSE(bench.settle(item.hand, Verdict::ack));
  CHECK(bench.said().released == Ids{GrantRange{0x3, {201, 202}}});
}

TEST_CASE("an inbox that stopped while the link was down comes back to say its acks again and goodbye") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 1});
  bench.take_and(Verdict::ack);
  bench.said();  // and lost
  bench.inbox.on_link_down(bench.now);
  bench.inbox.stop(bench.now);
  CHECK(bench.connect().acks == Ids{InboxBench::ids(1, 1)});
  CHECK(bench.subscribe.credit == Credit{});
  CHECK(find<Unsubscribe>(bench.effects));
}

TEST_CASE("an inbox that stopped before it ever had a link has nothing to say") {
  InboxBench bench;
  bench.inbox.stop(bench.now);
  bench.inbox.on_link_up(bench.now);
  bench.said();
  CHECK(bench.effects.empty());
}

TEST_CASE("an inbox that stopped comes back only for what it still has to say") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 1});
  const Inbox::Item item = bench.take();
  bench.inbox.stop(bench.now);
  bench.inbox.on_link_down(bench.now);
  bench.settle(item.hand, Verdict::ack);
  CHECK(bench.connect().acks == Ids{InboxBench::ids(1, 1)});
  CHECK(find<Unsubscribe>(bench.effects));
  bench.inbox.on_link_up(bench.now);
  bench.said();
  CHECK(bench.effects.empty());
}

TEST_CASE("an inbox whose subscription was removed ends for good, also if it is told on its next link") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 1});
  const Refused removed{Side::session, 5, ErrorCode::bad_state, "it was removed"};
  SECTION("while it is there") { bench.inbox.on_message(removed, bench.now); }
  SECTION("while it was away") {
    bench.inbox.on_link_down(bench.now);
    bench.inbox.on_link_up(bench.now);
    bench.inbox.on_message(removed, bench.now);
  }
  REQUIRE(bench.inbox.trouble());
  CHECK(bench.inbox.trouble()->final);
  CHECK(bench.inbox.trouble()->code == ErrorCode::bad_state);
  CHECK_FALSE(bench.inbox.take(bench.now));
  bench.said();
  bench.inbox.on_link_down(bench.now);
  bench.inbox.on_link_up(bench.now);
  bench.said();
  CHECK_FALSE(find<Subscribe>(bench.effects));
}
