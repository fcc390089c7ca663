#pragma once
/// \file
/// A session that only listens to a stream.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/effects.h"

namespace restante::core {

/// A session without a subscription: nothing is owed to it. It is told where the writer publishes, and what is granted.
struct Listener {
  LinkId link = 0;
  std::uint64_t session = 0;
  std::string host;  ///< as in Hello
  std::vector<std::string> filters{};
  std::optional<std::string> endpoint{};  ///< where the writer publishes, as it was told; empty: nowhere
  Sequence told_to = 0;                   ///< of what was published
};

}  // namespace restante::core
