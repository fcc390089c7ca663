/// \file
/// Removing a subscription: what goes with it, when, and who is told.

#include "tests/core/test_reader.h"

using namespace restante;
using namespace restante::core;

namespace {

/// A published stream; the subscription `audit` of a reader that may have gone.
struct PublishedBench {
  PublishedBench() {
    writer.pattern = StreamPattern::pubsub;
    writer.open();
    reader.join();
  }
  void leave() { bench.say(*reader.peer, Unsubscribe{reader.token}); }
  std::optional<Removed> remove(bool force = false, bool dry_run = false, const std::string& name = "audit") {
    return tool.ask<Removed>(RemoveSubscription{0, "s", name, force, dry_run});
  }
  [[nodiscard]] bool is_stored(const std::string& name) const {
    const StoreContents contents = bench.store.snapshot();
    return std::any_of(contents.subscriptions.begin(), contents.subscriptions.end(),
                       [&](const auto& known) { return known.second.name == name; });
  }

  OfficeBench bench;
  TestWriter writer{bench};
  TestReader reader{bench};
  TestOperator tool{bench};
};

}  // namespace

TEST_CASE("what a removed subscription alone pinned goes in the commit that removes it, and the answer says how much") {
  PublishedBench one;
  one.leave();
  one.writer.send(2);
  one.writer.send(3);
  REQUIRE(one.bench.rows() == 2);
  const auto told = one.remove();
  REQUIRE(told);
  CHECK(told->done);
  CHECK(told->messages == 5);
  CHECK(told->freed_messages == 5);
  CHECK(told->freed_octets > 0);
  CHECK(one.bench.rows() == 0);
  CHECK_FALSE(one.is_stored("audit"));
  CHECK(one.bench.store.snapshot().cursors.empty());
  const Transaction& commit = one.bench.commits.back();
  CHECK(commit.removed.size() == 1);
  REQUIRE(commit.prunes.size() == 1);  // B6
  CHECK(commit.prunes.front().to == one.writer.before);
  CHECK(one.bench.status().streams.at(0).rows == 0);
  one.bench.restart();
  CHECK(one.bench.office->streams().at("s").subscriptions().empty());
}

TEST_CASE("what another subscription needs stays when one is removed") {
  PublishedBench one;
  TestReader other(one.bench, 0x62);
  other.name = "log";
  other.join();
  one.leave();
  one.writer.send(2);
  one.writer.send(1);
  other.settle([&](Settle& said) { said.acks = {{one.writer.grants.front().grant, {1, 2}}}; });
  const auto told = one.remove();
  REQUIRE(told);
  CHECK(told->messages == 3);
  CHECK(told->freed_messages == 2);
  one.bench.pass(1s);
  CHECK(one.bench.rows() == 1);
  CHECK(other.hear().batches.size() <= 1);
  other.settle([&](Settle& said) { said.acks = {{one.writer.grants.front().grant, {3, 3}}}; });
  one.bench.pass(1s);
  CHECK(one.bench.rows() == 0);
}

TEST_CASE("nothing is confirmed for the sake of a removal before that is on the disk (B1)") {
  PublishedBench one;
  one.reader.hear();
  one.bench.disk_runs = false;
  one.writer.send(2);  // live with its reader, so that the disk may be spared
  const bool answered = one.remove(true).has_value();
  CHECK_FALSE(answered);
  CHECK(one.writer.confirmed() == 0);
  SECTION("a crash before the commit leaves all as it was") {
    one.bench.disk_runs = true;
    one.bench.restart();
    one.writer.resume(0);
    one.writer.send_again(0);
    CHECK(one.is_stored("audit"));
    CHECK(one.bench.rows() == 1);
    one.reader.claim = 0;
    one.reader.join();
    one.reader.hear();
    CHECK(one.bench.status().streams.at(0).subscriptions.at(0).backlog_messages == 2);
  }
  SECTION("after the commit it is confirmed without a disk") {
    one.bench.disk_runs = true;
    one.bench.perform();
    CHECK(one.tool.last<Removed>()->done);
    CHECK(one.writer.confirmed() == 2);
    CHECK(one.bench.rows() == 0);
  }
}

TEST_CASE("a consumer that is there is named and in the way, unless it is meant") {
  PublishedBench one;
  const auto refused = one.remove();
  REQUIRE(refused);
  CHECK_FALSE(refused->done);
  CHECK(refused->refusal.find("app (pid 300)") != std::string::npos);
  CHECK(one.is_stored("audit"));
  const auto told = one.remove(true);
  REQUIRE(told);
  CHECK(told->done);
  CHECK(told->sessions == 1);
  const auto said = one.reader.peer->last<Refused>();
  REQUIRE(said);
  CHECK(said->side == Side::session);
  CHECK(said->code == ErrorCode::bad_state);
  one.reader.settle([](Settle&) {});  // was on its way
  CHECK_FALSE(one.reader.peer->last<Unknown>());
}

TEST_CASE("who was in a removed subscription begins none anew by itself, and anybody else does") {
  PublishedBench one;
  const std::int64_t made = one.reader.peer->last<Subscribed>()->made;
  REQUIRE(made != 0);
  one.bench.cut(*one.reader.peer);
  one.writer.send(2);
  REQUIRE(one.remove()->done);
  Peer& back = one.bench.connect(300);
  Subscribe again;
  again.session = 0x61;
  again.stream = "s";
  again.subscription = "audit";
  again.mode = SubscriptionMode::exclusive;
  again.filters = {"#"};
  again.made = made;
  one.bench.say(back, again);
  REQUIRE(back.last<Refused>());
  CHECK(back.last<Refused>()->code == ErrorCode::bad_state);
  CHECK_FALSE(one.is_stored("audit"));
  again.session = 0x62;
  again.made = 0;
  one.bench.say(back, again);
  const auto subscribed = back.last<Subscribed>();
  REQUIRE(subscribed);
  CHECK(subscribed->made != made);
  CHECK(subscribed->floor == one.writer.before);  // from `start` on: new
}

