#pragma once
/// \file
/// A subscription's cursor: the ack floor, and a bounded window of batches above it.

#include <cstdint>
#include <map>
#include <vector>

#include <restante/limits.h>
#include "core/copied_batch.h"
#include "core/interval_set.h"
#include "core/messages.h"

namespace restante::core {

/// Who has a part of a batch in hand.
struct Hold {
  Range range;
  Token session = 0;
  Instant since{};
  bool reported = false;  ///< came by the control link, or the consumer said that it arrived (B5)
};

/// Invariant: floor <= tracked_to <= copied head. Every owned, unsettled batch in (floor, tracked_to] has an entry;
/// what is above tracked_to is on disk or in the outbox's line of fresh batches, and only what was acked of it is known
/// here
/// (`early`). So a backlog of any length costs this window and no more (C5).
class Cursor {
 public:
  struct Entry {
    BatchRef batch;  ///< empty once all of it is settled
    Range range;
    IntervalSet settled;          ///< empty once all of it is settled
    std::vector<Hold> holds;      ///< of shared subscriptions
    std::uint64_t octets = 0;     ///< of the frame, still counted as backlog
    std::uint64_t unsettled = 0;  ///< messages
    std::uint32_t deaths = 0;     ///< sessions lost with a part of it in hand
  };
  using Entries = std::map<Sequence, Entry>;

  /// What one change of the books brought about.
  struct Change {
    std::uint64_t messages = 0;  ///< newly settled
    std::uint64_t early = 0;     ///< newly acked ahead of their copies
    std::uint64_t octets = 0;
    bool on_disk = false;             ///< some of it has a row: after a restart it would come again
    std::vector<BatchRef> completed;  ///< batches of which nothing is unsettled any more
  };

  Cursor(Sequence floor, const std::vector<Range>& settled);

  [[nodiscard]] Sequence floor() const noexcept { return floor_; }
  [[nodiscard]] Sequence tracked_to() const noexcept { return tracked_to_; }
  [[nodiscard]] Entries& entries() noexcept { return entries_; }
  [[nodiscard]] const Entries& entries() const noexcept { return entries_; }
  [[nodiscard]] std::uint64_t octets() const noexcept { return octets_; }
  [[nodiscard]] std::uint64_t messages() const noexcept { return messages_; }  ///< unsettled ones of the entries
  /// Entries that wait for the floor to pass them: many of them mean that something old stands in the way.
  [[nodiscard]] std::size_t settled_entries() const noexcept { return settled_entries_; }
  /// Settled ranges above what is tracked: acks that came before their copies or pages (B2).
  [[nodiscard]] std::size_t early_ranges() const noexcept { return early_.size(); }
  [[nodiscard]] std::uint64_t early_messages() const noexcept { return early_.count(); }
  /// May another batch be tracked, if its window is `octets_max`? One batch always may.
  [[nodiscard]] bool has_room(std::uint64_t octets_max) const noexcept;
  /// The entry whose range has `sequence`, or nullptr.
  Entry* find(Sequence sequence);
  /// Would a batch of `range` overlap an entry of another range? Then it is not the batch that was known here.
  [[nodiscard]] bool clashes(Range range) const;
  /// Known to be settled or not owned: at or below the floor, settled in its entry, or acked early.
  [[nodiscard]] bool settled(Sequence sequence) const;
  /// The settled ranges above the floor, as they are stored; at most `max` of them, the lowest.
  [[nodiscard]] std::vector<Range> window(std::size_t max) const;

  /// Tracks `batch`, which is above tracked_to, or inside the window and unknown (a copy sent again after a restart).
  /// What was acked early is settled at once. `change` tells what.
  Entry& track(const BatchRef& batch, Change& change);
  /// Forgets the highest entry, which has its row and is in nobody's hand: a page will bring it again.
  void untrack_last();
  /// Is there room to remember what is settled of it?
  [[nodiscard]] bool can_untrack_last() const;
  /// Nothing unsettled is owned up to `sequence`.
  void pass(Sequence sequence);
  /// Settles what is owned in `range`; what is above tracked_to is remembered within bounds (false: some was dropped).
  bool settle(Range range, Change& change);
  /// Raises the floor over what is settled and forgets the entries below.
  void raise_floor();

 private:
  void settle_part(Entry& entry, Range part, Change& change);

  Sequence floor_;
  Sequence tracked_to_;
  Entries entries_;
  IntervalSet early_;
  std::uint64_t octets_ = 0;
  std::uint64_t messages_ = 0;
  std::size_t settled_entries_ = 0;
};

/// The parts of `entry` that are neither settled nor held.
std::vector<Range> unheld(const Cursor::Entry& entry);

}  // namespace restante::core
