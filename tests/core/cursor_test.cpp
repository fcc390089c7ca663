#include "core/cursor.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.h"

using namespace restante;
using namespace restante::core;

namespace {

BatchRef batch_of(Range range) {
  BatchBuilder builder("s", "");
  for (Sequence sequence = range.first; sequence <= range.last; ++sequence) builder.append("0123456789");
  BatchHeader header;
  header.grant = 7;
  header.first = range.first;
  header.last = range.last;
  header.before = range.first - 1;
  std::string why;
  auto batch = Batch::parse(builder.seal(header), why);
  REQUIRE(batch);
  return std::make_shared<CopiedBatch>(std::move(*batch));
}

/// A cursor whose changes are added up.
struct Tracked {
  explicit Tracked(Sequence floor = 0, const std::vector<Range>& settled = {}) : cursor(floor, settled) {}
  void track(Range range) { cursor.track(batch_of(range), change); }
  void settle(Range range) {
    cursor.settle(range, change);
    cursor.raise_floor();
  }
  Cursor cursor;
  Cursor::Change change;
};

using Ranges = std::vector<Range>;

}  // namespace

TEST_CASE("the floor rises over what is settled from below, and stops at the first that is not") {
  Tracked tracked;
  tracked.track({1, 4});
  tracked.track({5, 6});
  tracked.settle({2, 5});
  CHECK(tracked.cursor.floor() == 0);
  tracked.settle({1, 1});
  CHECK(tracked.cursor.floor() == 5);
  tracked.settle({6, 6});
  CHECK(tracked.cursor.floor() == 6);
  CHECK(tracked.cursor.entries().empty());
  CHECK(tracked.cursor.octets() == 0);
  CHECK(tracked.cursor.settled_entries() == 0);
}

TEST_CASE("the floor never passes what is tracked, however much is acked (B2)") {
  Tracked tracked;
  tracked.track({1, 2});
  tracked.settle({1, 100});
  CHECK(tracked.cursor.floor() == 2);
  tracked.track({3, 4});
  CHECK(tracked.cursor.entries().begin()->second.unsettled == 0);
  tracked.cursor.raise_floor();
  CHECK(tracked.cursor.floor() == 4);
  CHECK(tracked.change.messages == 4);
}

TEST_CASE("what is not owned is passed, and so is a hole between two batches") {
  Tracked tracked;
  tracked.cursor.pass(10);
  CHECK(tracked.cursor.floor() == 10);
  tracked.track({15, 16});
  CHECK(tracked.cursor.floor() == 10);
  tracked.settle({15, 15});
  CHECK(tracked.cursor.floor() == 15);
  tracked.cursor.pass(20);
  CHECK(tracked.cursor.floor() == 15);
  tracked.settle({16, 16});
  CHECK(tracked.cursor.floor() == 20);
  tracked.cursor.pass(5);
  CHECK(tracked.cursor.tracked_to() == 20);
}

TEST_CASE("a batch is completed once, by whatever parts") {
  Tracked tracked;
  tracked.track({1, 5});
  tracked.settle({2, 3});
  tracked.settle({3, 4});
  tracked.settle({1, 4});
  CHECK(tracked.change.messages == 4);
  CHECK(tracked.change.completed.empty());
  tracked.settle({1, 5});
  CHECK(tracked.change.messages == 5);
  CHECK(tracked.change.completed.size() == 1);
  tracked.settle({1, 5});
  CHECK(tracked.change.completed.size() == 1);
  CHECK(tracked.change.octets == tracked.change.completed.front()->octets());
}

TEST_CASE("settled is what is at or below the floor, settled above it, not owned, or acked early") {
  Tracked tracked(10, {{12, 13}});
  CHECK(tracked.cursor.settled(10));
  CHECK_FALSE(tracked.cursor.settled(11));
  CHECK(tracked.cursor.settled(12));
  tracked.track({11, 13});
  tracked.track({20, 21});
  CHECK_FALSE(tracked.cursor.settled(11));
  CHECK(tracked.cursor.settled(13));
  CHECK(tracked.cursor.settled(15));
  CHECK_FALSE(tracked.cursor.settled(20));
  CHECK_FALSE(tracked.cursor.settled(22));
  tracked.settle({22, 22});
  CHECK(tracked.cursor.settled(22));
}

TEST_CASE("a batch that the floor of an earlier process stands in owes only the rest") {
  Tracked tracked(3, {{5, 5}});
  tracked.track({1, 6});
  const Cursor::Entry& entry = tracked.cursor.entries().begin()->second;
  CHECK(entry.unsettled == 2);
  CHECK(unheld(entry) == Ranges{{4, 4}, {6, 6}});
  CHECK(tracked.cursor.octets() < batch_of({1, 6})->octets());
  tracked.settle({4, 4});
  CHECK(tracked.cursor.floor() == 5);
  tracked.settle({6, 6});
  CHECK(tracked.cursor.floor() == 6);
  CHECK(tracked.cursor.octets() == 0);
}

