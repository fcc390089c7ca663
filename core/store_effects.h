#pragma once
/// \file
/// What core asks of the store, as values: one Transaction is one commit; nothing of it is durable before its commit
/// and everything is after it. The store decides nothing.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <restante/types.h>

#include "core/buffer.h"
#include "core/messages.h"

namespace restante::core {

using StreamId = std::int64_t;
using SubscriptionId = std::int64_t;

/// A process as its Hello named it.
struct ProcessRecord {
  std::string name;  ///< for people
  std::string host;
  std::uint32_t pid = 0;
  std::uint64_t start_time = 0;
  friend bool operator==(const ProcessRecord&, const ProcessRecord&) = default;
};

struct StreamRecord {
  StreamId id = 0;
  std::string name;
  StreamKind kind = StreamKind::kept;
  Sequence next = 1;      ///< first sequence that was never granted
  Sequence last_row = 0;  ///< last sequence of the newest row ever written (names `stored_prev`)
  std::uint64_t last_marker = 0;
  std::uint64_t writer = 0;        ///< handle that holds the stream; any other is fenced (W3)
  ProcessRecord writer_process{};  ///< of that handle: after a restart it keeps its seat while it may come back
  Retention retention{};
  Expiry expiry{};
  BacklogLimit limit{};  ///< of each subscription that has none of its own
  DrainRate drain{};
  std::uint32_t priority = 0;
};

struct GrantRecord {
  StreamId stream = 0;
  Grant grant;
  std::uint64_t handle = 0;
};

/// What a subscription's filters were for what was copied up to `to` (N2).
struct OlderFilters {
  Sequence to = 0;
  std::vector<std::string> filters;
  friend bool operator==(const OlderFilters&, const OlderFilters&) = default;
};

struct SubscriptionRecord {
  SubscriptionId id = 0;
  StreamId stream = 0;
  std::string name;
  SubscriptionMode mode = SubscriptionMode::shared;
  std::vector<std::string> filters;  ///< empty: everything
  Sequence start = 0;                ///< owns what is above
  std::uint64_t claim = 0;
  std::vector<OlderFilters> older{};  ///< by rising `to`, as far as something may still be owed by them
  std::int64_t made = 0;              ///< which one of its name: a higher number after each removal or reset
  BacklogLimit limit{};
  RetryRule retry{};
};

/// By which filters of it a batch that ends with `sequence` belongs to it or not.
inline const std::vector<std::string>& filters_at(const SubscriptionRecord& record, Sequence sequence) {
  for (const OlderFilters& old : record.older) {
    if (sequence <= old.to) return old.filters;
  }
  return record.filters;
}

/// The cursor: floor and the settled ranges above it.
struct CursorRecord {
  SubscriptionId subscription = 0;
  Sequence floor = 0;
  std::vector<Range> settled;
};

struct RowRecord {
  StreamId stream = 0;
  GrantId grant = 0;
  Sequence first = 0;
  Sequence last = 0;
  Sequence stored_prev = 0;    ///< last sequence of the row before it in its stream (B6); 0: none
  Buffer octets;               ///< the batch frame, unchanged
  std::int64_t stored_ms = 0;  ///< when it was written, by the clock of Transaction::clock_ms
};

/// A message that waits for a time, or stood in the way of the floor (B4).
struct ParkedRecord {
  SubscriptionId subscription = 0;
  Sequence sequence = 0;
  GrantId grant = 0;
  std::int64_t due_ms = 0;  ///< by the clock of Transaction::clock_ms
  std::uint32_t attempts = 0;
  std::string reason;     ///< why the last attempt ended
  std::string history{};  ///< of its attempts (core/attempt_history.h)
  /// Its batch, of this one message, if that is kept here and in no row: a dead letter that comes again. Empty for one
  /// that is parked already: what is there stays, and if that is of another grant, the whole record does. Not loaded
  /// with a page; see `revived`.
  Buffer octets{};
  bool revived = false;  ///< in a page: it has octets of its own
};

/// What names a dead letter. The sequence is that of the message.
struct DeadKey {
  SubscriptionId subscription = 0;
  Sequence sequence = 0;
  friend auto operator<=>(const DeadKey&, const DeadKey&) = default;
};

struct DeadRecord {
  SubscriptionId subscription = 0;
  StreamId stream = 0;
  Sequence sequence = 0;
  GrantId grant = 0;
  std::uint32_t attempts = 0;
  std::int64_t buried_ms = 0;  ///< wall clock
  std::string reason;
  std::string topic;
  std::string payload;
  std::string attributes;
  std::string history{};            ///< of its attempts (core/attempt_history.h)
  std::int64_t source_time_us = 0;  ///< when it was sent, by the writer's wall clock
  std::uint64_t octets = 0;         ///< of the payload, where that is not loaded
  bool is_whole = true;             ///< false: loaded with its payload, and the disk has damaged it
  bool has_heir = false;            ///< what an operator put in its place, or its own retry, is still parked
  bool replaces = false;            ///< it came again by an operator's will: its end is the one to keep
};

/// What was dropped by a rule: owed to the subscription until a consumer was told of it (B7).
struct GapRecord {
  SubscriptionId subscription = 0;
  std::uint64_t number = 0;
  Range range;
  std::string reason;
};
struct ToldGap {
  SubscriptionId subscription = 0;
  std::uint64_t number = 0;
};

struct Unpark {
  SubscriptionId subscription = 0;
  Sequence sequence = 0;
  Sequence last = 0;  ///< and all that are parked up to this one; 0: only that one
  /// Of one: only if it is parked under this grant; 0: whatever it is. Of several: not those that have octets of their
  /// own.
  GrantId grant = 0;
};

/// Rows of `stream` with last <= `to` go, but those that a parked message still needs. With `keep`: the oldest of them,
/// as long as that much is left without it; a bounded number of rows, see Pruned::more.
struct Prune {
  StreamId stream = 0;
  Sequence to = 0;
  Retention keep{};
  std::int64_t now_ms = 0;  ///< for keep.age_ms, by the clock of Transaction::clock_ms
};

/// What is there of a stream after a commit that had a Prune of it.
struct Pruned {
  StreamId stream = 0;
  Sequence to = 0;  ///< rows up to here are gone, but those that a parked message needs
  std::uint64_t rows = 0, messages = 0, octets = 0;
  bool more = false;  ///< the next Prune would find more that is to go
};

/// One commit. Parts are applied in the order of the members.
struct Transaction {
  std::uint64_t number = 0;                  ///< rising from 1 in one run of the sidecar
  std::optional<Incarnation> incarnation{};  ///< a new one: the store turned out to be a restored copy (X6)
  /// With parked messages or rows that are kept for a time: the time by the clock that they wait by (milliseconds after
  /// 1970, never going back). The store keeps the highest it was told, whatever else is deleted.
  std::int64_t clock_ms = 0;
  std::vector<StreamRecord> streams;              ///< insert or replace
  std::vector<GrantRecord> grants;                ///< insert
  std::vector<GrantRecord> closed_grants;         ///< delete (below every floor)
  std::vector<SubscriptionRecord> subscriptions;  ///< insert or replace
  std::vector<RowRecord> rows;                    ///< insert; a row that is there already stays as it is
  std::vector<DeadKey> raised;                    ///< delete: dead letters that come again, or are dropped
  std::vector<ParkedRecord> parked;               ///< insert or replace
  std::vector<DeadRecord> dead;                   ///< insert; one that is there stays, if this does not replace it
  std::vector<Unpark> unparked;                   ///< delete
  std::vector<ToldGap> told;                      ///< delete: gaps that were told, or became part of another
  std::vector<GapRecord> gaps;                    ///< insert
  std::vector<CursorRecord> cursors;              ///< insert or replace
  std::vector<SubscriptionId> removed;  ///< delete, with cursor, filters, gaps and parked messages; no dead letter
  std::vector<Prune> prunes;

