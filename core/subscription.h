#pragma once
/// \file
/// What a stream's books know of one subscription.

#include <cstdint>
#include <optional>
#include <vector>

#include "core/reader_group.h"
#include "core/store_effects.h"

namespace restante::core {

/// A subscription of the stream with its consumers.
struct Subscription {
  SubscriptionRecord record;
  ReaderGroup group;
  std::uint64_t backlog_messages = 0;
  std::uint64_t backlog_octets = 0;
  std::uint64_t dead = 0;
  std::uint64_t cut = 0;           ///< messages that its limit has taken, since the start
  BacklogCount beyond{};           ///< of its backlog what is certain above what is in memory
  std::uint64_t count_number = 0;  ///< of the page under way that is only counted
  std::uint64_t expired = 0;       ///< messages that were too old, since the start
  bool at_limit = false;           ///< and its publisher waits for it
  std::uint64_t load_number = 0;   ///< of the page under way; 0: none
  std::uint64_t fetch_number = 0;  ///< of the parked message's row under way
  Sequence fetching = 0;
  std::uint64_t parked_number = 0;              ///< of the page of parked messages under way
  std::optional<std::int64_t> parked_due_ms{};  ///< of the earliest parked message that is not in memory
  std::optional<std::int64_t> let_go_due_ms{};  ///< the same of those let go while a page is under way
  std::uint64_t parked_elsewhere = 0;           ///< parked messages that are not in memory
  bool parked_known = true;      ///< false: what is parked is still to be loaded; until then nobody is admitted
  std::vector<Token> waiting{};  ///< sessions that wait for it
  bool on_disk = false;          ///< false: it is new, and nothing may name it before its commit
  bool changing = false;         ///< its filters have changed, and the commit of that has not come back
  bool cursor_dirty = false;
  bool tells_gone = false;     ///< it is new and named a sequence: what is not kept any more from there on is a gap
  Sequence durable_floor = 0;  ///< of the last cursor that was committed
  Sequence told_floor = 0;     ///< by the last checkpoint
  Sequence told_to = 0;        ///< likewise
};

}  // namespace restante::core
