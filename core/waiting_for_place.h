#pragma once
/// \file
/// Who waits for the store to tell where in a stream a time is.

#include <cstdint>
#include <variant>

#include "core/reader_group.h"

namespace restante::core {

struct WaitingSession {
  Subscribe subscribe;
  SubscriptionId id = 0;
  ConsumerSession session;
};

struct WaitingReset {
  ResetSubscription wish;
  LinkId link = 0;
  std::int64_t made = 0;
};

/// Somebody who named a time, till the store has told where in the stream that is.
struct WaitingForPlace {
  std::uint64_t number = 0;  ///< of the load; 0: it was not asked for yet
  std::int64_t from_ms = 0;
  std::variant<WaitingSession, WaitingReset> what;
};

}  // namespace restante::core
