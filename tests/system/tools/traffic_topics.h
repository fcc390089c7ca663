#pragma once
/// \file
/// Which topic a message has.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "traffic.h"

namespace traffic {

/// Each number has always the same one, and a few in a row, as a batch has one topic. Both ends work it out from the
/// same options: `--topic T --topic T ...` and `--run N`, how many in a row (8).
class Topics {
 public:
  explicit Topics(const Options& options) : run_(options.number("--run", 8)) {
    const auto [first, last] = options.all("--topic");
    for (auto topic = first; topic != last; ++topic) names_.push_back(topic->second);
  }

  [[nodiscard]] bool empty() const { return names_.empty(); }

  /// Empty in a pipeline.
  [[nodiscard]] std::string_view of(std::uint64_t number) const {
    return names_.empty() ? std::string_view() : names_[mix(number / run_) % names_.size()];
  }

 private:
  std::uint64_t run_;
  std::vector<std::string> names_;
};

}  // namespace traffic
