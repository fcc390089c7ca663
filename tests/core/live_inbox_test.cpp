#include "core/live_inbox.h"

#include <restante/limits.h>

#include "tests/core/inbox_bench.h"

using namespace restante;
using namespace restante::core;

namespace {

constexpr GrantId grant = 0x77;
constexpr Token token = 9;

LiveInbox::Options options_of(std::vector<std::string> filters, std::uint64_t queue_octets) {
  LiveInbox::Options options;
  options.session = 5;
  options.stream = "s";
  options.filters = std::move(filters);
  options.queue_octets = queue_octets;
  return options;
}

class LiveBench {
 public:
  explicit LiveBench(std::vector<std::string> filters = {"#"}, std::uint64_t queue_octets = 0)
      : inbox(options_of(std::move(filters), queue_octets)) {
    inbox.on_link_up(now);
  }
  Subscribe connect(Sequence floor = 0, std::vector<Grant> grants = {{grant, {1, 1000}}, {grant + 1, {1001, 2000}}}) {
    const auto asked = find<Subscribe>(inbox.take_effects());
    REQUIRE(asked);
    Subscribed answer;
    answer.session = 5;
    answer.token = token;
    answer.mode = SubscriptionMode::live;
    answer.floor = floor;
    answer.grants = std::move(grants);
    inbox.on_message(answer, now);
    CHECK(inbox.subscribed());
    return *asked;
  }
  void hear(const std::string& topic, Range range, Sequence prev, GrantId of = grant, std::size_t size = 0) {
    inbox.on_live(batch_of(of, range, prev, topic, size), now);
  }
  /// What the application sees: `7` for a message, `5-6` for a gap.
  std::string seen() {
    std::string all;
    while (inbox.ready()) {
      const auto item = inbox.take(now);
      for (const Intake::Event& event : inbox.take_events()) {
        all += std::to_string(event.from) + "-" + std::to_string(event.to) + " ";
      }
      if (item) all += std::to_string(item->sequence) + " ";
    }
    return all;
  }

  Instant now = Instant{} + 1s;
  LiveInbox inbox;
};

}  // namespace

TEST_CASE("a live subscriber subscribes without a name and hears what its filters want, once") {
  LiveBench bench({"a/+", "b"});
  const Subscribe said = bench.connect();
  CHECK(said.mode == SubscriptionMode::live);
  CHECK(said.subscription.empty());
  CHECK(said.listens);
  bench.hear("a/x", {5, 6}, 0);
  bench.hear("c", {7, 7}, 0);
  bench.hear("b", {8, 8}, 0);
  bench.hear("a/x", {5, 6}, 0);
  CHECK(bench.seen() == "5 6 8 ");
  CHECK(bench.inbox.counters().unwanted == 1);
  CHECK(bench.inbox.counters().again == 2);
  CHECK(bench.inbox.counters().gaps == 0);
}

TEST_CASE("what a live subscriber missed is told at its place") {
  SECTION("of its topics") {
    LiveBench bench({"a", "b"});
    bench.connect();
    bench.hear("a", {5, 5}, 2);  // the first: before it nothing is missed
    bench.hear("b", {9, 9}, 4);  // likewise of its topic
    bench.hear("a", {12, 12}, 10);
    bench.hear("b", {13, 13}, 9);
    CHECK(bench.seen() == "5 9 6-10 12 13 ");
    CHECK(bench.inbox.counters().gaps == 1);
  }
  SECTION("of a topic whose message before this one came after the subscriber had begun to hear") {
    LiveBench bench({"a", "b"});
    bench.connect();
    bench.hear("a", {5, 5}, 2);
    bench.hear("b", {9, 9}, 7);
    CHECK(bench.seen() == "5 5-7 9 ");
  }
  SECTION("of everything, to the message") {
    LiveBench bench({"#"});
    bench.connect();
    bench.hear("a", {5, 5}, 2);
    bench.hear("b", {6, 6}, 1);
    bench.hear("c", {9, 9}, 0);     // before it is 8
    bench.hear("$x", {10, 10}, 0);  // is not wanted, and breaks no chain
    bench.hear("a", {11, 11}, 0);
    CHECK(bench.seen() == "5 6 7-8 9 11 ");
  }
}

