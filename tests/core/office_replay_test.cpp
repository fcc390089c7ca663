/// \file
/// Replays: what is kept comes again, in order, to whoever asks, and nobody's cursor moves.

#include "tests/core/test_reader.h"

using namespace restante;
using namespace restante::core;

namespace {

/// A published stream that keeps 100 messages; `audit` has settled all of them. One that replays.
struct Kept {
  explicit Kept(std::size_t messages = 6, const Retention& retention = {0, 100, 0}) {
    writer.pattern = StreamPattern::pubsub;
    writer.retention = retention;
    writer.open();
    reader.join();
    for (std::size_t sent = 0; sent < messages; ++sent) send(sent % 2 == 0 ? "a" : "b");
    replay.name.clear();
    replay.mode = SubscriptionMode::replay;
    replay.start = "beginning";
    bench.pass(1s);
  }
  void send(const std::string& topic) {
    writer.topic = topic;
    ack(reader, writer.send(1));
    bench.pass(1s);
  }
  void ack(TestReader& who, Range range) {
    who.settle([&](Settle& said) { said.acks = {{writer.grants.front().grant, range}}; });
  }
  /// First sequences of what came, which is not settled.
  Sequences take() {
    Sequences taken;
    for (const auto& [first, covers] : replay.hear().batches) taken.push_back(first);
    return taken;
  }
  [[nodiscard]] std::optional<Checkpoint> point() const { return replay.peer->last<Checkpoint>(); }

  OfficeBench bench;
  TestWriter writer{bench};
  TestReader reader{bench};
  TestReader replay{bench, 0x99};
};

}  // namespace

TEST_CASE("a replay gets what is kept, once and in order, and then it ends; no cursor moves and nothing is written") {
  Kept one;
  const Sequence floor = one.reader.peer->last<Checkpoint>()->floor;
  const std::size_t commits = one.bench.commits.size();
  one.replay.join();
  CHECK(one.replay.until == 6);
  CHECK(one.take() == from_to(1, 6));
  CHECK(one.point()->floor == 0);
  one.ack(one.replay, {1, 4});
  one.bench.pass(1s);
  CHECK(one.point()->floor == 4);
  one.ack(one.replay, {5, 6});
  CHECK(one.point()->floor == 6);  // that is the end
  CHECK(one.take().empty());
  CHECK(one.reader.peer->last<Checkpoint>()->floor == floor);
  CHECK(one.bench.commits.size() == commits);
  CHECK(one.bench.rows() == 6);
}

TEST_CASE("a replay gets what its filters match, up to what was there when it began") {
  Kept one;
  one.replay.filters = {"b"};
  one.replay.join();
  one.send("b");
  CHECK(one.take() == Sequences{2, 4, 6});
}

TEST_CASE("a replay begins at a sequence, and ends where it is told to") {
  Kept one;
  one.replay.start = "3";
  one.replay.until = 4;
  one.replay.join();
  CHECK(one.take() == Sequences{3, 4});
}

TEST_CASE("a replay ends within a batch, too") {
  Kept one(0);
  one.ack(one.reader, one.writer.send(5));
  one.bench.pass(1s);
  one.replay.start = "2";
  one.replay.until = 3;
  one.replay.join();
  const auto sent = one.replay.peer->last<Redelivery>();
  REQUIRE(sent);
  REQUIRE(sent->owed.size() == 1);
  CHECK(sent->owed.front().range == Range{2, 3});
  one.ack(one.replay, {2, 3});
  CHECK(one.point()->floor >= 3);  // that is the end
}

TEST_CASE("a replay begins at a time") {
  Kept one;
  // Stored a second apart; the newest two seconds ago.
  one.replay.start = "@" + std::to_string(one.bench.wall_ms() - 3500);
  one.replay.join();
  CHECK(one.take() == Sequences{5, 6});
}

TEST_CASE("a replay of nothing ends at once") {
  Kept one;
  one.replay.start = "new";
  one.replay.join();
  REQUIRE(one.point());
  CHECK(one.point()->floor >= one.replay.until);
  Kept empty(0);
  empty.replay.join();
  REQUIRE(empty.point());
  CHECK(empty.point()->floor >= empty.replay.until);
}

TEST_CASE("what retention no longer has is told as a gap, with its range, and what is left follows") {
  Kept one(6, {0, 4, 0});
  one.replay.start = "1";
  one.replay.join();
  const auto missed = one.replay.peer->all<Missed>();
  REQUIRE(missed.size() == 1);
  CHECK(missed.front().range == Range{1, 2});
  CHECK(missed.front().covers == 2);
  CHECK(one.take() == from_to(3, 6));
}

