#pragma once
/// \file
/// The two clocks of production. Core never calls them: it is told the time.

#include <cstdint>

#include "core/time.h"

namespace restante::link {

/// CLOCK_BOOTTIME: steady, the same for all processes of this machine, and it counts while the machine sleeps, so a
/// lease does not stretch over a suspended night.
[[nodiscard]] core::Instant boot_now() noexcept;

/// Milliseconds since 1970, UTC. It may jump either way: for people, expiry and retention, never for time-outs.
[[nodiscard]] std::int64_t wall_ms() noexcept;

}  // namespace restante::link
