#pragma once
/// \file
/// Messages that did not end by being worked off.

#include <array>
#include <cstddef>
#include <cstdint>

#include <restante/limits.h>
#include <restante/types.h>

#include "core/interval_set.h"

namespace restante::core {

/// By their ordinals in the order of sending. Bounded: of each kind the oldest ranges are forgotten first. A message
/// that ended in several ways, in several subscriptions, has the worst of them. Not thread-safe.
class Fates {
 public:
  void note(Range ordinals, Outcome outcome) {
    IntervalSet& set = sets_.at(place_of(outcome));
    set.insert(ordinals);
    while (set.size() > limits::fates_max) set.erase(set.ranges().front());
    ++changes_;
  }
  /// dead, expired or dropped; `otherwise` if it is none of these, as far as is remembered.
  [[nodiscard]] Outcome of(std::uint64_t ordinal, Outcome otherwise) const {
    for (const Outcome outcome : {Outcome::dead, Outcome::expired, Outcome::dropped}) {
      if (sets_.at(place_of(outcome)).contains(ordinal)) return outcome;
    }
    return otherwise;
  }
  /// Another number, other fates.
  [[nodiscard]] std::uint64_t changes() const noexcept { return changes_; }

 private:
  static std::size_t place_of(Outcome outcome) {
    return static_cast<std::size_t>(outcome) - static_cast<std::size_t>(Outcome::dead);
  }

  std::array<IntervalSet, 3> sets_;
  std::uint64_t changes_ = 0;
};

}  // namespace restante::core