TEST_CASE("where a block begins a writer may have begun, and then nothing is known to be missed (W4)") {
  LiveBench bench({"a"});
  bench.connect();
  bench.hear("a", {5, 5}, 2);
  bench.hear("a", {1003, 1003}, 1000, grant + 1);
  CHECK(bench.seen() == "5 1003 ");
  bench.hear("a", {2003, 2003}, 2000, grant + 2);  // of a block that was not told yet: nothing is judged
  bench.hear("a", {2004, 2004}, 2003, grant + 2);
  bench.inbox.on_message(Grants{token, {{grant + 2, {2001, 3000}}}}, bench.now);
  bench.hear("a", {2010, 2010}, 2008, grant + 2);
  CHECK(bench.seen() == "2003 2004 2005-2008 2010 ");
}

TEST_CASE("a store that was replaced begins again below, and is heard") {
  LiveBench bench({"a"});
  bench.connect();
  bench.hear("a", {500, 500}, 2);
  bench.hear("a", {3, 3}, 0, 0x99);
  bench.hear("a", {4, 4}, 3, 0x99);
  CHECK(bench.seen() == "500 3 4 ");
}

TEST_CASE("what does not fit a live subscriber's queue is dropped, and told as one gap") {
  LiveBench bench({"#"}, 4000);
  bench.connect();
  Sequence sequence = 0;
  for (int i = 0; i < 20; ++i, ++sequence) bench.hear("a", {sequence + 1, sequence + 1}, sequence, grant, 500);
  const std::uint64_t kept = bench.inbox.queued();
  CHECK(kept > 3);
  CHECK(kept < 20);
  CHECK(bench.inbox.counters().overrun == 20 - kept);
  const std::string text = bench.seen();
  CHECK(text.ends_with(" " + std::to_string(kept + 1) + "-20 "));
  bench.hear("a", {21, 21}, 20);
  CHECK(bench.seen() == "21 ");
  bench.hear("a", {22, 22}, 21, grant, 9000);  // one of any size, if there is nothing else
  CHECK(bench.seen() == "22 ");
}

TEST_CASE("of more topics than are remembered some gaps are not told, and none that there is not") {
  TopicTrail trail;
  KnownGrants grants;
  grants.add({{grant, {1, 1U << 30}}});
  Sequence sequence = 0;
  for (std::size_t i = 0; i <= limits::seen_topics_max; ++i) {
    ++sequence;
    REQUIRE_FALSE(trail.note(std::to_string(i), 0, {grant, {sequence, sequence}}, grants).missed);
    REQUIRE(trail.topics() <= limits::seen_topics_max);
  }
  const Sequence all = sequence;
  CHECK_FALSE(trail.note("7", 8, {grant, {all + 1, all + 1}}, grants).missed);
  CHECK_FALSE(trail.note("9", all - 5, {grant, {all + 2, all + 2}}, grants).missed);
  CHECK(trail.note("9", all + 5, {grant, {all + 9, all + 9}}, grants).missed);
}

TEST_CASE("a live subscriber goes on without its sidecar, and asks again when it is back") {
  LiveBench bench;
  bench.connect();
  bench.hear("a", {1, 1}, 0);
  bench.inbox.on_link_down(bench.now);
  CHECK_FALSE(bench.inbox.subscribed());
  bench.hear("a", {2, 2}, 1);
  CHECK(bench.seen() == "1 2 ");
  bench.inbox.on_link_up(bench.now);
  CHECK(bench.connect(2).known == std::vector<Grant>{{grant, {1, 1000}}, {grant + 1, {1001, 2000}}});
  bench.hear("a", {4, 4}, 3);
  CHECK(bench.seen() == "3-3 4 ");
}

