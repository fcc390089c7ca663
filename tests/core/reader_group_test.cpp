#include "core/reader_group.h"

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace restante;
using namespace restante::core;
using namespace std::chrono_literals;

namespace {

constexpr GrantId grant = 7;

/// A group with its time, and what it said.
class GroupBench {
 public:
  explicit GroupBench(std::uint64_t seed = 1) : random(seed) {}

  BatchRef track(std::size_t messages, Token owner = 0) {
    BatchBuilder builder("s", "");
    for (std::size_t i = 0; i < messages; ++i) builder.append("0123456789");
    BatchHeader header;
    header.grant = grant;
    header.first = next;
    header.last = next + messages - 1;
    header.before = next - 1;
    header.owner = owner;
    next += messages;
    std::string why;
    auto batch = Batch::parse(builder.seal(header), why);
    REQUIRE(batch);
    auto copied = std::make_shared<CopiedBatch>(std::move(*batch));
    group.count_live(owner, *copied);
    group.track(copied, change, turn);
    return copied;
  }
  void join(Token token, const Credit& credit, const std::vector<GrantRange>& held = {}, bool admit = true) {
    ConsumerSession session;
    session.token = token;
    session.link = token;
    session.session = token;
    session.endpoint = "tcp://10.0.0.9:1";
    session.credit = credit;
    group.join(session, held, turn);
    if (admit) group.admit(token, turn);
  }
  template <typename Fill>
  void settle(Token token, Fill fill) {
    Settle said;
    said.token = token;
    said.credit = group.sessions().at(token).credit;
    fill(said);
    group.settle(said, change, turn);
  }
  [[nodiscard]] Credit out(Token token) const { return group.sessions().at(token).out; }
  /// What was sent to `token` since the last look.
  std::vector<Sequence> dispatched(Token token) {
    group.dispatch(turn);
    std::vector<Sequence> all;
    for (const Outgoing& one : sent) {
      const auto* redelivery = std::get_if<Redelivery>(&one.message);
      if (redelivery == nullptr || redelivery->token != token) continue;
      for (const Owed& owed : redelivery->owed) {
        for (Sequence sequence = owed.range.first; sequence <= owed.range.last; ++sequence) all.push_back(sequence);
      }
    }
    std::erase_if(sent, [&](const Outgoing& one) {
      const auto* redelivery = std::get_if<Redelivery>(&one.message);
      return redelivery != nullptr && redelivery->token == token;
    });
    return all;
  }
  /// Every unsettled message is held by one session, or loose, or owed; and the sessions' sums are those of their
  /// parts.
  void check_books() {
    std::map<Token, std::uint64_t> messages;
    std::map<Token, std::uint64_t> octets;
    for (const auto& [first, entry] : group.cursor().entries()) {
      if (entry.unsettled == 0) continue;
      const std::uint64_t share = entry.batch->octets() / entry.batch->messages();
      std::set<Sequence> held;
      for (const Hold& hold : entry.holds) {
        REQUIRE(group.sessions().contains(hold.session));
        for (Sequence sequence = hold.range.first; sequence <= hold.range.last; ++sequence) {
          REQUIRE(held.insert(sequence).second);
          REQUIRE_FALSE(entry.settled.contains(sequence));
          REQUIRE_FALSE(group.loose().all().contains(sequence));
        }
        messages[hold.session] += hold.range.last - hold.range.first + 1;
        octets[hold.session] += (hold.range.last - hold.range.first + 1) * share;
      }
    }
    for (const auto& [sequence, message] : group.loose().all()) {
      if (message.holder == 0) continue;
      REQUIRE(group.sessions().contains(message.holder));
      messages[message.holder] += 1;
      octets[message.holder] += message.octets;
    }
    for (const auto& [token, session] : group.sessions()) {
      REQUIRE(session.out.messages == messages[token]);
      REQUIRE(session.out.octets == octets[token]);
    }
  }

  Random random;
  std::vector<Outgoing> sent;
  std::vector<std::string> notices;
  Turn turn{Instant{1h}, 0, 0, random, sent, notices};
  Cursor::Change change;
  ReaderGroup group{Cursor(0, {}), RetryPolicy{}};
  Sequence next = 1;
};

GrantRange ids(Sequence first, Sequence last) { return {grant, {first, last}}; }
using Sequences = std::vector<Sequence>;

constexpr Credit plenty{100, 1U << 20};

}  // namespace

