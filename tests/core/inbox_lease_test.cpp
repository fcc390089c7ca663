/// \file
/// Leases at the consumer (PROTOCOL G3, X9; counterexample A19).

#include "tests/core/inbox_bench.h"

using namespace restante;
using namespace restante::core;
using Verdict = Inbox::Verdict;

TEST_CASE("an ended lease releases what is queued and asks for nothing until the handler returns (A19)") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 4});
  const Inbox::Item stuck = bench.take();
  bench.said();
  bench.pass(30s - 1ms);
  CHECK(bench.said().nacks.empty());
  bench.pass(1ms);
  Settle said = bench.said();
  CHECK(said.nacks == std::vector<Nack>{{InboxBench::grant, 1, -1, true}});
  CHECK(said.released == Ids{InboxBench::ids(2, 4)});
  CHECK(said.credit == Credit{});
  CHECK_FALSE(bench.inbox.ready());
  CHECK(bench.inbox.handed_out() == 0);

  CHECK_FALSE(bench.settle(stuck.hand, Verdict::nack));
  said = bench.said();
  CHECK(said.credit.messages > 0);
  CHECK(said.nacks.empty());
}

TEST_CASE("what arrives while a handler hangs is given back at once") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 1});
  bench.take();
  bench.pass(30s);
  bench.said();
  bench.live({2, 3});
  bench.redeliver({7, 7});
  CHECK_FALSE(bench.inbox.ready());
  CHECK(bench.said().released == Ids{InboxBench::ids(2, 3), InboxBench::ids(7, 7)});
}

TEST_CASE("with several handlers, credit comes back when none of them hangs any more") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 2});
  const Inbox::Item one = bench.take();
  const Inbox::Item two = bench.take();
  bench.pass(30s);
  bench.said();
  bench.settle(one.hand, Verdict::release);
  bench.said();
  CHECK(bench.effects.empty());
  CHECK_FALSE(bench.inbox.extend(two.hand, bench.now));  // too late, but a sign of life
  CHECK(bench.said().credit.messages > 0);
}

TEST_CASE("a late ack counts while the message is absent") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 1});
  const Inbox::Item late = bench.take();
  bench.pass(30s);
  bench.said();
  CHECK_FALSE(bench.settle(late.hand, Verdict::ack));
  CHECK(bench.said().acks == Ids{InboxBench::ids(1, 1)});
  bench.redeliver({1, 1}, 1);  // it crossed the ack
  CHECK_FALSE(bench.inbox.ready());
  CHECK(bench.said().acks == Ids{InboxBench::ids(1, 1)});
}

TEST_CASE("a late ack takes back the nack of its lease if that was not said yet") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 1});
  const Inbox::Item late = bench.take();
  bench.pass(30s);
  CHECK_FALSE(bench.settle(late.hand, Verdict::ack));
  const Settle said = bench.said();
  CHECK(said.acks == Ids{InboxBench::ids(1, 1)});
  CHECK(said.nacks.empty());
}

TEST_CASE("a late ack takes the message out of the queue if it has come again") {
  InboxBench bench(SubscriptionMode::exclusive);
  bench.connect();
  bench.redeliver({1, 1});
  const Inbox::Item late = bench.take();
  bench.pass(30s);
  bench.said();
  bench.redeliver({1, 1}, 1);
  CHECK(bench.inbox.queued() == 1);
  CHECK_FALSE(bench.settle(late.hand, Verdict::ack));
  CHECK(bench.inbox.queued() == 0);
  CHECK(bench.said().acks == Ids{InboxBench::ids(1, 1)});
}

TEST_CASE("a late ack changes nothing if the message is in another hand") {
  InboxBench bench(SubscriptionMode::exclusive);
  bench.connect();
  bench.redeliver({1, 1});
  const Inbox::Item late = bench.take();
  bench.pass(30s);
  bench.said();
  bench.redeliver({1, 1}, 1);
  const Inbox::Item second = bench.take();
  CHECK(second.hand > late.hand);
  CHECK_FALSE(bench.settle(late.hand, Verdict::ack));
  CHECK(bench.said().acks.empty());
  CHECK(bench.settle(second.hand, Verdict::ack));
  CHECK(bench.said().acks.size() == 1);
}

TEST_CASE("extend moves the end of a lease, and the deadline with it") {
  InboxBench bench;
  bench.connect();
  bench.redeliver({1, 1});
  const Inbox::Item item = bench.take();
  CHECK(bench.inbox.next_deadline() == bench.now + 30s);
  bench.pass(20s);
  CHECK(bench.inbox.extend(item.hand, bench.now));
  bench.pass(20s);
  CHECK(bench.said().nacks.empty());
  CHECK(bench.inbox.next_deadline() == bench.now + 10s);
  CHECK(bench.settle(item.hand, Verdict::ack));
}

TEST_CASE("an exclusive queue stays when a lease ends: nobody else could do it, and its order would be lost") {
  InboxBench bench(SubscriptionMode::exclusive);
  bench.connect();
  bench.redeliver({1, 3});
  bench.take();
  bench.pass(30s);
  const Settle said = bench.said();
  CHECK(said.nacks.size() == 1);
  CHECK(said.released.empty());
  CHECK(said.credit == Credit{});
  CHECK(bench.take_all() == Sequences{2, 3});
}

TEST_CASE("leases go on while the link is down, and the nack is said on the next one") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 2});
  bench.take();
  bench.inbox.on_link_down(bench.now);
  bench.pass(30s);
  CHECK(bench.inbox.queued() == 0);
  const Settle said = bench.connect();
  // Only of what a session holds an attempt is counted, so the nacked id is claimed first; the queue was given up.
  CHECK(bench.subscribe.held == Ids{InboxBench::ids(1, 1)});
  CHECK(bench.subscribe.credit == Credit{});
  CHECK(said.nacks == std::vector<Nack>{{InboxBench::grant, 1, -1, true}});
  CHECK(said.released.empty());
}