TEST_CASE("nobody joins a subscription that is being removed") {
  PublishedBench one;
  one.leave();
  one.bench.disk_runs = false;
  CHECK_FALSE(one.remove());
  const auto twice = one.remove();
  REQUIRE(twice);
  CHECK(twice->refusal.find("just being removed") != std::string::npos);
  TestReader late(one.bench, 0x63);
  late.join();
  REQUIRE(late.peer->last<Refused>());
  CHECK(late.peer->last<Refused>()->code == ErrorCode::retry_later);
  one.bench.disk_runs = true;
  one.bench.perform();
  late.join();
  CHECK(late.peer->last<Subscribed>());
}

TEST_CASE("what cannot be removed is refused with the reason") {
  PublishedBench one;
  one.leave();
  CHECK(one.remove(false, false, "autid")->refusal == "stream s has no subscription autid");
  const auto elsewhere = one.tool.ask<Removed>(RemoveSubscription{0, "t", "audit", false, false});
  CHECK(elsewhere.value_or(Removed{}).refusal == "node node has no stream t");
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  Peer& tool = bench.connect(900);
  bench.say(tool, RemoveSubscription{8, "s", "workers", true, false});
  CHECK(tool.last<Removed>()->refusal.find("belongs to the pipeline") != std::string::npos);
}

TEST_CASE("a dry run says what would go, and nothing goes") {
  PublishedBench one;
  one.leave();
  one.writer.send(4);
  const auto told = one.remove(false, true);
  REQUIRE(told);
  CHECK_FALSE(told->done);
  CHECK(told->refusal.empty());
  CHECK(told->freed_messages == 4);
  one.bench.pass(1s);
  CHECK(one.bench.rows() == 1);
  CHECK(one.is_stored("audit"));
}

TEST_CASE("a full disk takes a removal, which frees it") {
  OfficeBench bench({}, 1U << 20);
  TestWriter writer(bench);
  TestReader reader(bench);
  writer.pattern = StreamPattern::pubsub;
  writer.open();
  reader.join();
  bench.say(*reader.peer, Unsubscribe{reader.token});
  while (bench.refused_commits == 0) writer.send(10, 0, 1000);
  Peer& tool = bench.connect(900);
  bench.say(tool, RemoveSubscription{1, "s", "audit", false, false});
  bench.pass(2s);
  REQUIRE(tool.last<Removed>());
  CHECK(tool.last<Removed>()->done);
  CHECK(writer.confirmed() == writer.before);
  CHECK(bench.rows() == 0);
  CHECK(writer.peer->last<Confirmed>()->window > 0);
}

TEST_CASE("parked messages go with their subscription, its dead letters stay, and their number is given to no other") {
  PublishedBench one;
  one.writer.send(3);
  const GrantId grant = one.writer.grants.front().grant;
  one.reader.settle([&](Settle& said) { said.rejects = {{grant, 1, "broken"}}; });
  one.reader.settle([&](Settle& said) { said.nacks = {{grant, 2, 3'600'000, false}}; });
  one.bench.pass(1s);
  REQUIRE(one.bench.store.snapshot().dead.size() == 1);
  REQUIRE(one.bench.store.snapshot().parked.size() == 1);
  REQUIRE(one.remove(true)->done);
  CHECK(one.bench.store.snapshot().parked.empty());
  CHECK(one.bench.rows() == 0);
  CHECK(one.bench.store.snapshot().dead.size() == 1);
  one.bench.restart();
  TestReader next(one.bench, 0x64);
  next.join();
  const SubscriptionId buried_by = one.bench.store.snapshot().dead.begin()->first.first;
  CHECK(one.bench.store.snapshot().subscriptions.begin()->first != buried_by);
}

TEST_CASE("a page that was under way for a removed subscription is nobody's") {
  PublishedBench one;
  one.leave();
  for (int i = 0; i < 3; ++i) one.writer.send(2);
  one.bench.restart();  // so that what waits is on disk only
  Peer& tool = one.bench.connect(900);
  one.bench.disk_runs = false;
  TestReader again(one.bench, 0x65);
  again.join();
  one.bench.say(tool, RemoveSubscription{1, "s", "audit", true, false});
  one.bench.disk_runs = true;
  one.bench.perform();
  REQUIRE(tool.last<Removed>());
  CHECK(tool.last<Removed>()->done);
  CHECK(one.bench.rows() == 0);
  CHECK(one.bench.office->streams().at("s").subscriptions().empty());
}

TEST_CASE("who subscribes from the beginning while a removal is being written gets what is confirmed from then on") {
  PublishedBench one;
  one.leave();
  one.bench.disk_runs = false;
  one.writer.send(2);
  CHECK_FALSE(one.remove());
  one.writer.send(1);
  one.bench.disk_step();  // the first two; the third goes with the removal
  one.bench.perform();
  TestReader late(one.bench, 0x66);
  late.name = "log";
  late.start = "beginning";
  late.join();
  one.bench.disk_runs = true;
  one.bench.perform();
  REQUIRE(one.tool.last<Removed>());
  CHECK(one.writer.confirmed() == 3);
  one.bench.pass(1s);
  CHECK(late.hear().batches == Batches{{3, 3}});
}