TEST_CASE("a session that is not admitted gets nothing and is lent nothing") {
  GroupBench bench;
  bench.track(2);
  bench.join(1, plenty, {}, false);
  CHECK(bench.dispatched(1).empty());
  bench.group.lend(bench.turn, 9, 0xA, {}, true);
  CHECK(bench.sent.empty());
  bench.group.admit(1, bench.turn);
  CHECK(bench.dispatched(1) == Sequences{1, 2});
}

TEST_CASE("only a part that was reported is safe from the timer, however it lies in the hold (B5)") {
  const auto [first, last, lost] = GENERATE(table<Sequence, Sequence, Sequences>(
      {{1, 2, {3, 4, 5}}, {4, 5, {1, 2, 3}}, {2, 4, {1, 5}}, {1, 5, {}}, {0, 9, {}}, {6, 9, {1, 2, 3, 4, 5}}}));
  GroupBench bench;
  bench.join(1, plenty);
  bench.track(5, 1);
  bench.settle(1, [&](Settle& said) { said.received = {ids(first, last)}; });
  bench.check_books();
  CHECK(bench.out(1).messages == 5);
  bench.turn.now += limits::ack_wait;
  bench.group.on_time(bench.turn);
  bench.check_books();
  CHECK(bench.dispatched(1) == lost);
  bench.check_books();
  CHECK(bench.group.next_deadline(bench.turn.now) == never);
}

TEST_CASE("what was reported and acked before its copy came is sent again if there was no room for the ack (B2)") {
  GroupBench bench;
  bench.join(1, {1U << 20, 1U << 30});
  const Sequence last = 2 * limits::early_ranges_max + 10;
  for (Sequence sequence = 2; sequence <= 2 * limits::early_ranges_max; sequence += 2) {
    bench.settle(1, [&](Settle& said) { said.acks = {ids(sequence, sequence)}; });
  }
  bench.settle(1, [&](Settle& said) { said.received = {ids(last, last)}; });
  bench.settle(1, [&](Settle& said) { said.acks = {ids(last, last)}; });
  while (bench.next <= last) bench.track(1, 1);
  bench.settle(1, [&](Settle& said) { said.acks = {ids(1, last - 1)}; });
  CHECK(bench.group.cursor().floor() == last - 1);
  CHECK(bench.group.heard().empty());  // an ack was dropped: its consumer must remember it (X9)
  bench.turn.now += limits::ack_wait;
  bench.group.on_time(bench.turn);
  CHECK(bench.dispatched(1) == Sequences{last});
  bench.settle(1, [&](Settle& said) { said.acks = {ids(last, last)}; });
  CHECK(bench.group.heard().size() == 1);
}

TEST_CASE("what an exclusive reader was never sent is not parked, however long it stands in the way (B4, X8)") {
  GroupBench bench;
  bench.group = ReaderGroup{Cursor(0, {}), RetryPolicy{}, SubscriptionMode::exclusive};
  bench.join(1, {0, 1U << 30});
  bench.track(1);
  while (bench.next <= limits::tracked_batches_max / 2 + 10) {
    bench.track(1);
    bench.settle(1, [&](Settle& said) { said.acks = {ids(bench.next - 1, bench.next - 1)}; });
  }
  CHECK(bench.group.take_parkings(bench.turn).empty());
  CHECK(bench.group.loose().size() == 0);
}

TEST_CASE("what is acked before its copy has come is counted as acked and not again with the copy") {
  GroupBench bench;
  bench.join(1, plenty);
  bench.track(2);
  bench.settle(1, [](Settle& said) { said.acks = {ids(2, 5)}; });
  CHECK(bench.group.counters().acked == 4);
  bench.settle(1, [](Settle& said) { said.acks = {ids(2, 6)}; });
  CHECK(bench.group.counters().acked == 5);
  bench.track(4);
  bench.settle(1, [](Settle& said) { said.acks = {ids(1, 6)}; });
  CHECK(bench.group.counters().acked == 6);
  bench.check_books();
}

