// What was parked at a session that died and was never handed out comes before all that is behind it, also after a
// restart (X8): nobody is told a baseline above it, and more of it than fits a page is awaited.

#include <catch2/catch.hpp>

#include "tests/core/test_reader.h"

using namespace restante;
using namespace restante::core;
using namespace std::chrono_literals;

namespace {

constexpr Sequence batch_messages = 4;

/// A store with an exclusive subscription, of which `parked` messages are parked without an attempt and the floor has
/// passed them; behind them is one batch more.
void fill(OfficeBench& bench, Sequence parked) {
  Transaction made;
  made.number = 1;
  made.streams = {StreamRecord{.id = 1, .name = "s", .next = 1U << 20}};
  made.grants = {{1, {77, {1, (1U << 20) - 1}}, 5}};
  made.subscriptions = {{1, 1, "audit", SubscriptionMode::exclusive, {"#"}, 0, 0}};
  made.cursors = {{1, parked, {}}};
  for (Sequence first = 1; first <= parked + 1; first += batch_messages) {
    BatchBuilder builder("s", "");
    BatchHeader header;
    header.grant = 77;
    header.first = first;
    header.last = first > parked ? first : std::min(parked, first + batch_messages - 1);
    header.before = header.prev = first - 1;
    for (Sequence at = header.first; at <= header.last; ++at) builder.append("x");
    made.rows.push_back({1, 77, header.first, header.last, first - 1, builder.seal(header)});
    if (header.last == parked) first = parked + 1 - batch_messages;
  }
  for (Sequence at = 1; at <= parked; ++at) made.parked.push_back({1, at, 77, 1'700'000'000'000, 0, ""});
  made.streams[0].last_row = parked + 1;
  bench.store.commit(made);
  bench.restart();
}

}  // namespace

TEST_CASE("no checkpoint says that all is there up to the floor while a parked message was never handed out (X8)") {
  OfficeBench bench;
  fill(bench, 3);
  TestReader reader(bench);
  reader.credit = {0, 0};
  reader.join();
  CHECK(reader.peer->last<Subscribed>()->untried == 1);
  bench.pass(3s);
  const auto heard = reader.hear();
  CHECK_FALSE(heard.checkpoints.empty());
  for (const Sequence to : heard.checkpoints) CHECK(to == 0);
}

TEST_CASE("more parked messages than a page has come before all that is behind them (X8)") {
  OfficeBench bench;
  const Sequence parked = limits::loose_messages_max / 2 + 500;
  fill(bench, parked);
  TestReader reader(bench);
  reader.credit = {100'000, 1U << 30};
  reader.join();
  Sequence next = 1;
  for (int round = 0; round < 20 && next <= parked + 1; ++round) {
    for (const auto& [sequence, covers] : reader.hear().batches) {
      if (sequence != next++) FAIL("sequence " << sequence << " came instead of " << next - 1);
    }
    if (next > 1) reader.settle([&](Settle& said) { said.acks = {{77, {1, next - 1}}}; });
    bench.pass(1s);
  }
  CHECK(next == parked + 2);
}