TEST_CASE("what a live subscriber missed last is told when the sidecar says what was published") {
  const auto say = [](LiveBench& bench, Sequence after, Sequence to, std::vector<GrantRange> wanted) {
    bench.inbox.on_message(Published{token, after, to, std::move(wanted)}, bench.now);
  };
  LiveBench bench({"a", "b"});
  bench.connect();
  bench.hear("a", {5, 5}, 2);
  bench.hear("b", {6, 6}, 4);
  say(bench, 0, 9, {{grant, {4, 8}}});
  CHECK(bench.seen() == "5 6 ");
  CHECK(bench.inbox.next_deadline() == bench.now + limits::tail_wait);
  SECTION("when nothing comes any more") {
    bench.hear("b", {7, 7}, 6);  // it was on its way
    bench.now += limits::tail_wait;
    bench.inbox.on_time(bench.now);
    CHECK(bench.seen() == "7 8-8 ");
    bench.hear("a", {8, 8}, 5);  // too late
    CHECK(bench.inbox.counters().again == 1);
    bench.hear("a", {10, 10}, 8);
    CHECK(bench.seen() == "10 ");
    bench.hear("b", {13, 13}, 12);
    CHECK(bench.seen() == "10-12 13 ");
    CHECK(bench.inbox.counters().gaps == 2);
    CHECK(bench.inbox.counters().tails == 1);
  }
  SECTION("before what is behind it") {
    bench.hear("b", {10, 10}, 6);
    CHECK(bench.seen() == "7-8 10 ");
    bench.hear("a", {11, 11}, 8);
    CHECK(bench.seen() == "11 ");
  }
  SECTION("once, if what comes next on its topic has shown it") {
    bench.hear("b", {7, 7}, 6);
    bench.hear("a", {9, 9}, 8);
    CHECK(bench.seen() == "7 6-8 9 ");
    say(bench, 9, 9, {});
    bench.now += limits::tail_wait;
    bench.inbox.on_time(bench.now);
    CHECK(bench.seen().empty());
  }
  SECTION("not to one that was stopped") {
    bench.inbox.stop(bench.now);
    CHECK(bench.inbox.take_effects().size() == 1);
    CHECK(bench.inbox.next_deadline() == never);
  }
  SECTION("not by a word of another link") {
    bench.hear("b", {7, 8}, 6);
    bench.inbox.on_message(Published{token + 1, 9, 20, {{grant, {15, 20}}}}, bench.now);
    bench.now += limits::tail_wait;
    bench.inbox.on_time(bench.now);
    CHECK(bench.seen() == "7 8 ");
  }
}

TEST_CASE("a store that begins again below what was heard takes nothing for heard") {
  LiveBench bench({"#"});
  bench.connect();
  bench.hear("a", {3, 5}, 2);
  bench.hear("a", {1, 3}, 0, 0x99);
  bench.hear("a", {4, 4}, 3, 0x99);
  CHECK(bench.seen() == "3 4 5 1 2 3 4 ");
}

TEST_CASE("a live subscriber that is refused for a time asks again, and one that is refused for good does not") {
  LiveBench bench;
  bench.inbox.take_effects();
  const bool final = GENERATE(false, true);
  const ErrorCode code = final ? ErrorCode::bad_argument : ErrorCode::retry_later;
  bench.inbox.on_message(Refused{Side::session, 5, code, "no"}, bench.now);
  REQUIRE(bench.inbox.trouble());
  CHECK(bench.inbox.trouble()->final == final);
  CHECK((bench.inbox.next_deadline() == never) == final);
  bench.now += 2s;
  bench.inbox.on_time(bench.now);
  CHECK(bench.inbox.take_effects().size() == (final ? 0 : 1));
}

TEST_CASE("a live subscriber that is stopped says so if the sidecar knows it") {
  LiveBench bench;
  SECTION("it does") {
    bench.connect();
    bench.hear("a", {1, 1}, 0);
    bench.inbox.stop(bench.now);
    CHECK_FALSE(bench.inbox.ready());
    CHECK_FALSE(bench.inbox.has_left());
    CHECK(find<Unsubscribe>(bench.inbox.take_effects())->token == token);
  }
  SECTION("it is about to") {
    bench.inbox.take_effects();
    bench.inbox.stop(bench.now);
    CHECK_FALSE(bench.inbox.has_left());
    bench.inbox.on_link_down(bench.now);
  }
  CHECK(bench.inbox.has_left());
  bench.hear("a", {2, 2}, 1);
  CHECK_FALSE(bench.inbox.ready());
  bench.inbox.on_link_up(bench.now);
  CHECK(bench.inbox.take_effects().empty());
}
