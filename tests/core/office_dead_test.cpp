/// \file
/// Dead letters that an operator looks at, has tried again, drops, or puts another message in the place of.

#include "core/attempt_history.h"
#include "tests/core/test_reader.h"

using namespace restante;
using namespace restante::core;

namespace {

/// Four messages for a worker: the second is rejected, the rest is done, and their rows are gone.
struct Graveyard {
  Graveyard() {
    writer.open();
    worker.join();
    writer.send(4);
    CHECK(worker.take() == from_to(1, 4));
    worker.reject(2);
    worker.ack(1);
    worker.ack(3, 4);
    bench.pass(2s);
    CHECK(bench.workers().floor == 4);
  }
  std::optional<DeadChanged> change(DeadAction action, std::vector<Sequence> which = {2},
                                    std::optional<Batch> edited = std::nullopt,
                                    const std::string& subscription = "workers") {
    return tool.ask<DeadChanged>(ChangeDead{0, action, {"s", subscription, std::move(which)}}, std::move(edited));
  }
  std::optional<DeadLetters> read(std::uint32_t count = 10, std::vector<Sequence> which = {}, bool whole = false) {
    return tool.ask<DeadLetters>(
        ReadDead{0, {"s", which.empty() ? "" : "workers", std::move(which)}, 0, 0, count, whole});
  }
  static Batch message(const std::string& payload) {
    BatchBuilder builder("s", "");
    builder.append(payload);
    BatchHeader header;
    header.grant = 1;
    header.first = header.last = 1;
    std::string why;
    return Batch::parse(builder.seal(header), why).value();
  }
  [[nodiscard]] std::size_t letters() const { return bench.store.contents().dead.size(); }
  [[nodiscard]] std::size_t parked() const { return bench.store.contents().parked.size(); }

  OfficeBench bench;
  TestWriter writer{bench};
  TestWorker worker{bench};
  TestOperator tool{bench};
};

}  // namespace

TEST_CASE("a dead letter is told with why it died, when, and with whom") {
  Graveyard one;
  const auto told = one.read();
  REQUIRE(told);
  REQUIRE(told->letters.size() == 1);
  const DeadLetter& letter = told->letters.front();
  CHECK(letter.subscription == "workers");
  CHECK(letter.sequence == 2);
  CHECK(letter.grant == one.writer.grants.front().grant);
  CHECK(letter.reason == "rejected: broken");
  CHECK(letter.attempts == 1);
  CHECK(letter.octets == 1);
  CHECK_FALSE(told->more);
  const auto attempts = attempts_of(letter.history);
  REQUIRE(attempts.size() == 1);
  CHECK(attempts[0].who == "app pid 200 at 10.0.0.9");
  CHECK(attempts[0].why == "rejected: broken");
  const auto whole = one.read(1, {2}, true);
  REQUIRE(whole);
  CHECK(whole->letters.size() == 1);
}

TEST_CASE("a dead letter that is tried again has the id that it had, though its row is gone") {
  Graveyard one;
  one.bench.pass(2s);
  CHECK(one.bench.store.contents().streams.begin()->second.rows.empty());
  const auto told = one.change(DeadAction::retry);
  REQUIRE(told);
  CHECK(told->letters == 1);
  CHECK(told->refusal.empty());
  CHECK(one.letters() == 0);
  CHECK(one.worker.take() == from_to(2, 2));
  CHECK(one.worker.grant_of(2) == one.writer.grants.front().grant);
  CHECK(one.worker.attempts[2] == 0);
  CHECK(one.worker.peer->last<Redelivery>()->revived);
  one.worker.ack(2);
  one.bench.pass(2s);
  CHECK(one.parked() == 0);
  CHECK(one.letters() == 0);
}

TEST_CASE("a dead letter that is tried again survives restarts, and a block that was closed meanwhile") {
  Graveyard one;
  one.bench.say(*one.worker.peer, Unsubscribe{one.worker.token});
  one.bench.say(*one.writer.peer, CloseWriter{one.writer.handle});
  TestWriter next(one.bench, 0xB, 101);
  next.open();
  one.bench.pass(2s);
  CHECK(one.bench.store.contents().streams.begin()->second.grants.size() == 1);
  REQUIRE(one.change(DeadAction::retry));
  one.bench.restart();
  CHECK(one.parked() == 1);
  TestWorker again(one.bench, 0x52);
  again.join();
  CHECK(again.take() == from_to(2, 2));
  one.bench.restart();
  again.join({again.ids(2, 2)});
  CHECK(again.take() == from_to(2, 2));  // it has it in hand, and ignores that (X1)
  again.ack(2);
  one.bench.pass(2s);
  CHECK(one.parked() == 0);
}

