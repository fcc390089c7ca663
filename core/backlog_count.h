#pragma once
/// \file
/// How much a subscription is owed above what it has in memory, as far as that is certain.

#include <algorithm>
#include <cstdint>
#include <optional>

#include <restante/types.h>

namespace restante::core {

/// The figures of the store are upper bounds: its rows are those of a stream, not those that one subscription owns. A
/// limit must not cut by them. So what is copied is counted when it is copied, and what was there before (after a
/// restart, or if a subscription begins at the beginning) when it is read for that, page by page, as far as anybody
/// needs to know. Never too high, but for what was acked ahead of its row. Not thread-safe.
class BacklogCount {
 public:
  BacklogCount() = default;
  /// Up to `end` there may be rows that nobody has counted.
  explicit BacklogCount(Sequence end) : end_(end) {}

  [[nodiscard]] std::uint64_t messages() const noexcept { return messages_; }
  [[nodiscard]] std::uint64_t octets() const noexcept { return octets_; }

  void add(std::uint64_t messages, std::uint64_t octets) {
    messages_ += messages;
    octets_ += octets;
  }
  /// A batch that ends with `last` is in memory now.
  void on_tracked(Sequence last, std::uint64_t messages, std::uint64_t octets) {
    if (last > counted_to_ && last <= end_) return;
    messages_ -= std::min(messages_, messages);
    octets_ -= std::min(octets_, octets);
  }
  /// Batches that were in memory, up to `tracked_to`, are to be counted here.
  void on_untracked(Sequence tracked_to, std::uint64_t messages, std::uint64_t octets) {
    counted_to_ = std::max(counted_to_, tracked_to);
    add(messages, octets);
  }
  /// Everything is in memory.
  void clear() {
    counted_to_ = std::max(counted_to_, end_);
    messages_ = octets_ = 0;
  }

  /// Where the next page to be counted begins, if there is one.
  [[nodiscard]] std::optional<Sequence> next_page(Sequence tracked_to) const {
    const Sequence after = std::max(counted_to_, tracked_to);
    return after < end_ ? std::optional(after) : std::nullopt;
  }
  /// A batch of such a page. What was copied since the beginning is counted already.
  void on_page(Sequence last, std::uint64_t messages, std::uint64_t octets) {
    if (last > counted_to_ && last <= end_) add(messages, octets);
  }
  void on_counted(Sequence to) { counted_to_ = std::max(counted_to_, to); }
  void on_counted_all() { on_counted(end_); }

 private:
  Sequence counted_to_ = 0;
  Sequence end_ = 0;
  std::uint64_t messages_ = 0;
  std::uint64_t octets_ = 0;
};

}  // namespace restante::core
