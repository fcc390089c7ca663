/// \file
/// What is too old before anybody had it in hand is gone with a gap, or a dead letter; and what an operator sets.

#include "tests/core/test_reader.h"

using namespace restante;
using namespace restante::core;

namespace {

struct Aging {
  Aging() { writer.open(); }
  Range send(std::int64_t expire_after_ms) {
    writer.times.expire_after_ms = expire_after_ms;
    return writer.send(1);
  }
  [[nodiscard]] std::size_t gaps() const { return bench.store.contents().gaps.size(); }
  [[nodiscard]] std::size_t letters() const { return bench.store.contents().dead.size(); }
  std::optional<StreamSet> set(const Expiry& expiry) {
    return tool.ask<StreamSet>(SetStream{0, "s", std::nullopt, expiry});
  }

  OfficeBench bench;
  TestWriter writer{bench};
  TestWorker worker{bench};
  TestOperator tool{bench};
};

}  // namespace

TEST_CASE("what nobody had in hand in time is gone, with a gap, in one commit with the cursor (B7)") {
  Aging one;
  one.send(2000);
  one.send(0);
  one.send(5000);
  one.bench.pass(1900ms);
  CHECK(one.gaps() == 0);
  one.bench.commits.clear();
  one.bench.pass(200ms);
  CHECK(one.gaps() == 1);
  const auto has_gap = [](const Transaction& commit) { return !commit.gaps.empty(); };
  const auto commit = std::find_if(one.bench.commits.begin(), one.bench.commits.end(), has_gap);
  REQUIRE(commit != one.bench.commits.end());
  CHECK(commit->gaps.front().range == Range{1, 1});
  REQUIRE(commit->cursors.size() == 1);
  CHECK(commit->cursors.front().floor + commit->cursors.front().settled.size() >= 1);
  one.worker.join();
  CHECK(one.worker.take() == from_to(2, 3));
  CHECK(one.worker.peer->last<Missed>()->reason.find("expired") != std::string::npos);
  CHECK(one.bench.workers().expired == 1);
}

TEST_CASE("what somebody has in hand does not expire, and does when it comes back") {
  Aging one;
  one.worker.join();
  one.send(2000);
  CHECK(one.worker.take() == from_to(1, 1));
  one.bench.pass(2500ms);
  CHECK(one.gaps() == 0);
  one.worker.release(1, 1);
  one.bench.pass(100ms);
  CHECK(one.worker.take().empty());
  CHECK(one.gaps() == 1);
}

TEST_CASE("what has a failed attempt behind it and gets too old becomes a dead letter") {
  Aging one;
  one.worker.join();
  one.send(2000);
  CHECK(one.worker.take() == from_to(1, 1));
  one.worker.nack(1, 3000);
  one.bench.pass(4s);
  CHECK(one.worker.take().empty());
  REQUIRE(one.letters() == 1);
  CHECK(one.bench.store.contents().dead.begin()->second.reason.starts_with("expired"));
  CHECK(one.gaps() == 0);
}

TEST_CASE("the age of messages goes on over a restart") {
  Aging one;
  one.send(2000);
  one.bench.pass(1500ms);
  one.bench.restart();
  one.bench.pass(400ms);
  CHECK(one.gaps() == 0);
  one.bench.pass(200ms);
  CHECK(one.gaps() == 1);
}