TEST_CASE("the window is what is settled above the floor, in order, the lowest first and no more than asked for") {
  Tracked tracked(10);
  tracked.track({11, 12});
  tracked.track({13, 14});
  tracked.track({15, 19});
  tracked.settle({13, 15});
  tracked.settle({18, 18});
  tracked.settle({30, 31});
  CHECK(tracked.cursor.window(10) == Ranges{{13, 15}, {18, 18}, {30, 31}});
  CHECK(tracked.cursor.window(2) == Ranges{{13, 15}, {18, 18}});
  CHECK(tracked.cursor.window(0).empty());
}

TEST_CASE("early acks are bounded: the highest go, and it is told (B2)") {
  Tracked tracked;
  Sequence sequence = 2;
  for (std::size_t i = 0; i < limits::early_ranges_max; ++i, sequence += 2) {
    CHECK(tracked.cursor.settle({sequence, sequence}, tracked.change));
  }
  CHECK_FALSE(tracked.cursor.settle({sequence, sequence}, tracked.change));
  CHECK_FALSE(tracked.cursor.settled(sequence));
  CHECK(tracked.cursor.settled(2));
}

TEST_CASE("the window has room for a batch of any size if it is empty, and is bounded in octets and batches") {
  Tracked tracked;
  CHECK(tracked.cursor.has_room(1));
  tracked.track({1, 1});
  CHECK_FALSE(tracked.cursor.has_room(1));
  CHECK(tracked.cursor.has_room(1'000'000));
  for (Sequence sequence = 2; sequence <= limits::tracked_batches_max; ++sequence) tracked.track({sequence, sequence});
  CHECK_FALSE(tracked.cursor.has_room(1'000'000'000));
}

TEST_CASE("a batch clashes with what it overlaps, and not with itself") {
  Tracked tracked;
  tracked.track({5, 6});
  tracked.track({7, 9});
  CHECK_FALSE(tracked.cursor.clashes({5, 6}));
  CHECK_FALSE(tracked.cursor.clashes({7, 9}));
  CHECK_FALSE(tracked.cursor.clashes({1, 4}));
  CHECK_FALSE(tracked.cursor.clashes({10, 12}));
  CHECK(tracked.cursor.clashes({4, 5}));
  CHECK(tracked.cursor.clashes({6, 6}));
  CHECK(tracked.cursor.clashes({5, 9}));
  CHECK(tracked.cursor.clashes({9, 9}));
  CHECK(tracked.cursor.clashes({1, 100}));
}

TEST_CASE("a batch within the window that was not known is tracked in its place") {
  Tracked tracked;
  tracked.track({1, 2});
  tracked.track({5, 6});
  tracked.settle({5, 6});
  tracked.track({3, 4});
  tracked.settle({1, 2});
  CHECK(tracked.cursor.floor() == 2);
  CHECK_FALSE(tracked.cursor.settled(3));
  tracked.settle({3, 4});
  CHECK(tracked.cursor.floor() == 6);
}

TEST_CASE("a cursor says what a plain set of settled sequences says") {
  Random random(17);
  for (int round = 0; round < 50; ++round) {
    Tracked tracked;
    std::set<Sequence> settled;
    std::map<Sequence, Sequence> batches;
    Sequence next = 1;
    for (int step = 0; step < 200; ++step) {
      if (random.chance(1, 3)) {
        next += random.below(3);  // a hole
        const Range range{next, next + random.below(5)};
        tracked.track(range);
        batches[range.first] = range.last;
        next = range.last + 1;
      } else {
        const Sequence first = 1 + random.below(next + 5);
        const Range range{first, first + random.below(4)};
        tracked.settle(range);
        for (Sequence sequence = range.first; sequence <= range.last; ++sequence) settled.insert(sequence);
      }
    }
    Sequence floor = next - 1;
    std::uint64_t messages = 0;
    for (auto at = batches.rbegin(); at != batches.rend(); ++at) {
      for (Sequence sequence = at->second; sequence >= at->first; --sequence) {
        messages += settled.contains(sequence) ? 1U : 0U;
        if (!settled.contains(sequence)) floor = sequence - 1;
        CHECK(tracked.cursor.settled(sequence) == settled.contains(sequence));
      }
    }
    tracked.cursor.raise_floor();
    // A hole right before an unsettled batch is passed or not, as it comes; nothing unsettled is.
    CHECK(tracked.cursor.floor() <= floor);
    CHECK(tracked.change.messages == messages);
    CHECK(tracked.cursor.tracked_to() == batches.rbegin()->second);
  }
}
