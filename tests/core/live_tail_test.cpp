#include "core/live_tail.h"

#include <catch2/catch.hpp>

#include <restante/limits.h>

using namespace restante;
using namespace restante::core;
using namespace std::chrono_literals;

namespace {

constexpr GrantId grant = 0x77;

class TailBench {
 public:
  TailBench() {
    grants.add({{grant, {1, 100'000}}});
    tail.begin(0);
  }
  void hear(Range range) { tail.note(range, now); }
  void say(Sequence after, Sequence to, const std::vector<Range>& wanted, GrantId of = grant) {
    Published published{9, after, to, {}};
    for (const Range& range : wanted) published.ranges.push_back({of, range});
    tail.on_published(published, grants, now);
  }
  /// `5-6 ` for each gap that is told now.
  std::string told(Sequence next = 0) {
    std::string all;
    while (const auto missed = tail.due(next, now)) {
      all += std::to_string(missed->first) + "-" + std::to_string(missed->last) + " ";
    }
    return all;
  }

  Instant now = Instant{} + 1s;
  KnownGrants grants;
  LiveTail tail;
};

}  // namespace

TEST_CASE("what the sidecar names and nobody heard is missed when nothing came for a while, and not before") {
  TailBench bench;
  bench.hear({1, 4});
  bench.say(0, 9, {{1, 5}, {8, 9}});
  CHECK(bench.told().empty());
  CHECK(bench.tail.deadline() == bench.now + limits::tail_wait);
  bench.now += 1s;
  bench.hear({8, 8});  // was on its way, and so may be more
  bench.now = bench.now + limits::tail_wait - 1ms;
  CHECK(bench.told().empty());
  bench.now += 1ms;
  CHECK(bench.told() == "5-9 ");
  CHECK(bench.tail.deadline() == never);
  CHECK(bench.tail.is_done({5, 5}));
  CHECK(bench.tail.is_done({9, 9}));
  CHECK_FALSE(bench.tail.is_done({10, 10}));
  CHECK_FALSE(bench.tail.untold({5, 9}));
  CHECK(bench.tail.untold({5, 12}) == Range{10, 12});
}

TEST_CASE("what was published comes in order: something behind the word shows at once what is missing") {
  TailBench bench;
  bench.hear({1, 1});
  bench.say(0, 3, {{1, 1}, {3, 3}});
  CHECK(bench.told(3).empty());
  CHECK(bench.told(4) == "3-3 ");
}

TEST_CASE("where all was heard nothing is told, and where nothing was heard yet nothing is known to be missed") {
  TailBench bench;
  SECTION("all was heard") {
    bench.hear({1, 3});
    bench.hear({7, 7});
    bench.say(0, 9, {{2, 3}, {7, 7}});
    CHECK(bench.tail.deadline() == never);
    CHECK(bench.tail.is_done({8, 9}));
  }
  SECTION("all of it came before the first that was heard") {
    bench.tail.begin(20);
    bench.say(0, 20, {{5, 20}});
    bench.say(20, 22, {{21, 22}});
    CHECK(bench.told(23) == "21-22 ");
  }
  SECTION("nothing was heard") {
    bench.tail = LiveTail{};
    bench.say(0, 9, {{1, 9}});
  }
  SECTION("of a grant of another store") { bench.say(0, 9, {{1, 9}}, grant + 1); }
  bench.now += 10s;
  CHECK(bench.told().empty());
}

TEST_CASE("each word waits its time, and what was told or heard by an earlier one is not told again") {
  TailBench bench;
  bench.hear({1, 1});
  bench.say(0, 3, {{1, 3}});
  bench.now += 1s;
  bench.say(3, 5, {{4, 5}});
  bench.now += 1s;
  CHECK(bench.told() == "2-3 ");
  CHECK(bench.told().empty());
  bench.now += 1s;
  CHECK(bench.told() == "4-5 ");
  bench.say(1, 6, {{2, 6}});  // a sidecar that was started again has it sent once more
  CHECK(bench.told(7) == "6-6 ");
}

TEST_CASE("a word that begins above the end of the last one leaves open what was between them") {
  TailBench bench;
  bench.hear({1, 1});
  bench.say(0, 3, {{3, 3}});
  bench.say(10, 12, {{12, 12}});
  CHECK(bench.told(13) == "3-3 12-12 ");
  CHECK(bench.tail.untold({2, 12}) == Range{2, 12});  // the chain says that 12 is missing, and nobody looked at 4 to 10
  CHECK_FALSE(bench.tail.untold({11, 12}));
}

TEST_CASE("what a live subscriber remembers for the sidecar's word is bounded, and then it is told less") {
  TailBench bench;
  Sequence sequence = 1;
  for (std::size_t at = 0; at <= limits::noted_ranges_max; ++at, sequence += 2) bench.hear({sequence, sequence});
  bench.say(0, sequence, {{1, sequence}});
  const std::string told = bench.told(sequence + 1);
  CHECK(told.ends_with("-" + std::to_string(sequence) + " "));
  CHECK(std::stoull(told) > limits::noted_ranges_max / 2);
}
