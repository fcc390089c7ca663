#pragma once
/// \file
/// A limited rate for what is handed out of a backlog.

#include <algorithm>
#include <cstdint>
#include <limits>

#include <restante/limits.h>
#include <restante/types.h>

#include "core/time.h"

namespace restante::core {

/// What goes through shuts the gate for as long as it takes at the rate, so that on an average nothing is faster. What
/// goes at once is a burst of limits::drain_burst at the most, or one message. Pure; the time is an argument.
class DrainGate {
 public:
  void set_rate(const DrainRate& rate) {
    rate_ = rate;
    if (!rate.any()) opens_ = Instant{};
  }
  [[nodiscard]] const DrainRate& rate() const noexcept { return rate_; }
  [[nodiscard]] bool is_open(Instant now) const noexcept { return opens_ <= now; }
  [[nodiscard]] Instant opens() const noexcept { return opens_; }

  /// So many messages of so many octets each may go at once through the open gate.
  [[nodiscard]] std::uint64_t burst(std::uint64_t octets_each) const {
    std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    constexpr std::uint64_t bursts = std::chrono::seconds{1} / limits::drain_burst;
    if (rate_.messages > 0) most = rate_.messages / bursts;
    if (rate_.octets > 0) most = std::min(most, rate_.octets / bursts / std::max<std::uint64_t>(1, octets_each));
    return std::max<std::uint64_t>(1, most);
  }
  /// They went.
  void take(std::uint64_t messages, std::uint64_t octets, Instant now) {
    if (!rate_.any()) return;
    const Duration wait = std::max(time_of(messages, rate_.messages), time_of(octets, rate_.octets));
    opens_ = after(std::max(opens_, now), wait);
  }
  /// Nothing goes before `then`.
  void shut_until(Instant then) { opens_ = std::max(opens_, then); }

 private:
  static Duration time_of(std::uint64_t count, std::uint64_t per_second) {
    if (per_second == 0) return {};
    const double seconds = static_cast<double>(count) / static_cast<double>(per_second);
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::min(seconds, 3600.0 * 24)));
  }

  DrainRate rate_;
  Instant opens_{};
};

}  // namespace restante::core
