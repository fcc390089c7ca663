#pragma once
/// \file
/// What a node refused, dropped or lost, by reason.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace restante::detail {

enum class Count : std::size_t {
  damaged_control,   ///< control frames that were not whole
  damaged_batch,     ///< batches that did not pass their check
  unexpected_frame,  ///< frames that nobody waits for
  stale_token,       ///< for a session that is over
  live_unknown,      ///< live copies for a session that is not (or no more) this node's
  live_refused,      ///< live copies that a worker's socket did not take; they go by its sidecar
  links_lost,        ///< control links that ended other than by this node's wish
  count_
};

/// Rise from 0 at the start of the node. Thread-safe.
class Counters {
 public:
  void add(Count which) noexcept { values_[index(which)].fetch_add(1, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value(Count which) const noexcept {
    return values_[index(which)].load(std::memory_order_relaxed);
  }
  static const char* name(Count which) noexcept {
    static constexpr std::array<const char*, static_cast<std::size_t>(Count::count_)> names{
        "damaged_control", "damaged_batch", "unexpected_frame", "stale_token",
        "live_unknown",    "live_refused",  "links_lost"};
    return names[index(which)];
  }

 private:
  static constexpr std::size_t index(Count which) noexcept { return static_cast<std::size_t>(which); }
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Count::count_)> values_{};
};

}  // namespace restante::detail
