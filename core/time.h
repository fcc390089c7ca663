#pragma once
/// \file
/// Time as an argument. Core has no clock: whoever drives it says what time it is, and never goes back.

#include <chrono>

#include <restante/types.h>

namespace restante::core {

/// The clock that drives core (CLOCK_BOOTTIME in production, a counter in the simulated world). It has no now().
struct BootClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};

using Instant = BootClock::time_point;
inline constexpr Instant never = Instant::max();

/// `now + wait`, of a wait that is not negative, that stops at `never` instead of overflowing. `now` may be before the
/// clock began: what was taken before this process.
constexpr Instant after(Instant now, Duration wait) { return now >= never - wait ? never : now + wait; }

}  // namespace restante::core
