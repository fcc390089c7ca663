/// \file
/// A worker's inbox: the states of an id, leases, reports and credit (PROTOCOL X1, X9, B5, G1 to G3).

#include <restante/limits.h>

#include "tests/core/inbox_bench.h"

using namespace restante;
using namespace restante::core;
using Verdict = Inbox::Verdict;

TEST_CASE("a live copy is delivered message by message, with its payload at an aligned address") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 3});
  CHECK(bench.inbox.queued() == 3);
  for (Sequence sequence = 1; sequence <= 3; ++sequence) {
    const Inbox::Item item = bench.take();
    CHECK(item.sequence == sequence);
    CHECK(item.grant == InboxBench::grant);
    CHECK(item.attempt == 1);
    CHECK(item.view.payload == std::to_string(sequence));
    CHECK(reinterpret_cast<std::uintptr_t>(item.view.payload.data()) % 8 == 0);
  }
  CHECK_FALSE(bench.inbox.ready());
  CHECK(bench.inbox.handed_out() == 3);
}

TEST_CASE("a redelivery of a held id is ignored (A2)") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 2});
  const Inbox::Item first = bench.take();
  bench.redeliver({1, 2});  // 1 is handed out, 2 is queued
  CHECK(bench.inbox.queued() == 1);
  CHECK(bench.said().acks.empty());
  CHECK(bench.settle(first.hand, Verdict::ack));
  CHECK(bench.said().acks == Ids{InboxBench::ids(1, 1)});
}

TEST_CASE("a redelivery of a settled id above the floor is acked again and not delivered") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 1});
  bench.take_and(Verdict::ack);
  bench.said();
  bench.redeliver({1, 1});
  CHECK_FALSE(bench.inbox.ready());
  CHECK(bench.said().acks == Ids{InboxBench::ids(1, 1)});
}

TEST_CASE("a rejected id comes again when an operator wants it to, and what was said of it is over") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 2});
  bench.take_and(Verdict::reject);
  bench.take_and(Verdict::ack);
  bench.said();
  const auto again = [&](Sequence sequence) {
    bench.inbox.on_redelivery({bench.token, InboxBench::grant, {{{sequence, sequence}, 0}}, 0, true},
                              batch_of(InboxBench::grant, {sequence, sequence}), bench.now);
  };
  again(1);
  again(2);  // that was acked: its work is done, whatever the books say
  const Inbox::Item item = bench.take();
  CHECK(item.sequence == 1);
  CHECK_FALSE(bench.inbox.ready());
  const Settle said = bench.said();
  CHECK(said.acks == Ids{InboxBench::ids(2, 2)});
  CHECK(said.rejects.empty());
  CHECK(bench.settle(item.hand, Verdict::ack));
  CHECK(bench.said().acks == Ids{InboxBench::ids(1, 1)});
  CHECK(bench.connect().rejects.empty());
}

TEST_CASE("a rejected id that comes again is rejected again, never acked") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 3});
  bench.take_and(Verdict::ack);
  bench.take_and(Verdict::reject);
  bench.take_and(Verdict::ack);
  bench.said();
  bench.redeliver({1, 3});
  const Settle said = bench.said();
  CHECK(said.acks == Ids{InboxBench::ids(1, 1), InboxBench::ids(3, 3)});
  CHECK(said.rejects == std::vector<Reject>{{InboxBench::grant, 2, "because"}});
}

TEST_CASE("a nacked id is delivered again by the control link, with its attempt, and never acked by itself (A1)") {
  InboxBench bench;
  bench.connect();
  bench.live({2, 2});
  CHECK(bench.take_and(Verdict::nack));
  const Settle said = bench.said();
  CHECK(said.nacks == std::vector<Nack>{{InboxBench::grant, 2, -1, false}});
  CHECK(said.acks.empty());
  bench.redeliver({2, 2}, 1);
  CHECK(bench.said().acks.empty());
  CHECK(bench.take().attempt == 2);
}

TEST_CASE("a live copy of what was nacked is not delivered: only the sidecar's word brings it again") {
  InboxBench bench;
  bench.connect();
  bench.redeliver({2, 2});
  bench.take_and(Verdict::nack);
  bench.said();
  bench.live({2, 2});
  CHECK_FALSE(bench.inbox.ready());
  bench.redeliver({2, 2}, 1);
  CHECK(bench.inbox.ready());
}

TEST_CASE("a redelivery that crosses a nack on its way is answered by that nack") {
  InboxBench bench;
  bench.connect();
  bench.live({2, 2});
  bench.take_and(Verdict::nack);
  bench.redeliver({2, 2});
  CHECK_FALSE(bench.inbox.ready());
  CHECK(bench.said().nacks.size() == 1);
}

