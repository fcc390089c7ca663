#pragma once
/// \file
/// What core asks the link for. Effects are performed in the order given.

#include <cstdint>
#include <string>
#include <vector>

#include "core/batch.h"
#include "core/messages.h"

namespace restante::core {

/// One connection of a library to a sidecar, as the sidecar's loop numbers them. Never used twice.
using LinkId = std::uint64_t;

/// A control message to a link, with the batch of a redelivery behind it.
struct Outgoing {
  LinkId link = 0;
  ControlMessage message;
  Buffer batch;  ///< empty but for Redelivery, and DeadLetters of a whole one
};

}  // namespace restante::core
