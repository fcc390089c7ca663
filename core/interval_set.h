#pragma once
/// \file
/// A set of sequences kept as closed ranges: what is settled above a floor, what is held, what is owed.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <restante/types.h>

#include "core/messages.h"

namespace restante::core {

/// Sorted ranges that neither touch nor overlap, so that equal sets are equal vectors. A vector and not a tree, because
/// acks come nearly in order: a change at the end costs O(1) amortised, a look-up O(log n), any other change O(n) moves
/// of 16 octets. Every Range given must have first <= last. Not thread-safe.
class IntervalSet {
 public:
  IntervalSet() = default;
  /// The union of `ranges`, which may be in any order and overlap.
  explicit IntervalSet(const std::vector<Range>& ranges);

  /// Adds `range`; how many of its sequences are new.
  std::uint64_t insert(Range range);
  std::uint64_t insert(Sequence sequence) { return insert(Range{sequence, sequence}); }

  /// Takes `range` out; how many of its sequences were in the set.
  std::uint64_t erase(Range range);
  std::uint64_t erase(Sequence sequence) { return erase(Range{sequence, sequence}); }

  /// Takes out everything up to and with `last`; how many sequences were in the set.
  std::uint64_t erase_up_to(Sequence last) { return erase(Range{0, last}); }

  void clear() noexcept;

  [[nodiscard]] bool contains(Sequence sequence) const noexcept { return contains(Range{sequence, sequence}); }
  /// Is all of `range` in the set?
  [[nodiscard]] bool contains(Range range) const noexcept;
  /// Is anything of `range` in the set?
  [[nodiscard]] bool intersects(Range range) const noexcept;
  /// The range of the set that holds `sequence`, if any: tells how far a floor may move.
  [[nodiscard]] std::optional<Range> range_of(Sequence sequence) const noexcept;

  /// The parts of `range` that are not in the set, in order.
  [[nodiscard]] std::vector<Range> subtract_from(Range range) const;
  /// The parts of `range` that are in the set, in order.
  [[nodiscard]] std::vector<Range> intersection(Range range) const;

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }       ///< sequences
  [[nodiscard]] std::size_t size() const noexcept { return ranges_.size(); }  ///< ranges
  [[nodiscard]] bool empty() const noexcept { return ranges_.empty(); }
  [[nodiscard]] Sequence first() const;  ///< the set must not be empty
  [[nodiscard]] Sequence last() const;   ///< the set must not be empty
  [[nodiscard]] const std::vector<Range>& ranges() const noexcept { return ranges_; }

  friend bool operator==(const IntervalSet&, const IntervalSet&) = default;

 private:
  using Iterator = std::vector<Range>::const_iterator;

  [[nodiscard]] Iterator first_ending_at_or_after(Sequence sequence) const noexcept;
  std::uint64_t insert_inside(Range range);

  std::vector<Range> ranges_;
  std::uint64_t count_ = 0;
};

}  // namespace restante::core
