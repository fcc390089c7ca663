#pragma once
/// \file
/// What every step of the sidecar's books may need from outside.

#include <cstdint>
#include <string>
#include <vector>

#include "core/effects.h"
#include "core/random.h"
#include "core/time.h"

namespace restante::core {

/// One step: the time, randomness, and where the messages for links are put.
struct Turn {
  Instant now{};
  std::int64_t wall_ms = 0;   ///< wall clock; only for what people read
  std::int64_t clock_ms = 0;  ///< of waits that outlive a restart: never goes back, see Office::set_wall
  Random& random;
  std::vector<Outgoing>& out;
  std::vector<std::string>& notices;  ///< what an operator should read: one sentence each
};

}  // namespace restante::core