TEST_CASE("a release gives back what this session holds of the range, and nothing of others") {
  GroupBench bench;
  bench.track(6);
  bench.join(1, {3, 1U << 20});
  CHECK(bench.dispatched(1) == Sequences{1, 2, 3});
  bench.join(2, {3, 1U << 20});
  CHECK(bench.dispatched(2) == Sequences{4, 5, 6});
  bench.settle(1, [](Settle& said) {
    said.released = {ids(2, 5)};
    said.credit = {0, 0};
  });
  CHECK(bench.out(1).messages == 1);
  CHECK(bench.out(2).messages == 3);
  bench.settle(2, [](Settle& said) { said.credit = plenty; });
  CHECK(bench.dispatched(2) == Sequences{2, 3});
  bench.check_books();
}

TEST_CASE("an ack by another session settles, and takes it out of the holder's hands") {
  GroupBench bench;
  bench.track(4);
  bench.join(1, plenty);
  CHECK(bench.dispatched(1).size() == 4);
  bench.join(2, plenty);
  bench.settle(2, [](Settle& said) { said.acks = {ids(2, 3)}; });
  CHECK(bench.out(1).messages == 2);
  CHECK(bench.group.counters().acked == 2);
  bench.check_books();
}

TEST_CASE("a reject of what is not in memory is not told as heard before that is done with (X9)") {
  GroupBench bench;
  bench.join(1, {8, 1U << 20});
  const GrantRange later{grant, {bench.next, bench.next}};
  bench.settle(1, [&](Settle& said) { said.rejects = {Reject{grant, later.range.first, "bad"}}; });
  CHECK(bench.group.heard().empty());
  bench.track(1);
  bench.settle(1, [&](Settle& said) { said.acks = {later}; });
  CHECK(bench.group.heard().size() == 1);
}

TEST_CASE("words about what is settled, unknown or not held change nothing") {
  GroupBench bench;
  bench.track(3);
  bench.join(1, plenty);
  CHECK(bench.dispatched(1).size() == 3);
  bench.settle(1, [](Settle& said) { said.acks = {ids(1, 3)}; });
  bench.settle(1, [](Settle& said) {
    said.acks = {ids(1, 3)};
    said.nacks = {{grant, 2, 0, false}, {grant, 9, 0, false}};
    said.rejects = {{grant, 3, "late"}, {grant, 9, "unknown"}};
    said.released = {ids(1, 9)};
    said.received = {ids(1, 9)};
  });
  CHECK(bench.group.loose().size() == 0);
  CHECK(bench.group.counters().attempts == 0);
  CHECK_FALSE(bench.group.wants_commit());
  CHECK(bench.dispatched(1).empty());
  bench.check_books();
}

TEST_CASE("one frame may both nack and ack a message: what is settled stays so") {
  GroupBench bench;
  bench.track(1);
  bench.join(1, plenty);
  CHECK(bench.dispatched(1).size() == 1);
  bench.settle(1, [](Settle& said) {
    said.acks = {ids(1, 1)};
    said.nacks = {{grant, 1, 0, false}};
    said.rejects = {{grant, 1, "no"}};
  });
  CHECK(bench.group.loose().size() == 0);
  CHECK(bench.group.cursor().floor() == 1);
}

TEST_CASE("what is lent follows the free credit, and small changes are not told") {
  GroupBench bench;
  const auto told = [&] {
    bench.sent.clear();
    bench.group.lend(bench.turn, 9, 0xA, {}, true);
    return bench.sent.empty() ? std::uint64_t{0} : std::get<LiveTarget>(bench.sent.back().message).limit_messages;
  };
  bench.join(1, {80, 1U << 20});
  CHECK(told() == 80);
  CHECK(told() == 0);
  bench.track(20, 1);
  CHECK(told() == 0);
  bench.settle(1, [](Settle& said) { said.acks = {ids(1, 5)}; });
  CHECK(told() == 0);  // less than an eighth
  bench.settle(1, [](Settle& said) { said.acks = {ids(6, 12)}; });
  CHECK(told() == 92);
  bench.sent.clear();
  bench.group.lend(bench.turn, 9, 0xA, {}, false);  // a backlog: nothing more
  REQUIRE(bench.sent.size() == 1);
  CHECK(std::get<LiveTarget>(bench.sent.back().message).limit_messages == 20);
  bench.group.forget_lending();
  CHECK(told() == 72);
}

