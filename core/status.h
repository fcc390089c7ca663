#pragma once
/// \file
/// What the sidecar's books say, for people: counters rise from 0 at the start of the process.

#include <cstdint>
#include <string>
#include <vector>

#include <restante/types.h>

#include "core/messages.h"
#include "core/retry_policy.h"
#include "core/store_effects.h"

namespace restante::core {

struct SubscriptionStatus {
  std::string name;
  SubscriptionMode mode = SubscriptionMode::shared;
  Sequence floor = 0;                  ///< the cursor's ack floor
  std::uint64_t backlog_messages = 0;  ///< owned and unsettled, in memory and on disk; an upper bound while cold
  std::uint64_t backlog_octets = 0;
  std::int64_t oldest_age_ms = 0;  ///< of the oldest unsettled message, by the writer's wall clock; 0: none
  std::uint64_t in_flight = 0;     ///< messages held by sessions
  std::uint64_t sessions = 0;
  std::uint64_t loose = 0;  ///< messages with attempts or a wait of their own
  std::uint64_t parked = 0;
  std::uint64_t dead = 0;         ///< buried since the start
  BacklogLimit limit{};           ///< as it is in force
  RetryPolicy retry{};            ///< likewise
  std::uint64_t expired = 0;      ///< messages that were too old and are no dead letters, since the start
  std::uint64_t cut = 0;          ///< messages that its limit has taken, since the start
  std::uint64_t gaps = 0;         ///< owed: no consumer was told of them yet
  std::uint64_t acked = 0;        ///< messages settled by ack
  std::uint64_t redelivered = 0;  ///< messages sent on control links
  std::uint64_t attempts = 0;     ///< attempts that ended by a nack, a lease or a lone death
  bool live = false;
  std::string why;  ///< of catching up: "no consumer", "backlog on disk", "unreported live copies", …
};

struct StreamStatus {
  std::string name;
  StreamKind kind = StreamKind::kept;
  Sequence head = 0;  ///< copied head
  Sequence confirmed_to = 0;
  std::uint64_t rows = 0;  ///< batches in the store
  std::uint64_t row_octets = 0;
  std::uint64_t copied = 0;  ///< messages copied by the writer
  std::uint64_t stored = 0;  ///< messages written to disk
  std::uint64_t elided = 0;  ///< messages settled in time and never written
  Retention retention;
  Expiry expiry{};
  BacklogLimit limit{};  ///< of each subscription that has none of its own
  DrainRate drain{};
  std::uint32_t priority = 0;
  std::uint64_t kept_messages = 0;  ///< in the store, owed or not; only of a stream with retention
  std::uint64_t kept_octets = 0;
  std::string writer;           ///< who holds it: "name pid 12 for 3 s", "away …"; empty: nobody
  std::uint64_t listeners = 0;  ///< sessions without a subscription
  std::vector<SubscriptionStatus> subscriptions;
};

struct NodeStatus {
  std::string node;
  Incarnation incarnation{};
  std::uint64_t links = 0;
  StoreUsage store;
  std::uint64_t commits = 0;
  std::uint64_t stored_octets = 0;                              ///< of batches written
  std::vector<std::pair<std::string, std::uint64_t>> counters;  ///< what was refused or ignored, by reason
  std::vector<StreamStatus> streams;
};

}  // namespace restante::core
