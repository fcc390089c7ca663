#include "core/id_set.h"

#include <set>
#include <utility>

#include <catch2/catch.hpp>

#include "core/random.h"

using namespace restante;
using namespace restante::core;

TEST_CASE("an id set behaves as a set of single ids under random changes") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const Sequence domain = 10 + random.below(60);
    IdSet ids;
    std::set<std::pair<GrantId, Sequence>> naive;
    for (int step = 0; step < 200; ++step) {
      const GrantId grant = 1 + random.below(2);
      const Sequence first = 1 + random.below(domain);
      const Range range{first, std::min(domain, first + random.below(6))};
      const auto choice = random.below(10);
      if (choice < 5) {
        ids.insert(grant, range);
        for (Sequence s = range.first; s <= range.last; ++s) naive.insert({grant, s});
      } else if (choice < 9) {
        ids.erase(grant, range);
        for (Sequence s = range.first; s <= range.last; ++s) naive.erase({grant, s});
      } else if (random.chance(1, 8)) {
        const bool up_to = random.chance(1, 2);
        if (up_to) ids.erase_up_to(first);
        else ids.erase_from(first);
        std::erase_if(naive, [&](const auto& id) { return up_to ? id.second <= first : id.second >= first; });
      }
      std::vector<GrantRange> expected;
      for (const auto& [g, s] : naive) {
        const bool extends = !expected.empty() && expected.back().grant == g && expected.back().range.last + 1 == s;
        if (extends) expected.back().range.last = s;
        else expected.push_back({g, {s, s}});
      }
      REQUIRE(ids.ranges() == expected);
      REQUIRE(ids.count() == naive.size());
      REQUIRE(ids.size() == expected.size());
      std::uint64_t inside = 0;
      for (const Range& part : ids.inside(grant, range)) {
        for (Sequence s = part.first; s <= part.last; ++s, ++inside) REQUIRE(naive.contains({grant, s}));
      }
      std::uint64_t outside = 0;
      for (const Range& part : ids.outside(grant, range)) {
        for (Sequence s = part.first; s <= part.last; ++s, ++outside) REQUIRE_FALSE(naive.contains({grant, s}));
      }
      REQUIRE(inside + outside == range.last - range.first + 1);
      REQUIRE(ids.contains(grant, first) == naive.contains({grant, first}));
    }
  }
}
