#pragma once
/// \file
/// How application threads get the attention of a node's I/O thread.

#include <atomic>

#include "patterns/link/link.h"

namespace restante::detail {

/// A wake-up that costs a system call only when the I/O thread is really asleep: a burst of sends is one wake-up.
///
/// The I/O thread: `if (may_sleep()) wait(timeout) else wait(nothing)`, then woke(), then it looks at all work.
/// Whatever was done before a notify() is seen after the woke() that follows it.
class IoSignal {
 public:
  /// Any thread.
  void notify() noexcept {
    if (state_.exchange(dirty, std::memory_order_acq_rel) == asleep) wake_.signal();
  }

  /// Any thread, and signal handlers: asks the node to end all waiting.
  void request_stop() noexcept {
    stop_requested_.store(true, std::memory_order_release);
    wake_.signal();
  }
  [[nodiscard]] bool stop_requested() const noexcept { return stop_requested_.load(std::memory_order_acquire); }

  /// I/O thread: false if there is work already, so that it must only look at its sockets.
  [[nodiscard]] bool may_sleep() noexcept {
    int expected = awake;
    return state_.compare_exchange_strong(expected, asleep, std::memory_order_acq_rel);
  }
  /// I/O thread, after waiting.
  void woke(bool slept) noexcept {
    state_.exchange(awake, std::memory_order_acq_rel);
    // Always after a sleep: a notify() may signal later than the sleep ended for another reason.
    if (slept) wake_.drain();
  }
  [[nodiscard]] link::Wake& wake() noexcept { return wake_; }

 private:
  static constexpr int awake = 0;
  static constexpr int dirty = 1;
  static constexpr int asleep = 2;

  std::atomic<int> state_{awake};
  std::atomic<bool> stop_requested_{false};
  static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);
  link::Wake wake_;
};

}  // namespace restante::detail
