/// \file
/// What an operator says of a stream as a whole: how much may wait, how fast it goes, and what its writer hears of it.

#include "core/whereabouts.h"
#include "tests/core/test_reader.h"

using namespace restante;
using namespace restante::core;

namespace {

struct Ruled {
  Ruled() { writer.open(); }
  std::optional<StreamSet> set(const std::optional<BacklogLimit>& limit, const std::optional<DrainRate>& drain = {},
                               std::optional<std::uint32_t> priority = {}) {
    return tool.ask<StreamSet>(SetStream{0, "s", std::nullopt, std::nullopt, limit, drain, priority});
  }
  /// All that the writer was told of messages that did not end well.
  [[nodiscard]] std::vector<Fate> fates() const {
    std::vector<Fate> all;
    for (const Confirmed& told : writer.peer->all<Confirmed>()) {
      all.insert(all.end(), told.fates.begin(), told.fates.end());
    }
    return all;
  }

  OfficeBench bench;
  TestWriter writer{bench};
  TestWorker worker{bench};
  TestOperator tool{bench};
};

}  // namespace

TEST_CASE(
    "a stream's limit holds for each subscription without one of its own: the oldest go, and its writer hears it") {
  Ruled one;
  REQUIRE(one.set(BacklogLimit{16, 0, OnLimit::cut}));
  for (int batch = 0; batch < 10; ++batch) one.writer.send(2);
  CHECK(one.bench.workers().cut == 4);
  CHECK(one.bench.workers().backlog_messages == 16);
  CHECK(one.fates() == std::vector{Fate{{1, 4}, Outcome::dropped}});
  one.worker.join();
  CHECK(one.worker.take() == from_to(5, 20));
  const auto missed = one.worker.peer->last<Missed>();
  REQUIRE(missed);
  CHECK(missed->reason.find("the stream had reached its limit of 16 messages") != std::string::npos);
}

TEST_CASE("at a stream's limit its writer waits, and hears which limit it is, how full, and what changes it") {
  Ruled one;
  REQUIRE(one.set(BacklogLimit{4, 0, OnLimit::refuse}));
  one.writer.send(4);
  const auto told = one.writer.peer->last<Confirmed>();
  REQUIRE(told);
  CHECK(told->window == 0);
  for (const char* part :
       {"stream s is at its limit of 4 messages", "4 messages with", "streams set s max_messages="}) {
    CHECK(told->limit.find(part) != std::string::npos);
  }
  one.worker.join();
  one.worker.take();
  one.worker.ack(1, 4);
  CHECK(one.writer.peer->last<Confirmed>()->window > 0);
}

TEST_CASE("the limit of a subscription goes before that of its stream") {
  Ruled one;
  one.worker.limit = {4, 0, OnLimit::cut};
  one.worker.share("own");
  one.worker.join();
  one.bench.say(*one.worker.peer, Unsubscribe{one.worker.token});
  REQUIRE(one.set(BacklogLimit{100, 0, OnLimit::cut}));
  one.writer.send(8);
  const auto status = one.bench.office->status(one.bench.now);
  for (const SubscriptionStatus& each : status.streams.front().subscriptions) {
    if (each.name == "own") CHECK(each.limit.messages == 4);
    else CHECK(each.limit.messages == 100);
  }
}

TEST_CASE("what waits is handed out at the rate that is set, from a random start on") {
  Ruled one;
  REQUIRE(one.set({}, DrainRate{20, 0}));
  for (int sent = 0; sent < 20; ++sent) one.writer.send(10);
  one.worker.credit = {1000, 1U << 20};
  one.worker.join();
  std::size_t taken = 0;
  const auto after_s = [&](int seconds) {
    for (int step = 0; step < seconds * 20; ++step) one.bench.pass(50ms);
    return taken += one.worker.take().size();
  };
  CHECK(after_s(1) <= 20);
  const std::size_t before = taken;
  CHECK(after_s(4) - before >= 75);
  CHECK(taken - before <= 81);
  REQUIRE(one.set({}, DrainRate{}));
  one.bench.pass(10ms);
  CHECK(after_s(1) == 200);
}

TEST_CASE("a rate of octets counts as well, and at least one message goes") {
  Ruled one;
  REQUIRE(one.set({}, DrainRate{0, 100}));
  one.writer.send(1, 0, 1000);
  one.writer.send(1, 0, 1000);
  one.worker.join();
  one.bench.pass(1100ms);
  CHECK(one.worker.take().size() == 1);
  one.bench.pass(8s);
  CHECK(one.worker.take().empty());
  one.bench.pass(4s);
  CHECK(one.worker.take().size() == 1);
}

