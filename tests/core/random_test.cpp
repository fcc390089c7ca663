#include "core/random.h"

#include <cstdlib>

#include <catch2/catch.hpp>

using restante::core::Random;

TEST_CASE("random numbers below a bound are even and the same for the same seed") {
  Random random(5);
  Random twin(5);
  int counts[6] = {};
  for (int i = 0; i < 60000; ++i) {
    const std::uint64_t drawn = random.below(6);
    REQUIRE(drawn == twin.below(6));
    ++counts[drawn];
  }
  for (const int count : counts) CHECK(std::abs(count - 10000) < 500);
  int hits = 0;
  for (int i = 0; i < 10000; ++i) hits += random.chance(1, 4) ? 1 : 0;
  CHECK(std::abs(hits - 2500) < 250);
  CHECK(Random(0).next() == 0xe220a8397b1dcdafULL);  // the reference value of splitmix64
}
