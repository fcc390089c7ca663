#include "core/interval_set.h"

#include <algorithm>

#include "core/assert.h"

namespace restante::core {
namespace {

std::uint64_t length(Range range) noexcept { return range.last - range.first + 1; }

/// Does `later` begin right behind `last` or before? Written so that it holds at both ends of the number range.
bool reaches(Sequence last, Sequence later) noexcept { return later <= last || later - last == 1; }

}  // namespace

IntervalSet::IntervalSet(const std::vector<Range>& ranges) {
  for (const Range& range : ranges) insert(range);
}

IntervalSet::Iterator IntervalSet::first_ending_at_or_after(Sequence sequence) const noexcept {
  // The end of the vector is looked at first, because that is where nearly all questions are about.
  if (ranges_.empty() || ranges_.back().last < sequence) return ranges_.end();
  return std::lower_bound(ranges_.begin(), ranges_.end(), sequence,
                          [](const Range& range, Sequence wanted) { return range.last < wanted; });
}

std::uint64_t IntervalSet::insert(Range range) {
  RESTANTE_ASSERT(range.first <= range.last);
  if (ranges_.empty() || !reaches(ranges_.back().last, range.first)) {
    ranges_.push_back(range);
    count_ += length(range);
    return length(range);
  }
  Range& back = ranges_.back();
  if (range.first >= back.first) {
    if (range.last <= back.last) return 0;
    const std::uint64_t added = range.last - back.last;
    back.last = range.last;
    count_ += added;
    return added;
  }
  return insert_inside(range);
}

std::uint64_t IntervalSet::insert_inside(Range range) {
  // [begin, end) are the ranges that overlap or touch the new one; they become one range.
  const auto begin = first_ending_at_or_after(range.first == 0 ? 0 : range.first - 1);
  auto end = begin;
  std::uint64_t absorbed = 0;
  Range merged = range;
  while (end != ranges_.end() && reaches(range.last, end->first)) {
    merged.first = std::min(merged.first, end->first);
    merged.last = std::max(merged.last, end->last);
    absorbed += length(*end);
    ++end;
  }
  const std::uint64_t added = length(merged) - absorbed;
  count_ += added;
  if (begin == end) {
    ranges_.insert(begin, merged);
    return added;
  }
  const auto index = static_cast<std::size_t>(begin - ranges_.begin());
  ranges_.erase(begin + 1, end);
  ranges_[index] = merged;
  return added;
}

std::uint64_t IntervalSet::erase(Range range) {
  RESTANTE_ASSERT(range.first <= range.last);
  const auto begin = first_ending_at_or_after(range.first);
  auto end = begin;
  std::uint64_t removed = 0;
  Range rest[2];  // what stays of the outermost ranges
  std::size_t rests = 0;
  for (; end != ranges_.end() && end->first <= range.last; ++end) {
    removed += std::min(end->last, range.last) - std::max(end->first, range.first) + 1;
    if (end->first < range.first) rest[rests++] = Range{end->first, range.first - 1};
    if (end->last > range.last) rest[rests++] = Range{range.last + 1, end->last};
  }
  count_ -= removed;
  const auto found = static_cast<std::size_t>(end - begin);
  const auto index = static_cast<std::size_t>(begin - ranges_.begin());
  if (rests > found) {  // a hole inside one range
    ranges_.insert(begin, rest[0]);
    ranges_[index + 1] = rest[1];
    return removed;
  }
  for (std::size_t i = 0; i < rests; ++i) ranges_[index + i] = rest[i];
  ranges_.erase(begin + static_cast<std::ptrdiff_t>(rests), end);
  return removed;
}

void IntervalSet::clear() noexcept {
  ranges_.clear();
  count_ = 0;
}

bool IntervalSet::contains(Range range) const noexcept {
  const auto found = first_ending_at_or_after(range.first);
  return found != ranges_.end() && found->first <= range.first && range.last <= found->last;
}

bool IntervalSet::intersects(Range range) const noexcept {
  const auto found = first_ending_at_or_after(range.first);
  return found != ranges_.end() && found->first <= range.last;
}

std::optional<Range> IntervalSet::range_of(Sequence sequence) const noexcept {
  const auto found = first_ending_at_or_after(sequence);
  if (found == ranges_.end() || found->first > sequence) return std::nullopt;
  return *found;
}

std::vector<Range> IntervalSet::subtract_from(Range range) const {
  RESTANTE_ASSERT(range.first <= range.last);
  std::vector<Range> parts;
  Sequence next = range.first;
  for (auto it = first_ending_at_or_after(range.first); it != ranges_.end() && it->first <= range.last; ++it) {
    if (it->first > next) parts.push_back(Range{next, it->first - 1});
    if (it->last >= range.last) return parts;
    next = it->last + 1;
  }
  parts.push_back(Range{next, range.last});
  return parts;
}

std::vector<Range> IntervalSet::intersection(Range range) const {
  RESTANTE_ASSERT(range.first <= range.last);
  std::vector<Range> parts;
  for (auto it = first_ending_at_or_after(range.first); it != ranges_.end() && it->first <= range.last; ++it) {
    parts.push_back(Range{std::max(it->first, range.first), std::min(it->last, range.last)});
  }
  return parts;
}

Sequence IntervalSet::first() const {
  RESTANTE_ASSERT(!ranges_.empty());
  return ranges_.front().first;
}

Sequence IntervalSet::last() const {
  RESTANTE_ASSERT(!ranges_.empty());
  return ranges_.back().last;
}

}  // namespace restante::core
