#pragma once
/// \file
/// Which gaps of the sidecar a consumer has heard of, and which of them its application was told.

#include <cstdint>
#include <deque>
#include <map>
#include <utility>

#include <restante/limits.h>

namespace restante::core {

/// A sidecar owes a gap until it hears that the application was told; a lost link makes it say so again. The numbers of
/// those that were told are remembered, the newest limits::gaps_max, which is as many as a sidecar can owe. Not
/// thread-safe.
class ToldGaps {
 public:
  enum class State { unheard, queued, told };

  [[nodiscard]] State state(std::uint64_t number) const {
    const auto at = known_.find(number);
    return at == known_.end() ? State::unheard : at->second;
  }
  /// More waits to be told than several sidecars, one after the other, can owe.
  [[nodiscard]] bool full() const noexcept { return known_.size() >= order_.size() + 4 * limits::gaps_max; }
  /// It has become part of another before it was told.
  void forget(std::uint64_t number) { known_.erase(number); }
  void queued(std::uint64_t number) { known_.emplace(number, State::queued); }
  void told(std::uint64_t number) {
    const auto [at, is_new] = known_.try_emplace(number, State::told);
    if (!is_new && std::exchange(at->second, State::told) == State::told) return;
    order_.push_back(number);
    if (order_.size() <= limits::gaps_max) return;
    known_.erase(order_.front());
    order_.pop_front();
  }
  /// The oldest first.
  [[nodiscard]] const std::deque<std::uint64_t>& all_told() const noexcept { return order_; }

 private:
  std::map<std::uint64_t, State> known_;
  std::deque<std::uint64_t> order_;  // of those that were told
};

}  // namespace restante::core
