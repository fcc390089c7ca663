#pragma once
/// \file
/// Where one message is, for whoever asks by its id.

#include <cstdint>
#include <string>
#include <vector>

#include <restante/types.h>

#include "core/office.h"

namespace restante::core {

/// What the books of one subscription say of a message. `settled` is all that is known once it is: it was acked, is a
/// dead letter (the store tells), or went by a rule; so is what is parked and not in memory (`may_be_parked`).
struct Whereabouts {
  enum class State : std::uint8_t { not_owned, waiting, in_hand, tried, dying, settled };
  std::string subscription;
  State state = State::settled;
  std::uint32_t attempts = 0;  ///< that have ended
  std::string reason;          ///< why the last one did
  bool may_be_parked = false;
};

/// Of each subscription of the stream. Empty if there is no such stream, or it has not come so far.
[[nodiscard]] std::vector<Whereabouts> whereabouts_of(const Office& office, const std::string& stream,
                                                      Sequence sequence);

}  // namespace restante::core
