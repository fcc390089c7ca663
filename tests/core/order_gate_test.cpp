#include "core/order_gate.h"

#include <restante/limits.h>

#include "tests/core/inbox_bench.h"

using namespace restante;
using namespace restante::core;
using Verdict = OrderGate::Verdict;

namespace {

constexpr GrantId grant = 0x77;

std::shared_ptr<const Batch> topic_batch(const std::string& topic, Range range, Sequence prev) {
  return batch_of(grant, range, prev, topic);
}

Sequences firsts(const std::vector<OrderGate::Passed>& passed) {
  Sequences all;
  for (const OrderGate::Passed& each : passed) all.push_back(each.range.first);
  return all;
}

}  // namespace

TEST_CASE("nothing live passes before the sidecar has said where to begin") {
  OrderGate gate;
  CHECK(gate.on_live(topic_batch("a", {1, 1}, 0)).verdict == Verdict::refuse);
  gate.on_checkpoint(9);
  CHECK(gate.on_live(topic_batch("a", {1, 1}, 0)).verdict == Verdict::refuse);
}

TEST_CASE("a live copy passes if its prev is known, by its topic or by the baseline (X3)") {
  OrderGate gate;
  gate.begin(10);
  CHECK(gate.on_live(topic_batch("a", {12, 13}, 10)).verdict == Verdict::pass);
  CHECK(gate.on_live(topic_batch("b", {14, 14}, 3)).verdict == Verdict::pass);
  CHECK(gate.on_live(topic_batch("a", {15, 15}, 13)).verdict == Verdict::pass);
  CHECK(gate.on_live(topic_batch("b", {16, 16}, 13)).verdict == Verdict::pass);  // prev may be too high (W4, A15)
  CHECK(gate.on_live(topic_batch("a", {20, 20}, 19)).verdict == Verdict::wait);
}

TEST_CASE("a checkpoint drops only what it covers of the topics seen (A3)") {
  OrderGate gate;
  gate.begin(99);
  CHECK(gate.on_live(topic_batch("a", {101, 101}, 99)).verdict == Verdict::pass);
  gate.on_checkpoint(100);  // sent before 101 arrived
  CHECK(gate.on_live(topic_batch("a", {102, 102}, 101)).verdict == Verdict::pass);
  CHECK(gate.on_live(topic_batch("a", {101, 101}, 99)).verdict == Verdict::known);
  gate.on_checkpoint(90);  // of a sidecar that has restarted
  CHECK(gate.baseline() == 100);
  CHECK(gate.topics() == 1);
  gate.on_checkpoint(102);
  CHECK(gate.topics() == 0);
}

TEST_CASE("a batch of the control link covers all below it (A8)") {
  OrderGate gate;
  gate.begin(90);
  CHECK(gate.on_live(topic_batch("a", {101, 101}, 100)).verdict == Verdict::wait);
  gate.on_control(100);  // its prev was 99, which nobody has any more
  CHECK(firsts(gate.take_passed()) == Sequences{101});
}

TEST_CASE("what waits passes in order, as far as each topic's chain is whole") {
  OrderGate gate;
  gate.begin(0);
  CHECK(gate.on_live(topic_batch("a", {7, 7}, 5)).verdict == Verdict::wait);
  CHECK(gate.on_live(topic_batch("b", {6, 6}, 2)).verdict == Verdict::wait);
  CHECK(gate.on_live(topic_batch("a", {5, 5}, 1)).verdict == Verdict::wait);
  CHECK(gate.on_live(topic_batch("a", {9, 9}, 8)).verdict == Verdict::wait);
  CHECK(gate.take_passed().empty());
  gate.on_control(1);
  CHECK(firsts(gate.take_passed()) == Sequences{5, 7});
  CHECK(gate.waiting() == 2);
  gate.on_checkpoint(6);  // b's 6 came by the control link
  CHECK(gate.take_passed().empty());
  CHECK(gate.waiting() == 1);
}

