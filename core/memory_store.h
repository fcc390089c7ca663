#pragma once
/// \file
/// The store's twin in memory: the same answers as the SQLite store, for the simulated world and for tests.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/store.h"
#include "core/store_contents.h"

namespace restante::core {

/// Keeps everything in maps. A commit is atomic. What a crash leaves is what was committed: keep the object over the
/// crash of the process that it belongs to, or go back to an older `snapshot()` as from a backup.
class MemoryStore : public Store {
 public:
  /// `capacity` in octets; 0 means no bound.
  MemoryStore(std::string node, const Incarnation& incarnation, std::uint64_t capacity = 0);

  StoreImage image() override;
  CommitToken commit(const Transaction& transaction) override;
  LoadReply load(const LoadRequest& request) override;
  ParkedReply load(const ParkedRequest& request) override;
  DeadReply load(const DeadRequest& request) override;

  /// All that is committed. Put back with restore(), it is an old backup.
  [[nodiscard]] StoreContents snapshot() const { return contents_; }
  [[nodiscard]] const StoreContents& contents() const noexcept { return contents_; }
  void restore(StoreContents contents) { contents_ = std::move(contents); }

  // ---- faults, for tests
  /// Other programs fill or empty the disk.
  void set_capacity(std::uint64_t octets) noexcept { capacity_ = octets; }
  /// Other programs took the room as well that freeing needs: no transaction is taken at all.
  void set_stuck(bool stuck) noexcept { stuck_ = stuck; }
  /// From here on every call throws StoreFailed, as after a failed sync. mend() is the restart of the process.
  void fail() noexcept { failed_ = true; }
  void mend() noexcept { failed_ = false; }
  /// Turns an octet of a row's frame. False if there is no such row.
  bool damage_row(StreamId stream, Sequence first);
  /// Removes a row behind the store's back.
  bool lose_row(StreamId stream, Sequence first);

 private:
  void require_alive() const;
  void require_room(const Transaction& transaction);
  struct Totals {
    std::uint64_t messages = 0, octets = 0;
  };
  std::vector<Pruned> apply(const Transaction& transaction);
  [[nodiscard]] static Totals totals_of(const StoreContents::StreamBook& book);
  [[nodiscard]] Sequence kept_from(const StoreContents::StreamBook& book, const Prune& prune) const;
  void apply_rows(const Transaction& transaction);
  void remove(SubscriptionId subscription);
  void sweep(StoreContents::StreamBook& book);
  [[nodiscard]] bool is_needed(const RowRecord& row) const;
  [[nodiscard]] std::vector<Sequence> parked_between(StreamId stream, Sequence first, Sequence last) const;
  [[nodiscard]] StoreUsage usage() const noexcept;

  StoreContents contents_;
  std::uint64_t capacity_;
  std::uint64_t octets_written_ = 0;
  bool full_ = false;
  bool stuck_ = false;
  bool failed_ = false;
};

}  // namespace restante::core
