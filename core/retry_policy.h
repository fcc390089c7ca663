#pragma once
/// \file
/// How long a message waits after an attempt that failed, and when it is given up.

#include <cstdint>

#include <restante/limits.h>
#include <restante/types.h>

namespace restante::core {

/// Waits that grow from `initial` by `factor` up to `max`. Half of each wait is fixed, so that a broken consumer is
/// never asked at once again; the other half is random, so that messages that failed together come back one by one.
struct RetryPolicy {
  Duration initial = limits::retry_initial;
  double factor = 2.0;  ///< at least 1
  Duration max = limits::retry_max;
  std::uint32_t attempts_max = limits::attempts_max;  ///< then the dead letters; 0: never

  /// With what `rule` says otherwise.
  [[nodiscard]] RetryPolicy with(const RetryRule& rule) const;

  /// The wait after `attempts` attempts have ended; `random` is any 64 random bits.
  [[nodiscard]] Duration delay(std::uint32_t attempts, std::uint64_t random) const;

  /// Is a message with so many ended attempts to be buried?
  [[nodiscard]] bool gives_up(std::uint32_t attempts) const noexcept {
    return attempts_max != 0 && attempts >= attempts_max;
  }

  friend bool operator==(const RetryPolicy&, const RetryPolicy&) = default;
};

}  // namespace restante::core