  [[nodiscard]] bool empty() const noexcept {
    return !incarnation && streams.empty() && grants.empty() && closed_grants.empty() && subscriptions.empty() &&
           rows.empty() && raised.empty() && parked.empty() && dead.empty() && unparked.empty() && told.empty() &&
           gaps.empty() && cursors.empty() && removed.empty() && prunes.empty();
  }
  /// Nothing in it but what frees space, as a cut with its gap does: it may be tried on a full disk.
  [[nodiscard]] bool only_frees() const noexcept {
    return !incarnation && streams.empty() && grants.empty() && subscriptions.empty() && rows.empty() &&
           parked.empty() && dead.empty();
  }
};

/// A page of redelivery: rows of `stream` with last > `after`, in order, until `octets` or `rows` are reached.
struct LoadRequest {
  std::uint64_t number = 0;
  StreamId stream = 0;
  Sequence after = 0;
  Sequence up_to = 0;  ///< rows with first above this are left out
  std::size_t octets = 0;
  std::size_t rows = 0;
  std::int64_t from_ms = 0;  ///< rows that were stored before this are left out; 0: none
  /// Above 0: a parked message of this subscription is wanted, `up_to`; if it has octets of its own, those, as a row.
  SubscriptionId parked_of = 0;
};
struct LoadReply {
  std::uint64_t number = 0;
  StreamId stream = 0;
  std::vector<RowRecord> rows;
  bool end = false;            ///< no further row up to `up_to`
  std::vector<Range> damaged;  ///< rows that did not pass their CRC, or are named by their successor and gone
  Sequence pruned_to = 0;      ///< rows up to here are gone by a Prune, but those that a parked message needs
};

/// The page of parked messages of one subscription with due_ms <= `due_ms`, the earliest first; rows are not loaded.
struct ParkedRequest {
  std::uint64_t number = 0;
  SubscriptionId subscription = 0;
  std::int64_t due_ms = 0;
  std::size_t count = 0;
};
struct ParkedReply {
  std::uint64_t number = 0;
  SubscriptionId subscription = 0;
  std::vector<ParkedRecord> parked;
  std::optional<std::int64_t> next_due_ms;  ///< of the earliest that is not in `parked`
};

/// Dead letters of one stream, in the order of their keys, until `octets` of payloads or `count` letters are reached.
struct DeadRequest {
  std::uint64_t number = 0;
  StreamId stream = 0;
  SubscriptionId subscription = 0;  ///< 0: of all
  DeadKey after{};                  ///< those behind this one
  std::vector<Sequence> only{};     ///< of that subscription, if not empty: these
  std::size_t count = 0;
  std::size_t octets = 0;
  bool payloads = false;  ///< else payload and attributes stay on the disk
};
struct DeadReply {
  std::uint64_t number = 0;
  StreamId stream = 0;
  std::vector<DeadRecord> letters;
  bool end = false;  ///< there are no more of them
};

/// How full the store is, told with each commit.
struct StoreUsage {
  std::uint64_t used = 0;            ///< octets of the database; log and ballast have room of their own
  std::uint64_t quota = 0;           ///< octets that the database may use
  std::uint64_t octets_written = 0;  ///< by this process to its files, as far as SQLite tells
  bool full = false;                 ///< the last write met a full disk or quota
};

/// What the store knows at start, without the rows.
struct StoreImage {
  std::string node;
  Incarnation incarnation{};
  std::vector<StreamRecord> streams;
  std::vector<GrantRecord> grants;
  std::vector<SubscriptionRecord> subscriptions;
  std::vector<CursorRecord> cursors;
  struct Parked {
    SubscriptionId subscription = 0;
    std::uint64_t count = 0;
    std::int64_t next_due_ms = 0;
  };
  std::vector<Parked> parked;
  std::vector<GapRecord> gaps;
  struct Rows {
    StreamId stream = 0;
    std::uint64_t rows = 0, messages = 0, octets = 0;
    Sequence first = 0, last = 0;
  };
  std::vector<Rows> rows;
  std::vector<Pruned> pruned;  ///< of each stream; only `to` is told
  std::uint64_t dead = 0;
  SubscriptionId highest_subscription = 0;  ///< that any record names: a dead letter outlives its subscription
  std::int64_t clock_ms = 0;                ///< highest of Transaction::clock_ms
  StoreUsage usage;
};

/// Proof of a commit: only a Store can make one, and only with one can core confirm (RELIABILITY R24).
class CommitToken {
 public:
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] const StoreUsage& usage() const noexcept { return usage_; }
  /// In the order of Transaction::prunes.
  [[nodiscard]] const std::vector<Pruned>& pruned() const noexcept { return pruned_; }

 private:
  friend class Store;
  CommitToken(std::uint64_t number, const StoreUsage& usage, std::vector<Pruned> pruned)
      : number_(number), usage_(usage), pruned_(std::move(pruned)) {}
  std::uint64_t number_;
  StoreUsage usage_;
  std::vector<Pruned> pruned_;
};

}  // namespace restante::core