TEST_CASE("who asks for what is kept is told no gap") {
  Kept one(6, {0, 4, 0});
  one.replay.join();
  CHECK(one.replay.peer->all<Missed>().empty());
  CHECK(one.take() == from_to(3, 6));
}

TEST_CASE("a nacked message comes again in a replay; a rejected one does not, and makes no dead letter") {
  Kept one(2);
  one.replay.join();
  CHECK(one.take() == Sequences{1, 2});
  const GrantId grant = one.writer.grants.front().grant;
  one.replay.settle([&](Settle& said) {
    said.nacks = {{grant, 1, 0, false}};
    said.rejects = {{grant, 2, "broken"}};
  });
  one.bench.pass(1s);
  CHECK(one.take() == Sequences{1});
  one.ack(one.replay, {1, 1});
  CHECK(one.point()->floor == 2);
  CHECK(one.bench.store.contents().dead.empty());
}

TEST_CASE("a replay goes on where its floor was when its link was cut") {
  Kept one;
  one.replay.join();
  CHECK(one.take() == from_to(1, 6));
  one.ack(one.replay, {1, 2});
  one.bench.pass(1s);
  one.bench.cut(*one.replay.peer);
  one.replay.start = std::to_string(one.point()->floor + 1);
  one.replay.join();
  CHECK(one.take() == from_to(3, 6));
}

TEST_CASE("a replay owns nothing: it holds up neither writers nor what goes") {
  Kept one(4, {0, 4, 0});
  one.replay.join();
  for (int sent = 0; sent < 6; ++sent) one.send("a");
  CHECK(one.bench.rows() == 4);
  CHECK(one.writer.settled() == one.writer.before);
}

TEST_CASE("a replay of a stream that is not there, or is live only, or from where it has not come to, is refused") {
  Kept one;
  const auto refusal = [&] { return one.replay.peer->last<Refused>().value_or(Refused{}).text; };
  one.replay.start = "8";
  one.replay.join();
  CHECK(refusal().find("its newest message has sequence 6") != std::string::npos);
  one.replay.start = "yesterday";
  one.replay.join();
  CHECK(refusal().find("neither") != std::string::npos);
  one.replay.start = "beginning";
  one.replay.name = "audit";
  one.replay.join();
  CHECK(refusal().find("no name") != std::string::npos);
}

TEST_CASE("a new subscription begins at a sequence or at a time, of what is kept") {
  Kept one;
  TestReader late(one.bench, 0x71);
  late.name = "late";
  late.start = "4";
  late.join();
  Sequences taken;
  for (const auto& [first, covers] : late.hear().batches) taken.push_back(first);
  CHECK(taken == Sequences{4, 5, 6});
  TestReader timed(one.bench, 0x72);
  timed.name = "timed";
  timed.start = "@" + std::to_string(one.bench.wall_ms() - 4500);
  timed.join();
  REQUIRE(timed.token != 0);
  taken.clear();
  for (const auto& [first, covers] : timed.hear().batches) taken.push_back(first);
  CHECK(taken == Sequences{4, 5, 6});
}

TEST_CASE("what a replay has in hand may go meanwhile: its block stays until it is acked, and the replay ends") {
  Kept one(2, {0, 2, 0});
  one.replay.join();
  CHECK(one.take() == Sequences{1, 2});
  for (int block = 0; block < 4; ++block) {  // so far that no writer can need the first one
    one.writer.ask_for_grant();
    one.bench.pass(1s);
    one.writer.learn();
  }
  for (int sent = 0; sent < 4; ++sent) {
    const Range range = one.writer.send(1);
    one.reader.settle([&](Settle& said) { said.acks = {{one.writer.grants.back().grant, range}}; });
    one.bench.pass(2s);
  }
  CHECK(one.bench.rows() == 2);
  one.ack(one.replay, {1, 2});
  CHECK(one.point()->floor == 2);
}

TEST_CASE("a replay goes on to its end after a restart, though the writer was not told yet what is confirmed") {
  Kept one;
  one.bench.restart();
  one.writer.resume(2);
  one.bench.pass(1s);
  one.replay.start = "3";
  one.replay.until = 6;
  one.replay.join();
  CHECK(one.replay.until == 6);
  CHECK(one.take() == from_to(3, 6));
}
