#pragma once
/// \file
/// All that a store holds, as a value.

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "core/store_effects.h"

namespace restante::core {

/// The contents of a MemoryStore. Copies share the octets of their rows.
struct StoreContents {
  struct StreamBook {
    StreamRecord record;
    Sequence pruned_to = 0;   ///< rows up to here are gone but those that a parked message needs
    Sequence newest_row = 0;  ///< highest last sequence of any row ever written
    std::map<GrantId, GrantRecord> grants;
    std::map<Sequence, RowRecord> rows;  ///< by first sequence
  };
  using MessageKey = std::pair<SubscriptionId, Sequence>;

  std::string node;
  Incarnation incarnation{};
  std::map<StreamId, StreamBook> streams;
  std::map<SubscriptionId, SubscriptionRecord> subscriptions;
  std::map<SubscriptionId, CursorRecord> cursors;
  std::map<MessageKey, ParkedRecord> parked;
  std::map<std::pair<SubscriptionId, std::uint64_t>, GapRecord> gaps;  ///< by number
  std::map<MessageKey, DeadRecord> dead;
  std::int64_t clock_ms = 0;  ///< highest of Transaction::clock_ms
  std::uint64_t used = 0;     ///< octets, roughly as a disk would count them
};

}  // namespace restante::core