TEST_CASE("the delay of a nack is rounded up to milliseconds") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 3});
  bench.inbox.settle(bench.take().hand, Verdict::nack, 1500us, "", bench.now);
  bench.inbox.settle(bench.take().hand, Verdict::nack, 0ns, "", bench.now);
  bench.inbox.settle(bench.take().hand, Verdict::nack, forever, "", bench.now);
  const Settle said = bench.said();
  CHECK(said.nacks[0].delay_ms == 2);
  CHECK(said.nacks[1].delay_ms == 0);
  CHECK(said.nacks[2].delay_ms == limits::wait_ms_max);
}

TEST_CASE("a live copy below the floor is dropped without an ack") {
  InboxBench bench;
  bench.connect(5);
  bench.live({3, 5});
  CHECK_FALSE(bench.inbox.ready());
  CHECK(bench.said().acks.empty());
  CHECK(bench.inbox.counters().below_floor == 3);
  bench.live({5, 7});  // partly
  CHECK(bench.take_all() == Sequences{6, 7});
}

TEST_CASE("a redelivery below the floor is delivered: it was parked") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 1});
  bench.take_and(Verdict::nack);
  bench.said();
  bench.checkpoint(9);
  bench.redeliver({1, 1}, 1);
  CHECK(bench.take_and(Verdict::ack));
  CHECK(bench.said().acks == Ids{InboxBench::ids(1, 1)});
}

// Found by the simulated world: the sidecar died before it had the ack of a parked message.
TEST_CASE("what was parked and is settled here is acked again when it comes again, also below the floor") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 1});
  bench.take_and(Verdict::nack);
  bench.said();
  bench.checkpoint(9);
  bench.redeliver({1, 1}, 1);
  CHECK(bench.take_and(Verdict::ack));
  bench.connect(9);
  bench.redeliver({1, 1}, 1);
  CHECK(bench.take_all().empty());
  CHECK(bench.said().acks == Ids{InboxBench::ids(1, 1)});
}

TEST_CASE("only the owed ranges of a redelivered batch are delivered, each with its attempts") {
  InboxBench bench;
  bench.connect();
  const auto batch = batch_of(InboxBench::grant, {10, 19});
  bench.inbox.on_redelivery({bench.token, InboxBench::grant, {{{12, 12}, 3}, {{15, 99}, 0}}}, batch, bench.now);
  const Inbox::Item item = bench.take();
  CHECK(item.sequence == 12);
  CHECK(item.attempt == 4);
  CHECK(item.view.payload == "12");
  CHECK(bench.take_all() == Sequences{15, 16, 17, 18, 19});
}

TEST_CASE("a redelivery with another link's token, another grant or another stream is ignored (B3)") {
  InboxBench bench;
  bench.connect();
  const auto batch = batch_of(InboxBench::grant, {1, 1});
  bench.inbox.on_redelivery({bench.token - 1, InboxBench::grant, {{{1, 1}, 0}}}, batch, bench.now);
  bench.inbox.on_redelivery({bench.token, InboxBench::grant + 1, {{{1, 1}, 0}}}, batch, bench.now);
  CHECK_FALSE(bench.inbox.ready());
  CHECK(bench.inbox.counters().stale == 1);
  CHECK(bench.inbox.counters().unwanted == 1);
}

TEST_CASE("a worker gets no live copy that its filters do not match, whatever who sent it knew of them") {
  InboxBench bench;
  Inbox::Options options = InboxBench::options_of(SubscriptionMode::shared);
  options.filters = {"a/#"};
  bench.inbox = Inbox(options, bench.now);
  bench.connect();
  bench.live({1, 1}, 0, "b/c");
  CHECK_FALSE(bench.inbox.ready());
  bench.live({2, 2}, 0, "a/c");
  bench.redeliver({3, 3}, 0, "b/c");
  CHECK(bench.take_all() == Sequences{2, 3});
  CHECK(bench.inbox.counters().unwanted == 1);
}

TEST_CASE("a live copy of a grant that was not announced is discarded and counted") {
  InboxBench bench;
  bench.connect();
  bench.inbox.on_live(batch_of(0x99, {5, 6}), bench.now);
  bench.inbox.on_live(batch_of(InboxBench::grant, {999999, 1000001}), bench.now);
  CHECK_FALSE(bench.inbox.ready());
  CHECK(bench.inbox.counters().unannounced == 5);
}

TEST_CASE("an ack range covers only what this process settled (A5)") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 1});
  bench.live({2, 2});
  bench.live({4, 4});
  for (int i = 0; i < 3; ++i) bench.take_and(Verdict::ack);
  CHECK(bench.said().acks == Ids{InboxBench::ids(1, 2), InboxBench::ids(4, 4)});
}

