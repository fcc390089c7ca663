// What becomes one gap, and what stays apart.

#include "core/owed_gaps.h"

#include <catch2/catch.hpp>

#include <restante/limits.h>

using namespace restante;
using namespace restante::core;

namespace {

class Gaps {
 public:
  OwedGaps::Change join(const std::vector<Range>& ranges, const std::string& reason = "limit") {
    const auto change = owed.joined_with(
        ranges, reason, [this](Range between) { return is_clear && between.first <= between.last + 1; }, random);
    for (const std::uint64_t number : change.replaced) CHECK(owed.erase(number));
    for (const OwedGaps::Gap& gap : change.added) owed.add(gap);
    return change;
  }
  [[nodiscard]] std::vector<Range> ranges() const {
    std::vector<Range> all;
    for (const OwedGaps::Gap& gap : owed.all()) all.push_back(gap.range);
    return all;
  }

  OwedGaps owed;
  Random random{1};
  bool is_clear = true;
};

using Ranges = std::vector<Range>;

}  // namespace

TEST_CASE("neighbours with nothing between them become one gap with a new number") {
  Gaps gaps;
  const auto first = gaps.join({{1, 3}, {4, 5}, {9, 9}});
  CHECK(gaps.ranges() == Ranges{{1, 9}});
  const auto second = gaps.join({{12, 14}});
  CHECK(gaps.ranges() == Ranges{{1, 14}});
  CHECK(second.replaced == std::vector{first.added.front().number});
  CHECK(second.added.front().number != first.added.front().number);
  CHECK_FALSE(gaps.owed.erase(first.added.front().number));
}

TEST_CASE("what is still to come parts two gaps, and so does another reason") {
  Gaps gaps;
  gaps.is_clear = false;
  gaps.join({{1, 3}, {5, 6}});
  CHECK(gaps.ranges() == Ranges{{1, 3}, {5, 6}});
  gaps.is_clear = true;
  gaps.join({{7, 8}}, "expiry");
  CHECK(gaps.ranges() == Ranges{{1, 6}, {7, 8}});
}

TEST_CASE("a gap below one that is there joins it") {
  Gaps gaps;
  gaps.join({{10, 12}});
  gaps.join({{3, 9}});
  CHECK(gaps.ranges() == Ranges{{3, 12}});
}

TEST_CASE("what a session was sent stays as it is, until that session has left") {
  Gaps gaps;
  gaps.join({{1, 3}});
  OwedGaps::Gap* const sent = gaps.owed.next_unsent();
  REQUIRE(sent != nullptr);
  sent->sent_to = 5;
  sent->was_sent = true;
  CHECK_FALSE(gaps.owed.anything_unsent());
  gaps.join({{4, 6}});
  CHECK(gaps.ranges() == Ranges{{1, 3}, {4, 6}});
  gaps.owed.on_left(6);
  CHECK(gaps.owed.next_unsent()->range == Range{4, 6});
  gaps.owed.on_left(5);
  CHECK(gaps.owed.next_unsent()->range == Range{1, 3});
  gaps.join({{7, 7}});  // it may have been told: only the word of that was lost
  CHECK(gaps.ranges() == Ranges{{1, 3}, {4, 7}});
}

TEST_CASE("half of what may be owed is with sessions, the rest waits and becomes one where it must") {
  Gaps gaps;
  gaps.is_clear = false;
  for (std::uint64_t at = 1; at <= limits::gaps_max; ++at) gaps.join({{at * 100, at * 100 + 9}});
  for (std::uint64_t at = 1; at <= limits::gaps_max / 2; ++at) {
    CHECK_FALSE(gaps.owed.enough_sent());
    gaps.owed.next_unsent()->sent_to = 5;
  }
  CHECK(gaps.owed.enough_sent());
  gaps.join({{50, 60}});
  CHECK(gaps.owed.all().size() == limits::gaps_max);
  CHECK(gaps.ranges()[0] == Range{50, 60});
  CHECK(gaps.ranges()[1] == Range{100, 109});
}

TEST_CASE("there are never more than a bound; the nearest two become one") {
  Gaps gaps;
  gaps.is_clear = false;
  for (std::uint64_t at = 1; at <= limits::gaps_max; ++at) gaps.join({{at * 100, at * 100 + 9}});
  CHECK(gaps.owed.all().size() == limits::gaps_max);
  gaps.join({{250, 255}});
  CHECK(gaps.owed.all().size() == limits::gaps_max);
  CHECK(gaps.ranges()[1] == Range{200, 255});
}
