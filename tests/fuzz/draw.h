#pragma once
/// \file
/// Control messages that are allowed by the codec and otherwise say anything.

#include <vector>

#include "core/batch.h"
#include "core/messages.h"
#include "tests/fuzz/script.h"

namespace restante::fuzz {

/// What has been said so far, so that much of what is drawn is about something.
struct Known {
  std::vector<core::Token> tokens{};
  std::vector<core::Grant> grants{};
  std::vector<std::uint64_t> gaps{};
  std::uint64_t handle = 1;   ///< of the producer
  std::uint64_t session = 1;  ///< of the consumer
};

core::ControlMessage draw_for_sidecar(Script& script, const Known& known);
core::ControlMessage draw_for_library(Script& script, const Known& known);
/// A whole batch of a known grant, or of none.
core::Buffer draw_batch(Script& script, const Known& known);
core::Range draw_range(Script& script, const Known& known);
core::SubscriptionMode draw_mode(Script& script);  ///< of a subscription that has a name

}  // namespace restante::fuzz
