#pragma once
/// \file
/// Which topics the application of a strict subscription is at work on.

#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace restante::core {

/// Of each topic at most one message is in hand (X8). By the number of its hand. Not thread-safe.
class TopicsInHand {
 public:
  [[nodiscard]] bool contains(const std::string& topic) const { return topics_.contains(topic); }
  void add(std::uint64_t hand, const std::string& topic) {
    topics_.insert(topic);
    hands_.emplace(hand, topic);
  }
  /// Its topic, or nothing if it is not known.
  std::string erase(std::uint64_t hand) {
    const auto at = hands_.find(hand);
    if (at == hands_.end()) return {};
    std::string topic = std::move(at->second);
    hands_.erase(at);
    topics_.erase(topic);
    return topic;
  }
  /// Forgets the hands that `is_gone`.
  template <typename IsGone>
  void erase_if(IsGone is_gone) {
    for (auto at = hands_.begin(); at != hands_.end();) {
      const auto next = std::next(at);
      if (is_gone(at->first)) erase(at->first);
      at = next;
    }
  }
  void clear() noexcept {
    topics_.clear();
    hands_.clear();
  }

 private:
  std::set<std::string> topics_;
  std::map<std::uint64_t, std::string> hands_;
};

}  // namespace restante::core
