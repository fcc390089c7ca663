#include "core/cursor.h"

#include <algorithm>
#include <iterator>

#include "core/assert.h"

namespace restante::core {

Cursor::Cursor(Sequence floor, const std::vector<Range>& settled) : floor_(floor), tracked_to_(floor), early_(settled) {
  early_.erase_up_to(floor);
}

bool Cursor::has_room(std::uint64_t octets_max) const noexcept {
  return octets_ == 0 || (octets_ < octets_max && entries_.size() < limits::tracked_batches_max);
}

Cursor::Entry* Cursor::find(Sequence sequence) {
  auto at = entries_.upper_bound(sequence);
  if (at == entries_.begin()) return nullptr;
  --at;
  return at->second.range.last >= sequence ? &at->second : nullptr;
}

bool Cursor::clashes(Range range) const {
  auto at = entries_.upper_bound(range.last);
  if (at == entries_.begin()) return false;
  --at;
  return at->second.range.last >= range.first && at->second.range != range;
}

bool Cursor::settled(Sequence sequence) const {
  if (sequence <= floor_) return true;
  if (sequence > tracked_to_) return early_.contains(sequence);
  auto at = entries_.upper_bound(sequence);
  if (at == entries_.begin()) return true;
  --at;
  const Entry& entry = at->second;
  if (entry.range.last < sequence) return true;
  return entry.unsettled == 0 || entry.settled.contains(sequence);
}

std::vector<Range> Cursor::window(std::size_t max) const {
  IntervalSet all;
  for (const auto& [first, entry] : entries_) {
    if (all.size() >= max) break;
    if (entry.unsettled == 0) {
      all.insert(entry.range);
    } else {
      for (const Range& range : entry.settled.ranges()) all.insert(range);
    }
  }
  for (const Range& range : early_.ranges()) {
    if (all.size() >= max) break;
    all.insert(range);
  }
  all.erase_up_to(floor_);
  std::vector<Range> ranges = all.ranges();
  if (ranges.size() > max) ranges.resize(max);
  return ranges;
}

Cursor::Entry& Cursor::track(const BatchRef& batch, Change& change) {
  const Range range{batch->first(), batch->last()};
  RESTANTE_ASSERT(range.last > floor_ && find(range.last) == nullptr && batch->messages() > 0);
  Entry& entry = entries_[range.first];
  entry.batch = batch;
  entry.range = range;
  entry.octets = batch->octets();
  entry.unsettled = batch->messages();
  if (range.first <= floor_) {  // a row that the floor of an earlier process stands in
    entry.settled.insert(Range{range.first, floor_});
    entry.octets -= entry.octets * (floor_ - range.first + 1) / entry.unsettled;
    entry.unsettled -= floor_ - range.first + 1;
  }
  octets_ += entry.octets;
  messages_ += entry.unsettled;
  const bool is_new = range.last > tracked_to_;
  if (is_new) tracked_to_ = range.last;
  for (const Range& part : early_.intersection(range)) settle_part(entry, part, change);
  if (is_new) early_.erase_up_to(tracked_to_);
  return entry;
}

bool Cursor::can_untrack_last() const {
  return !entries_.empty() && early_.size() + entries_.rbegin()->second.settled.size() < limits::early_ranges_max;
}

void Cursor::untrack_last() {
  RESTANTE_ASSERT(!entries_.empty());
  const auto last = std::prev(entries_.end());
  const Entry& entry = last->second;
  RESTANTE_ASSERT(entry.holds.empty());
  if (entry.unsettled == 0) {
    early_.insert(entry.range);
    --settled_entries_;
  } else {
    for (const Range& range : entry.settled.ranges()) early_.insert(range);
  }
  early_.erase_up_to(floor_);
  octets_ -= entry.octets;
  messages_ -= entry.unsettled;
  tracked_to_ = std::max(floor_, entry.range.first - 1);
  entries_.erase(last);
}

void Cursor::pass(Sequence sequence) {
  if (sequence <= tracked_to_) return;
  tracked_to_ = sequence;
  early_.erase_up_to(tracked_to_);
  raise_floor();
}

void Cursor::settle_part(Entry& entry, Range part, Change& change) {
  const std::uint64_t fresh = entry.settled.insert(part);
  if (fresh == 0 || entry.unsettled == 0) return;
  RESTANTE_ASSERT(fresh <= entry.unsettled);
  const bool done = fresh == entry.unsettled;
  const std::uint64_t octets = done ? entry.octets : entry.octets * fresh / entry.unsettled;
  change.messages += fresh;
  change.octets += octets;
  change.on_disk = change.on_disk || entry.batch->place != CopiedBatch::Place::fresh;
  entry.unsettled -= fresh;
  entry.octets -= octets;
  octets_ -= octets;
  messages_ -= fresh;
  if (!done) return;
  ++settled_entries_;
  change.completed.push_back(std::move(entry.batch));
  entry.batch = nullptr;
  entry.settled.clear();
  entry.holds.clear();
}

bool Cursor::settle(Range range, Change& change) {
  range.first = std::max(range.first, floor_ + 1);
  if (range.first > range.last) return true;
  auto at = entries_.upper_bound(range.first);
  if (at != entries_.begin()) --at;
  for (; at != entries_.end() && at->first <= range.last; ++at) {
    Entry& entry = at->second;
    const Range part{std::max(range.first, entry.range.first), std::min(range.last, entry.range.last)};
    if (part.first <= part.last && entry.unsettled > 0) settle_part(entry, part, change);
  }
  if (range.last <= tracked_to_) return true;
  change.early += early_.insert(Range{std::max(range.first, tracked_to_ + 1), range.last});
  if (early_.size() <= limits::early_ranges_max) return true;
  early_.erase(early_.ranges().back());  // a duplicate later, never a loss (B2)
  return false;
}

void Cursor::raise_floor() {
  while (!entries_.empty() && entries_.begin()->second.unsettled == 0) {
    entries_.erase(entries_.begin());
    --settled_entries_;
  }
  if (entries_.empty()) {
    floor_ = tracked_to_;
    return;
  }
  const Entry& entry = entries_.begin()->second;
  const auto head = entry.settled.range_of(entry.range.first);
  floor_ = std::max(floor_, head ? head->last : entry.range.first - 1);
}

std::vector<Range> unheld(const Cursor::Entry& entry) {
  IntervalSet taken = entry.settled;
  for (const Hold& hold : entry.holds) taken.insert(hold.range);
  return entry.unsettled == 0 ? std::vector<Range>{} : taken.subtract_from(entry.range);
}

}  // namespace restante::core