TEST_CASE("the writer hears of dead letters and of what expired, once") {
  Ruled one;
  one.writer.send(1);
  one.writer.times.expire_after_ms = 500;
  one.writer.send(1);
  one.bench.pass(1s);
  one.worker.join();
  CHECK(one.worker.take() == from_to(1, 1));
  one.worker.reject(1);
  one.bench.pass(1s);
  CHECK(one.fates() == std::vector{Fate{{2, 2}, Outcome::expired}, Fate{{1, 1}, Outcome::dead}});
  CHECK(one.writer.peer->last<Confirmed>()->settled_to == 2);
}

TEST_CASE("the rules of a stream survive restarts") {
  Ruled one;
  REQUIRE(one.set(BacklogLimit{7, 8, OnLimit::refuse}, DrainRate{9, 10}, 5));
  one.bench.restart();
  const StreamRecord& record = one.bench.office->streams().at("s").record();
  CHECK(record.limit == BacklogLimit{7, 8, OnLimit::refuse});
  CHECK(record.drain == DrainRate{9, 10});
  CHECK(record.priority == 5);
}

TEST_CASE("of streams that wait for the disk the one with the highest priority goes first, of equal ones in turn") {
  OfficeBench bench;
  TestOperator tool(bench);
  TestWriter bulk(bench, 0xA, 100), alarm(bench, 0xB, 101);
  bulk.open("bulk");
  alarm.open("alarm");
  REQUIRE(tool.ask<StreamSet>(SetStream{0, "alarm", {}, {}, {}, {}, 9}));
  bench.commits.clear();
  for (int round = 0; round < 4; ++round) {
    bench.disk_runs = false;
    bulk.send(1);  // its commit is under way, and what follows gathers for the next one
    bulk.send(1);
    alarm.send(1);
    bench.disk_runs = true;
    bench.perform();
    bench.pass(100ms);
  }
  const StreamId first = bench.office->streams().at("alarm").record().id;
  std::size_t together = 0;
  for (const Transaction& commit : bench.commits) {
    if (commit.rows.size() < 2) continue;
    ++together;
    CHECK(commit.rows.front().stream == first);
  }
  CHECK(together > 0);
}

TEST_CASE("what a store frees by itself opens the windows of writers again") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  StoreUsage usage = bench.office->usage();
  usage.quota = 1 << 20;
  usage.used = usage.quota;
  bench.office->on_freed(usage, bench.now);
  bench.perform();
  CHECK(writer.peer->last<Confirmed>()->window == 0);
  usage.used = 0;
  bench.office->on_freed(usage, bench.now);
  bench.perform();
  CHECK(writer.peer->last<Confirmed>()->window > 0);
}

TEST_CASE("a file's rules are of the longest pattern that matches, hold for what is there, and say what they change") {
  std::vector<StreamRules> all(3);
  all[0].pattern = "*";
  all[0].wish.priority = 1;
  all[1].pattern = "telemetry.*";
  all[1].wish.limit = BacklogLimit{5, 0, OnLimit::cut};
  all[2].pattern = "telemetry.*";
  CHECK(rules_for(all, "telemetry.oslo") == &all[1]);
  CHECK(rules_for(all, "telemetry") == &all[0]);
  CHECK(rules_for({}, "telemetry") == nullptr);
  StreamRecord record;
  CHECK(differences(record, all[1].wish) == "max_messages 5 (instead of 0)");
  record.limit = {7, 0, OnLimit::refuse};
  CHECK(differences(record, all[1].wish) == "max_messages 5 (instead of 7), on_limit drop_oldest (instead of refuse)");
  CHECK(differences(record, all[0].wish) == "priority 1 (instead of 0)");
  record.priority = 1;
  CHECK(differences(record, all[0].wish).empty());
}

TEST_CASE("the books tell where a message is") {
  using State = Whereabouts::State;
  Ruled one;
  const auto state = [&](Sequence sequence) {
    const auto all = whereabouts_of(*one.bench.office, "s", sequence);
    return all.size() == 1 ? all.front() : Whereabouts{"none", State::not_owned, 0, {}, false};
  };
  one.writer.send(3);
  one.bench.pass(100ms);
  CHECK(state(1).state == State::waiting);
  CHECK(state(1).subscription == "workers");
  one.worker.join();
  CHECK(one.worker.take() == from_to(1, 3));
  CHECK(state(1).state == State::in_hand);
  one.worker.ack(1);
  one.worker.nack(2, 500);
  CHECK(state(1).state == State::settled);
  CHECK(state(2).state == State::tried);
  CHECK(state(2).attempts == 1);
  CHECK(state(2).reason == "nack");
  CHECK(state(3).state == State::in_hand);
  CHECK(whereabouts_of(*one.bench.office, "s", 4).empty());
  CHECK(whereabouts_of(*one.bench.office, "s", 0).empty());
  CHECK(whereabouts_of(*one.bench.office, "other", 1).empty());
}