TEST_CASE("settling twice, or under a number that was never given, is refused") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 1});
  const std::uint64_t hand = bench.take().hand;
  CHECK(bench.settle(hand, Verdict::ack));
  CHECK_FALSE(bench.settle(hand, Verdict::nack));
  CHECK_FALSE(bench.settle(999, Verdict::ack));
  CHECK(bench.said().nacks.empty());
}

TEST_CASE("a release costs no attempt and the message may come again") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 1});
  CHECK(bench.take_and(Verdict::release));
  const Settle said = bench.said();
  CHECK(said.released == Ids{InboxBench::ids(1, 1)});
  CHECK(said.nacks.empty());
  bench.redeliver({1, 1});
  CHECK(bench.take().attempt == 1);
}

TEST_CASE("unsettled live copies are reported once, after the report interval (A22)") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 4});
  bench.redeliver({9, 9});  // the sidecar knows of this one
  bench.take_and(Verdict::ack);
  bench.said();
  CHECK(bench.inbox.next_deadline() == bench.now + limits::report_interval);
  bench.pass(limits::report_interval - 1ms);
  CHECK(bench.said().received.empty());
  bench.pass(1ms);
  CHECK(bench.said().received == Ids{InboxBench::ids(2, 4)});
  bench.pass(limits::report_interval);
  CHECK(bench.said().received.empty());
}

TEST_CASE("settlements that do not fit one message are sent as several") {
  InboxBench bench;
  bench.connect();
  const std::size_t messages = limits::ranges_max + 10;
  for (std::size_t i = 0; i < messages; ++i) bench.live({1 + 2 * i, 1 + 2 * i});
  for (std::size_t i = 0; i < messages; ++i) bench.take_and(Verdict::ack);
  const Settle said = bench.said();
  CHECK(said.acks.size() == messages);
  CHECK(bench.effects.size() == 2);
  for (const ControlMessage& effect : bench.effects) CHECK(std::get<Settle>(effect).acks.size() <= limits::ranges_max);
}

TEST_CASE("reasons of rejects are split by their size") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 40});
  for (int i = 0; i < 40; ++i) {
    bench.inbox.settle(bench.take().hand, Verdict::reject, 0ns, std::string(limits::text_size_max + 5, 'x'), bench.now);
  }
  const Settle said = bench.said();
  CHECK(said.rejects.size() == 40);
  CHECK(said.rejects[39].reason.size() == limits::text_size_max);
  CHECK(bench.effects.size() == 3);
}

TEST_CASE("every Settle carries the credit, and nothing is said while nothing changes") {
  InboxBench bench;
  bench.connect();
  CHECK(bench.subscribe.credit == Credit{CreditWindow::initial, limits::consumer_credit});
  bench.live({1, 1});
  bench.said();
  CHECK(bench.effects.empty());
  bench.take_and(Verdict::ack);
  CHECK(bench.said().credit == Credit{CreditWindow::initial, limits::consumer_credit});
}

TEST_CASE("stop releases what is queued, asks for nothing, and leaves when the last hand is settled") {
  InboxBench bench;
  bench.connect();
  bench.live({1, 3});
  const Inbox::Item item = bench.take();
  bench.inbox.stop(bench.now);
  Settle said = bench.said();
  CHECK(said.released == Ids{InboxBench::ids(2, 3)});
  CHECK(said.credit == Credit{});
  CHECK_FALSE(find<Unsubscribe>(bench.effects));
  bench.live({4, 4});  // on its way when it stopped
  CHECK_FALSE(bench.inbox.ready());
  CHECK(bench.said().released == Ids{InboxBench::ids(4, 4)});
  CHECK(bench.settle(item.hand, Verdict::ack));
  said = bench.said();
  CHECK(said.acks == Ids{InboxBench::ids(1, 1)});
  CHECK(find<Unsubscribe>(bench.effects)->token == bench.token);
  CHECK_FALSE(bench.inbox.subscribed());
}

TEST_CASE("a queue that grows beyond what was asked for is refused and given back") {
  InboxBench bench;
  bench.connect();
  Sequence sequence = 0;
  for (int i = 0; i < 40; ++i) {
    ++sequence;
    bench.inbox.on_live(batch_of(InboxBench::grant, {sequence, sequence}, 0, "", 1U << 20), bench.now);
  }
  CHECK(bench.inbox.queued() < 25);
  CHECK(bench.inbox.counters().refused == 40 - bench.inbox.queued());
  const Settle said = bench.said();
  CHECK(said.credit == Credit{});
  CHECK(said.released == Ids{InboxBench::ids(bench.inbox.queued() + 1, 40)});
}
