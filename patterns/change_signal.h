#pragma once
/// \file
/// Waiting for several things at once, each of which has a mutex of its own.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace restante::detail {

/// Counts changes. Who waits reads the count, looks at everything, and waits for another count. Its mutex is the last
/// one that a thread takes, so that it may be notified under any other. Thread-safe.
class ChangeSignal {
 public:
  using Clock = std::chrono::steady_clock;

  void notify() noexcept {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  [[nodiscard]] std::uint64_t count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  /// Until the count is another than `seen`, or `deadline` has come (max(): there is none).
  void wait(std::uint64_t seen, Clock::time_point deadline) const {
    std::unique_lock lock(mutex_);
    const auto changed = [&] { return count_ != seen; };
    if (deadline == Clock::time_point::max()) changed_.wait(lock, changed);
    else changed_.wait_until(lock, deadline, changed);
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::uint64_t count_ = 0;
};

/// Who wants to know of the changes of something; guarded by that thing's mutex.
class Watchers {
 public:
  void add(const std::shared_ptr<ChangeSignal>& signal) {
    std::erase_if(signals_, [](const auto& known) { return known.expired(); });
    signals_.push_back(signal);
  }
  void notify() const noexcept {
    for (const auto& known : signals_) {
      if (const auto signal = known.lock()) signal->notify();
    }
  }

 private:
  std::vector<std::weak_ptr<ChangeSignal>> signals_;
};

}  // namespace restante::detail
