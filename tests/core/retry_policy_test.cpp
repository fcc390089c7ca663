#include "core/retry_policy.h"

#include <algorithm>
#include <limits>

#include <catch2/catch.hpp>

#include "core/random.h"

using namespace std::chrono_literals;
using restante::Duration;
using restante::core::Random;
using restante::core::RetryPolicy;

namespace {

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

}  // namespace

TEST_CASE("the wait doubles from the first to the greatest, half of it fixed and half random") {
  const RetryPolicy policy{100ms, 2.0, 1s, 16};
  const Duration whole[] = {100ms, 200ms, 400ms, 800ms, 1s, 1s};
  Random random(1);
  for (std::uint32_t attempts = 1; attempts <= 6; ++attempts) {
    Duration least = Duration::max();
    Duration longest{};
    for (int i = 0; i < 1000; ++i) {
      const Duration delay = policy.delay(attempts, random.next());
      least = std::min(least, delay);
      longest = std::max(longest, delay);
    }
    const Duration expected = whole[attempts - 1];
    CHECK(least >= expected / 2);
    CHECK(least < expected * 6 / 10);
    CHECK(longest <= expected);
    CHECK(longest > expected * 9 / 10);
  }
  CHECK(policy.delay(0, 0) == 50ms);
  CHECK(policy.delay(1, 0) == 50ms);
}

TEST_CASE("the same random number gives the same wait") {
  CHECK(RetryPolicy{}.delay(3, 12345) == RetryPolicy{}.delay(3, 12345));
}

TEST_CASE("no number of attempts and no factor overflows the wait") {
  for (const double factor : {1.0, 1.0001, 2.0, 1e300}) {
    for (const std::uint32_t attempts : {0U, 1U, 63U, 64U, 1000U, std::numeric_limits<std::uint32_t>::max()}) {
      const RetryPolicy policy{100ms, factor, Duration::max(), 16};
      for (const std::uint64_t random : {std::uint64_t{0}, most}) {
        CHECK(policy.delay(attempts, random) >= 50ms);
      }
      CHECK(RetryPolicy{100ms, factor, 30s, 16}.delay(attempts, most) <= 30s);
    }
  }
  CHECK(RetryPolicy{0ms, 2.0, 0ms, 16}.delay(5, most) == 0ms);
  CHECK(RetryPolicy{10s, 2.0, 1s, 16}.delay(1, 0) == 500ms);
}

TEST_CASE("a message is given up after the greatest number of attempts, with 0 never") {
  const RetryPolicy policy{100ms, 2.0, 1s, 3};
  CHECK_FALSE(policy.gives_up(2));
  CHECK(policy.gives_up(3));
  CHECK(policy.gives_up(4));
  CHECK_FALSE((RetryPolicy{100ms, 2.0, 1s, 0}.gives_up(1000000)));
}
