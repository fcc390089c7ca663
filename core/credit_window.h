#pragma once
/// \file
/// How many messages a consumer asks for.

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "core/time.h"

namespace restante::core {

/// A window that follows the application: about as many messages as it settles in `horizon`, so that a slow worker does
/// not sit on work that another could do. When the application ran out of messages although the window was in use, the
/// window was too small for the way there and back, and is doubled. Pure; not thread-safe.
class CreditWindow {
 public:
  static constexpr std::uint64_t initial = 32;
  static constexpr std::uint64_t least = 4;
  static constexpr std::uint64_t most = 65536;
  static constexpr Duration interval = std::chrono::milliseconds(50);  ///< a rate is measured over no less
  static constexpr Duration horizon = std::chrono::milliseconds(100);

  explicit CreditWindow(Instant now) : since_(now) {}

  [[nodiscard]] std::uint64_t messages() const noexcept { return window_; }

  /// Something arrived: so many are held and unsettled now. Time in which there was nothing to do is not measured.
  void on_held(std::uint64_t unsettled, Instant now) noexcept {
    if (peak_ == 0 && settled_ == 0) since_ = now;
    peak_ = std::max(peak_, unsettled);
  }
  /// The application settled one; `unsettled` are left.
  void on_settled(std::uint64_t unsettled, Instant now);
  /// The application asked and there was nothing.
  void on_starved(std::uint64_t unsettled, Instant now);

 private:
  void measure(std::uint64_t unsettled, Instant now);

  std::uint64_t window_ = initial;
  Instant since_;
  std::uint64_t settled_ = 0;
  std::uint64_t peak_ = 0;
  bool starved_ = false;
};

}  // namespace restante::core
