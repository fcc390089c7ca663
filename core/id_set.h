#pragma once
/// \file
/// Ids by grant and sequence, kept as closed ranges: what a consumer holds, has settled or has given back.

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include <restante/types.h>

#include "core/messages.h"

namespace restante::core {

/// A set of (grant, sequence). A tree where IntervalSet is a vector: a worker's ids are scattered in ranges of one, and
/// leave at the front, which would move all that is behind. Any change costs O(log ranges). Every Range given must have
/// first <= last. Not thread-safe.
class IdSet {
 public:
  void insert(GrantId grant, Range range);
  void erase(GrantId grant, Range range);
  /// Takes out everything up to and with `last`, of any grant.
  void erase_up_to(Sequence last);
  /// Takes out everything from `first` on, of any grant.
  void erase_from(Sequence first);
  void clear() noexcept;

  [[nodiscard]] bool contains(GrantId grant, Sequence sequence) const;
  /// The parts of `range` that are in the set, in order.
  [[nodiscard]] std::vector<Range> inside(GrantId grant, Range range) const;
  /// The parts of `range` that are not in the set, in order.
  [[nodiscard]] std::vector<Range> outside(GrantId grant, Range range) const;

  /// Everything above `floor`, by grant id, at most `ranges_max` ranges.
  [[nodiscard]] std::vector<GrantRange> ranges(std::size_t ranges_max = SIZE_MAX, Sequence floor = 0) const;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }      ///< ranges
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }  ///< ids
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

 private:
  using Ranges = std::map<Sequence, Sequence>;  // first to last; they neither touch nor overlap

  void insert(Ranges& ranges, Range range);
  void erase(Ranges& ranges, Range range);
  void erase_everywhere(Range range);

  std::map<GrantId, Ranges> grants_;  // without empty ones
  std::size_t size_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace restante::core