TEST_CASE("the writer is told with the first word about a worker what it wants, on each link of the writer") {
  GroupBench bench;
  const std::vector<std::string> filters{"a/#", "b"};
  const auto told = [&] {
    bench.sent.clear();
    bench.group.lend(bench.turn, 9, 0xA, filters, true);
    REQUIRE(bench.sent.size() == 1);
    return std::get<LiveTarget>(bench.sent.back().message).filters;
  };
  bench.join(1, {80, 1U << 20});
  CHECK(told() == filters);
  bench.track(40, 1);
  bench.settle(1, [](Settle& said) { said.acks = {ids(1, 40)}; });
  CHECK(told().empty());
  bench.group.forget_lending();
  CHECK(told() == filters);
}

TEST_CASE("a parked message that a consumer claims before its row is read keeps the books straight") {
  GroupBench bench;
  const BatchRef batch = bench.track(1);
  bench.group.cursor().settle({1, 1}, bench.change);
  bench.group.cursor().raise_floor();
  ParkedRecord record;
  record.sequence = 1;
  record.grant = grant;
  bench.group.on_parked_loaded({record}, bench.turn);
  bench.join(2, plenty);
  REQUIRE(bench.group.next_fetch(bench.turn.now) == 1);
  bench.join(1, plenty, {ids(1, 1)});
  bench.group.on_fetched(1, batch);
  bench.check_books();
  CHECK(bench.dispatched(1).empty());
  CHECK(bench.dispatched(2).empty());
  bench.settle(1, [](Settle& said) { said.acks = {ids(1, 1)}; });
  bench.check_books();
  CHECK(bench.out(1).octets == 0);
  CHECK(bench.group.take_unparked() == std::vector{ReaderGroup::Unparked{1, grant}});
}

TEST_CASE("a group's books balance whatever is said to it") {
  const auto seed = GENERATE(range(1U, 41U));
  GroupBench bench(seed);
  Random random(seed);
  std::set<Token> tokens;
  Token next_token = 1;
  std::vector<Sequence> parking;
  const auto some = [&] {
    const Sequence first = 1 + random.below(bench.next + 2);
    return ids(first, first + random.below(6));
  };
  for (int step = 0; step < 400; ++step) {
    const Token token = tokens.empty() ? 0 : *std::next(tokens.begin(), static_cast<long>(random.below(tokens.size())));
    switch (random.below(10)) {
      case 0: bench.track(1 + random.below(8), random.chance(1, 2) ? token : 0); break;
      case 2:
        if (tokens.size() > 4) break;
        bench.join(next_token, {1 + random.below(20), 500 + random.below(3000)}, {some(), some()}, random.chance(4, 5));
        tokens.insert(next_token++);
        break;
      case 3:
        if (token == 0 || !random.chance(1, 3)) break;
        bench.group.leave(token, random.chance(1, 2), bench.turn);
        tokens.erase(token);
        break;
      case 4:
        bench.turn.now += std::chrono::milliseconds(random.below(1500));
        bench.group.on_time(bench.turn);
        break;
      case 5:
        for (const ReaderGroup::Aside& aside : bench.group.take_burials()) {
          if (random.chance(1, 4)) bench.group.on_not_written(aside.sequence);
          else bench.group.on_buried(aside.sequence, bench.change);
        }
        for (const ReaderGroup::Aside& aside : bench.group.take_parkings(bench.turn)) parking.push_back(aside.sequence);
        break;
      case 6:
        for (const Sequence sequence : std::exchange(parking, {})) {
          if (random.chance(1, 4)) bench.group.on_not_written(sequence);
          else bench.group.on_parked(sequence, bench.change);
        }
        break;
      default:
        if (token == 0) break;
        bench.settle(token, [&](Settle& said) {
          if (random.chance(1, 2)) said.acks = {some()};
          if (random.chance(1, 3)) said.released = {some()};
          if (random.chance(1, 3)) said.received = {some(), some()};
          if (random.chance(1, 3)) said.rejects = {{grant, some().range.first, "no"}};
          const auto delay = static_cast<std::int64_t>(random.below(3000)) - 1;
          said.nacks = {{grant, some().range.first, delay, false}, {grant, some().range.first, -1, true}};
          if (delay < 600) said.credit = {random.below(30), random.below(3000)};
        });
    }
    bench.group.dispatch(bench.turn);
    bench.group.lend(bench.turn, 9, 0xA, {}, random.chance(3, 4));
    bench.check_books();
    bench.sent.clear();
  }
}
