#include "core/interval_set.h"

#include <algorithm>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.h"

using restante::Sequence;
using restante::core::IntervalSet;
using restante::core::Random;
using restante::core::Range;

namespace {

/// The same set, so simple that it cannot be wrong.
struct NaiveSet {
  std::set<Sequence> members;

  std::uint64_t insert(Range range) {
    std::uint64_t added = 0;
    for (Sequence s = range.first; s <= range.last; ++s) added += members.insert(s).second ? 1U : 0U;
    return added;
  }
  std::uint64_t erase(Range range) {
    std::uint64_t removed = 0;
    for (Sequence s = range.first; s <= range.last; ++s) removed += members.erase(s);
    return removed;
  }
  std::uint64_t count(Range range) const {
    std::uint64_t found = 0;
    for (Sequence s = range.first; s <= range.last; ++s) found += members.count(s);
    return found;
  }
  std::vector<Range> parts(Range range, bool inside) const {
    std::vector<Range> parts;
    for (Sequence s = range.first; s <= range.last; ++s) {
      if (members.contains(s) != inside) continue;
      if (!parts.empty() && parts.back().last + 1 == s) parts.back().last = s;
      else parts.push_back({s, s});
    }
    return parts;
  }
};

Range random_range(Random& random, Sequence domain) {
  const Sequence first = random.below(domain);
  const Sequence longest = random.chance(1, 8) ? domain : 6;
  return {first, std::min(domain - 1, first + random.below(longest))};
}

void require_same(const IntervalSet& set, const NaiveSet& naive, Random& random, Sequence domain) {
  const Range all{0, domain - 1};
  REQUIRE(set.ranges() == naive.parts(all, true));
  REQUIRE(set.count() == naive.members.size());
  REQUIRE(set.size() == set.ranges().size());
  REQUIRE(set.empty() == naive.members.empty());
  if (!set.empty()) {
    REQUIRE(set.first() == *naive.members.begin());
    REQUIRE(set.last() == *naive.members.rbegin());
  }
  const Range asked = random_range(random, domain);
  REQUIRE(set.contains(asked) == (naive.count(asked) == asked.last - asked.first + 1));
  REQUIRE(set.intersects(asked) == (naive.count(asked) != 0));
  REQUIRE(set.contains(asked.first) == naive.members.contains(asked.first));
  REQUIRE(set.range_of(asked.first).has_value() == naive.members.contains(asked.first));
  REQUIRE(set.subtract_from(asked) == naive.parts(asked, false));
  REQUIRE(set.intersection(asked) == naive.parts(asked, true));
}

}  // namespace

TEST_CASE("an interval set behaves as a set of single sequences under random changes") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const Sequence domain = 20 + random.below(100);
    IntervalSet set;
    NaiveSet naive;
    for (int step = 0; step < 250; ++step) {
      const Range range = random_range(random, domain);
      const auto choice = random.below(8);
      if (choice < 5) REQUIRE(set.insert(range) == naive.insert(range));
      else if (choice < 7) REQUIRE(set.erase(range) == naive.erase(range));
      else if (random.chance(1, 4)) REQUIRE(set.erase_up_to(range.last) == naive.erase({0, range.last}));
      require_same(set, naive, random, domain);
    }
  }
}

TEST_CASE("ranges that touch become one") {
  IntervalSet set;
  set.insert({1, 3});
  set.insert({7, 9});
  CHECK(set.size() == 2);
  CHECK(set.insert({4, 6}) == 3);
  CHECK(set.ranges() == std::vector<Range>{{1, 9}});
  CHECK(set.range_of(5) == Range{1, 9});
}

TEST_CASE("a set made of unsorted and overlapping ranges equals one made in order") {
  const IntervalSet unsorted({{10, 20}, {1, 2}, {15, 30}, {3, 3}});
  const IntervalSet sorted({{1, 3}, {10, 30}});
  CHECK(unsorted == sorted);
  CHECK(unsorted.count() == 24);
}

TEST_CASE("the ends of the number range are ordinary sequences") {
  constexpr Sequence top = ~Sequence{0};
  IntervalSet set;
  set.insert({top, top});
  set.insert({0, 0});
  CHECK(set.size() == 2);
  CHECK(set.contains(top));
  CHECK(set.subtract_from({0, top}) == std::vector<Range>{{1, top - 1}});
  CHECK(set.erase({top, top}) == 1);
  CHECK(set.insert({1, 1}) == 1);
  CHECK(set.erase_up_to(top) == 2);
  CHECK(set.empty());
}

TEST_CASE("appending in order keeps one range") {
  IntervalSet set;
  for (Sequence s = 1; s <= 100000; ++s) set.insert(s);
  CHECK(set.size() == 1);
  CHECK(set.count() == 100000);
  set.clear();
  CHECK(set == IntervalSet{});
}