TEST_CASE("a rejection of before is not one of now, and an ack always counts") {
  Graveyard one;
  one.worker.set_credit({});  // it cannot be sent again to it
  REQUIRE(one.change(DeadAction::retry));
  one.worker.reject(2);  // said again, as after a cut
  one.bench.pass(2s);
  CHECK(one.letters() == 0);
  one.worker.ack(2);  // late, and true
  one.bench.pass(2s);
  CHECK(one.letters() == 0);
  CHECK(one.parked() == 0);
}

TEST_CASE("a dead letter that fails again is one again, with the whole story") {
  Graveyard one;
  REQUIRE(one.change(DeadAction::retry));
  CHECK(one.worker.take() == from_to(2, 2));
  one.worker.reject(2);
  one.bench.pass(2s);
  CHECK(one.letters() == 1);
  CHECK(one.parked() == 0);
  CHECK(attempts_of(one.read()->letters.front().history).size() == 2);
}

TEST_CASE("a letter that dies leaves no parked record behind, and is tried again at once") {
  for (const DeadAction action : {DeadAction::retry, DeadAction::edit}) {
    Graveyard one;
    REQUIRE(one.change(DeadAction::retry));
    CHECK(one.worker.take() == from_to(2, 2));
    one.worker.reject(2);
    CHECK(one.letters() == 1);
    CHECK(one.parked() == 0);  // in the same commit, or a crash would leave it in the way of what comes now
    const bool edits = action == DeadAction::edit;
    const auto told = one.change(action, {2}, edits ? std::optional(Graveyard::message("2, mended")) : std::nullopt);
    REQUIRE(told);
    CHECK(told->letters == 1);
    CHECK(one.worker.take() == from_to(2, 2));
    one.bench.pass(2s);
    CHECK(one.parked() == 1);
    one.worker.ack(2);
    one.bench.pass(2s);
    CHECK(one.parked() == 0);
    CHECK(one.letters() == 0);
  }
}

TEST_CASE("a letter that dies again and is dropped at once leaves nothing") {
  Graveyard one;
  REQUIRE(one.change(DeadAction::retry));
  CHECK(one.worker.take() == from_to(2, 2));
  one.worker.reject(2);
  CHECK(one.parked() == 0);
  CHECK(one.change(DeadAction::drop)->letters == 1);
  one.bench.pass(2s);
  CHECK(one.parked() == 0);
  CHECK(one.letters() == 0);
}

TEST_CASE("a retried letter that waits for its next attempt keeps its batch") {
  Graveyard one;
  REQUIRE(one.change(DeadAction::retry));
  CHECK(one.worker.take() == from_to(2, 2));
  one.worker.nack(2, 3'600'000);
  one.bench.pass(2s);
  CHECK(one.parked() == 1);
  CHECK(one.bench.store.contents().parked.begin()->second.revived);
  one.bench.restart();
  one.worker.join();
  CHECK(one.worker.take().empty());
  one.bench.pass(3600s);
  one.worker.join();
  CHECK(one.worker.take() == from_to(2, 2));
  CHECK(one.worker.attempts[2] == 1);
}

TEST_CASE("what is put in the place of a dead letter has an id of its own") {
  Graveyard one;
  const auto told = one.change(DeadAction::edit, {2}, Graveyard::message("2, mended"));
  REQUIRE(told);
  CHECK(told->letters == 1);
  CHECK(one.worker.take() == from_to(2, 2));
  const auto sent = one.worker.peer->last<Redelivery>();
  CHECK(sent->grant != one.writer.grants.front().grant);
  // What is said of the one that died is not said of it.
  const GrantRange before{one.writer.grants.front().grant, {2, 2}};
  one.worker.settle([&](Settle& said) { said.released = {before}; });
  CHECK(one.worker.take().empty());
  one.worker.settle([&](Settle& said) { said.acks = {before}; });
  one.bench.pass(2s);
  CHECK(one.parked() == 1);
  one.worker.ack(2);
  one.bench.pass(2s);
  CHECK(one.parked() == 0);
  CHECK(one.letters() == 0);
}

TEST_CASE("a letter that dies once more, after a crash, does not overwrite what an operator put in its place") {
  Graveyard one;
  Transaction once_more;
  once_more.dead.push_back(one.bench.store.contents().dead.begin()->second);
  one.worker.set_credit({});
  REQUIRE(one.change(DeadAction::edit, {2}, Graveyard::message("2, mended")));
  one.bench.store.commit(once_more);
  for (const DeadAction action : {DeadAction::retry, DeadAction::edit}) {
    const bool edits = action == DeadAction::edit;
    const auto told = one.change(action, {2}, edits ? std::optional(Graveyard::message("2, again")) : std::nullopt);
    REQUIRE(told);
    CHECK(told->letters == 0);
    CHECK(told->refusal.find("ask again when it is done") != std::string::npos);
  }
  CHECK(one.letters() == 1);
  CHECK(one.bench.store.contents().parked.begin()->second.grant != one.writer.grants.front().grant);
  one.worker.set_credit({1000, 1U << 30});
  CHECK(one.worker.take() == from_to(2, 2));
  one.worker.ack(2);
  one.bench.pass(2s);
  CHECK(one.change(DeadAction::drop)->letters == 1);
  CHECK(one.letters() == 0);
  CHECK(one.parked() == 0);
}