TEST_CASE("a stream may say how old its messages get, also those that wait already, and that they are dead letters") {
  Aging one;
  one.send(0);
  one.send(60'000);
  one.bench.pass(1s);
  const auto told = one.set({1500, true});
  REQUIRE(told);
  CHECK(told->refusal.empty());
  CHECK(told->expiry == Expiry{1500, true});
  one.bench.pass(400ms);
  CHECK(one.letters() == 0);
  one.bench.pass(300ms);
  CHECK(one.letters() == 1);  // the other one has said so itself
  CHECK(one.gaps() == 0);
  one.bench.pass(60s);
  CHECK(one.letters() == 2);
  one.bench.restart();
  CHECK(one.bench.office->streams().at("s").record().expiry == Expiry{1500, true});
}

TEST_CASE("an expired message of a reader in order is told at its place, and what is behind it comes") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.pattern = StreamPattern::pubsub;
  writer.open();
  TestReader reader(bench);
  reader.join();
  reader.hear();
  bench.say(*reader.peer, Unsubscribe{reader.token});
  for (const std::int64_t expire_after_ms : {0, 1000, 0}) {
    writer.times.expire_after_ms = expire_after_ms;
    writer.send(1);
  }
  bench.pass(2s);
  reader.join();
  const auto heard = reader.hear();
  Sequences firsts;
  for (const auto& [first, covers] : heard.batches) firsts.push_back(first);
  CHECK(firsts == Sequences{1, 3});
  REQUIRE(reader.peer->last<Missed>());
  CHECK(reader.peer->last<Missed>()->range == Range{2, 2});
}

TEST_CASE("a full disk keeps what is too old until there is room for its gap") {
  Aging one;
  one.send(1000);
  one.bench.pass(100ms);
  one.bench.store.set_capacity(1);
  one.bench.pass(2s);
  one.worker.join();
  CHECK(one.worker.take().empty());
  one.bench.store.set_capacity(1U << 30);
  one.bench.pass(2s);
  CHECK(one.gaps() == 1);
}

TEST_CASE("a subscription may have attempts of its own, from now on and after a restart") {
  Aging one;
  const auto told =
      one.tool.ask<SubscriptionSet>(SetSubscription{0, "s", "workers", RetryRule{5000, 100, 5000, 2}, std::nullopt});
  REQUIRE(told);
  CHECK(told->refusal.empty());
  CHECK(told->retry == RetryRule{5000, 100, 5000, 2});
  one.bench.restart();
  one.writer.resume(0);
  one.worker.join();
  one.send(0);
  CHECK(one.worker.take() == from_to(1, 1));
  one.worker.nack(1);
  one.bench.pass(2400ms);
  CHECK(one.worker.take().empty());
  one.bench.pass(2700ms);
  CHECK(one.worker.take() == from_to(1, 1));
  one.worker.nack(1);
  one.bench.pass(1s);
  CHECK(one.letters() == 1);
  CHECK(one.bench.workers().retry.attempts_max == 2);
}

TEST_CASE("a limit may be set later, and cuts what is above it") {
  Aging one;
  for (int sent = 0; sent < 20; ++sent) one.send(0);
  one.bench.pass(1s);
  const auto told =
      one.tool.ask<SubscriptionSet>(SetSubscription{0, "s", "workers", std::nullopt, BacklogLimit{8, 0, OnLimit::cut}});
  REQUIRE(told);
  CHECK(told->limit == BacklogLimit{8, 0, OnLimit::cut});
  one.bench.pass(1s);
  CHECK(one.bench.workers().backlog_messages == 7);
  CHECK(one.gaps() == 1);
}

TEST_CASE("settings of a subscription that is not there are refused") {
  Aging one;
  CHECK(one.tool.ask<SubscriptionSet>(SetSubscription{0, "s", "nobody", RetryRule{}, {}})->refusal ==
        "stream s has no subscription nobody");
  CHECK(one.tool.ask<SubscriptionSet>(SetSubscription{0, "t", "workers", RetryRule{}, {}})->refusal ==
        "node node has no stream t");
}

TEST_CASE("settings are answered after their commit") {
  Aging one;
  one.bench.pass(1s);
  one.bench.disk_runs = false;
  CHECK_FALSE(one.tool.ask<SubscriptionSet>(SetSubscription{0, "s", "workers", RetryRule{1, 100, 1, 1}, {}}));
  CHECK_FALSE(one.set({1, false}));
  one.bench.disk_runs = true;
  one.bench.restart();
  CHECK(one.bench.workers().retry.attempts_max == limits::attempts_max);
  CHECK(one.bench.office->streams().at("s").record().expiry == Expiry{});
}