TEST_CASE("a batch that is known in part passes above what is known") {
  OrderGate gate;
  gate.begin(12);
  const OrderGate::Answer answer = gate.on_live(topic_batch("a", {10, 15}, 9));
  CHECK(answer.verdict == Verdict::pass);
  CHECK(answer.range == Range{13, 15});
}

TEST_CASE("the missing prev is asked for once until the next checkpoint (A23)") {
  OrderGate gate;
  gate.begin(0);
  CHECK_FALSE(gate.take_want());
  gate.on_live(topic_batch("a", {105, 105}, 104));
  gate.on_live(topic_batch("a", {107, 107}, 105));
  CHECK(gate.take_want() == 104);
  CHECK_FALSE(gate.take_want());
  gate.on_checkpoint(103);
  CHECK(gate.take_want() == 104);
  gate.on_link_down();
  CHECK(gate.wants());
}

TEST_CASE("when too much waits, the oldest is dropped (A32)") {
  OrderGate gate;
  gate.begin(0);
  for (Sequence i = 0; i < limits::hold_batches + 5; ++i) {
    const Sequence first = 10 + 2 * i;
    CHECK(gate.on_live(topic_batch("a", {first, first}, first - 2)).verdict == Verdict::wait);
  }
  CHECK(gate.waiting() == limits::hold_batches);
  CHECK(gate.overflowed() == 5);
  CHECK(gate.take_want() == 18);
  gate.on_control(19);
  CHECK(gate.take_passed().front().range.first == 20);
  CHECK(gate.waiting() == 0);
}

TEST_CASE("octets that wait are bounded too") {
  OrderGate gate;
  gate.begin(0);
  for (Sequence i = 0; i < 12; ++i) gate.on_live(batch_of(grant, {10 + i, 10 + i}, 9 + i, "a", 1U << 20));
  CHECK(gate.waiting() == 7);
}

TEST_CASE("at its cap of topics the gate drops live copies and evicts nothing (A14)") {
  OrderGate gate;
  gate.begin(0);
  Sequence sequence = 0;
  for (std::size_t i = 0; i < limits::seen_topics_max; ++i) {
    ++sequence;
    REQUIRE(gate.on_live(topic_batch(std::to_string(i), {sequence, sequence}, 0)).verdict == Verdict::pass);
  }
  CHECK(gate.on_live(topic_batch("one more", {sequence + 1, sequence + 1}, 0)).verdict == Verdict::refuse);
  CHECK(gate.on_live(topic_batch("0", {1, 1}, 0)).verdict == Verdict::known);
  CHECK(gate.on_live(topic_batch("0", {sequence + 2, sequence + 2}, 1)).verdict == Verdict::pass);
  gate.on_checkpoint(sequence);
  CHECK(gate.on_live(topic_batch("one more", {sequence + 3, sequence + 3}, 0)).verdict == Verdict::pass);
}

TEST_CASE("a regress clamps what is known and does not drop it (X6)") {
  OrderGate gate;
  gate.begin(50);
  gate.on_live(topic_batch("a", {60, 60}, 0));
  gate.on_live(topic_batch("b", {80, 80}, 0));
  gate.on_regress(71);
  CHECK(gate.known("a") == 60);
  CHECK(gate.known("b") == 70);
  CHECK(gate.baseline() == 50);
  gate.on_regress(41);
  CHECK(gate.known("a") == 40);
  CHECK(gate.topics() == 0);
}

TEST_CASE("what waits of a grant that is not announced any more is dropped") {
  OrderGate gate;
  KnownGrants grants;
  grants.add({{grant, {1, 100}}});
  gate.begin(0);
  gate.on_live(topic_batch("a", {10, 10}, 9));
  gate.on_live(batch_of(grant + 1, {110, 110}, 100, "a"));
  gate.drop_unannounced(grants);
  CHECK(gate.waiting() == 1);
}
