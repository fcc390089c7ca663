#pragma once
/// \file
/// Random numbers that are the same for the same seed, so that core and its tests can be replayed.

#include <cstdint>

#include "core/assert.h"

namespace restante::core {

/// splitmix64 (Steele, Lea, Flood 2014): one word of state, every seed is a good one. The seed comes from outside; not
/// for secrets. Not thread-safe.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31);
  }

  /// A number in [0, n); n must not be 0. Without the bias of a plain remainder: the uneven rest is drawn again.
  std::uint64_t below(std::uint64_t n) {
    RESTANTE_ASSERT(n != 0);
    const std::uint64_t uneven = (0 - n) % n;  // 2^64 mod n
    std::uint64_t drawn = next();
    while (drawn < uneven) drawn = next();
    return drawn % n;
  }

  /// True `numerator` times in `denominator`.
  bool chance(std::uint64_t numerator, std::uint64_t denominator) { return below(denominator) < numerator; }

 private:
  std::uint64_t state_;
};

}  // namespace restante::core