TEST_CASE("dead letters that are dropped are gone, and nothing else is") {
  Graveyard one;
  const auto told = one.change(DeadAction::drop, {1, 2, 3});
  REQUIRE(told);
  CHECK(told->letters == 1);
  CHECK(told->octets == 1);
  CHECK(one.letters() == 0);
  CHECK(one.worker.take().empty());
  CHECK(one.read()->letters.empty());
}

TEST_CASE("a change of dead letters is answered after its commit, and a crash before leaves them") {
  Graveyard one;
  one.bench.disk_runs = false;
  CHECK_FALSE(one.change(DeadAction::retry));
  one.bench.disk_runs = true;
  one.bench.restart();
  CHECK(one.letters() == 1);
  CHECK(one.parked() == 0);
}

TEST_CASE("what cannot be done with dead letters is refused with the reason") {
  Graveyard one;
  CHECK(one.change(DeadAction::retry, {})->refusal.find("1 to 256") != std::string::npos);
  CHECK(one.change(DeadAction::edit)->refusal.find("one new message") != std::string::npos);
  CHECK(one.change(DeadAction::retry, {2}, std::nullopt, "nobody")->refusal.find("no subscription") !=
        std::string::npos);
  CHECK(one.change(DeadAction::retry, {2}, std::nullopt, "#77")->refusal.find("was removed") != std::string::npos);
  CHECK(one.change(DeadAction::retry, {7})->letters == 0);
  CHECK(one.tool.ask<DeadChanged>(ChangeDead{0, DeadAction::drop, {"t", "workers", {2}}})->refusal ==
        "node node has no stream t");
  CHECK(one.tool.ask<DeadLetters>(ReadDead{0, {"t", "", {}}, 0, 0, 1, false})->refusal == "node node has no stream t");
  CHECK(one.letters() == 1);
}

TEST_CASE("many dead letters are read and tried again by pages") {
  Graveyard one;
  constexpr std::size_t count = 100;
  one.worker.set_credit({1000, 1U << 30});
  for (std::size_t sent = 0; sent < count; ++sent) one.writer.send(1, 0, 30'000);
  CHECK(one.worker.take().size() == count);
  std::vector<Sequence> all;
  for (Sequence sequence = 5; sequence < 5 + count; ++sequence) {
    one.worker.reject(sequence);
    all.push_back(sequence);
  }
  one.bench.pass(2s);
  CHECK(one.letters() == count + 1);
  std::size_t read = 0;
  ReadDead wish{0, {"s", "workers", {}}, 0, 0, 1000, false};
  for (bool more = true; more;) {
    const auto told = one.tool.ask<DeadLetters>(wish);
    REQUIRE(told);
    CHECK(told->letters.size() <= limits::letters_max);
    read += told->letters.size();
    wish.after_subscription = told->letters.back().subscription_id;
    wish.after_sequence = told->letters.back().sequence;
    more = told->more;
  }
  CHECK(read == count + 1);
  one.bench.commits.clear();
  const auto told = one.change(DeadAction::retry, all);
  REQUIRE(told);
  CHECK(told->letters == count);
  CHECK(one.bench.commits.size() >= 3);  // three megabytes, one at a time
  CHECK(one.letters() == 1);
  one.bench.pass(1s);
  CHECK(one.worker.take().size() == count);
}

TEST_CASE("a full disk lets dead letters be dropped, and tried again once there is room") {
  Graveyard one;
  one.bench.store.set_capacity(1);
  CHECK_FALSE(one.change(DeadAction::retry));
  one.bench.store.set_capacity(1U << 30);
  one.bench.pass(2s);
  CHECK(one.tool.last<DeadChanged>()->letters == 1);
  CHECK(one.worker.take() == from_to(2, 2));
  one.worker.reject(2);
  one.bench.pass(2s);
  one.bench.store.set_capacity(1);
  one.writer.send(1);
  one.bench.pass(1s);
  one.change(DeadAction::drop);
  one.bench.pass(2s);
  CHECK(one.tool.last<DeadChanged>()->letters == 1);
  CHECK(one.letters() == 0);
  CHECK(one.bench.office->usage().full);
}
