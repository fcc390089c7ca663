#include "core/id_set.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/assert.h"

namespace restante::core {
namespace {

std::uint64_t length(Range range) noexcept { return range.last - range.first + 1; }

/// The first range that ends at or after `sequence`.
template <typename Ranges>
auto ending_at_or_after(Ranges& ranges, Sequence sequence) {
  auto at = ranges.upper_bound(sequence);
  if (at == ranges.begin()) return at;
  const auto before = std::prev(at);
  return before->second >= sequence ? before : at;
}

}  // namespace

void IdSet::insert(GrantId grant, Range range) {
  RESTANTE_ASSERT(range.first <= range.last);
  insert(grants_[grant], range);
}

void IdSet::insert(Ranges& ranges, Range range) {
  auto at = ending_at_or_after(ranges, range.first == 0 ? 0 : range.first - 1);  // one that touches from below counts
  Range merged = range;
  auto place = ranges.end();
  while (at != ranges.end() && (at->first <= range.last || at->first - range.last == 1)) {
    const Range absorbed{at->first, at->second};
    merged = {std::min(merged.first, absorbed.first), std::max(merged.last, absorbed.last)};
    count_ -= length(absorbed);
    if (place == ranges.end() && absorbed.first == merged.first) {
      place = at++;  // it begins as the union does, so it becomes the union: the common case costs no allocation
      continue;
    }
    at = ranges.erase(at);
    --size_;
  }
  count_ += length(merged);
  if (place != ranges.end()) {
    place->second = merged.last;
    return;
  }
  ranges.emplace_hint(at, merged.first, merged.last);
  ++size_;
}

void IdSet::erase(GrantId grant, Range range) {
  RESTANTE_ASSERT(range.first <= range.last);
  const auto found = grants_.find(grant);
  if (found == grants_.end()) return;
  erase(found->second, range);
  if (found->second.empty()) grants_.erase(found);
}

void IdSet::erase(Ranges& ranges, Range range) {
  auto at = ending_at_or_after(ranges, range.first);
  while (at != ranges.end() && at->first <= range.last) {
    const Range old{at->first, at->second};
    const bool keeps_front = old.first < range.first;
    const bool keeps_back = old.last > range.last;
    count_ -= std::min(old.last, range.last) - std::max(old.first, range.first) + 1;
    if (keeps_front) {
      at->second = range.first - 1;
      if (keeps_back) {
        ranges.emplace_hint(std::next(at), range.last + 1, old.last);
        ++size_;
      }
      ++at;
      continue;
    }
    auto next = std::next(at);
    auto node = ranges.extract(at);
    if (keeps_back) {  // the node is used again: settling in order allocates nothing
      node.key() = range.last + 1;
      ranges.insert(next, std::move(node));
      return;
    }
    --size_;
    at = next;
  }
}

void IdSet::erase_everywhere(Range range) {
  for (auto at = grants_.begin(); at != grants_.end();) {
    erase(at->second, range);
    at = at->second.empty() ? grants_.erase(at) : std::next(at);
  }
}

void IdSet::erase_up_to(Sequence last) { erase_everywhere({0, last}); }

void IdSet::erase_from(Sequence first) { erase_everywhere({first, ~Sequence{0}}); }

void IdSet::clear() noexcept {
  grants_.clear();
  size_ = 0;
  count_ = 0;
}

bool IdSet::contains(GrantId grant, Sequence sequence) const {
  const auto found = grants_.find(grant);
  if (found == grants_.end()) return false;
  const auto at = ending_at_or_after(found->second, sequence);
  return at != found->second.end() && at->first <= sequence;
}

std::vector<Range> IdSet::inside(GrantId grant, Range range) const {
  std::vector<Range> parts;
  const auto found = grants_.find(grant);
  if (found == grants_.end()) return parts;
  const Ranges& ranges = found->second;
  for (auto at = ending_at_or_after(ranges, range.first); at != ranges.end() && at->first <= range.last; ++at) {
    parts.push_back({std::max(at->first, range.first), std::min(at->second, range.last)});
  }
  return parts;
}

std::vector<Range> IdSet::outside(GrantId grant, Range range) const {
  std::vector<Range> parts;
  Sequence next = range.first;
  for (const Range& known : inside(grant, range)) {
    if (known.first > next) parts.push_back({next, known.first - 1});
    if (known.last == range.last) return parts;
    next = known.last + 1;
  }
  parts.push_back({next, range.last});
  return parts;
}

std::vector<GrantRange> IdSet::ranges(std::size_t ranges_max, Sequence floor) const {
  std::vector<GrantRange> all;
  for (const auto& [grant, ranges] : grants_) {
    for (auto at = ending_at_or_after(ranges, floor + 1); at != ranges.end(); ++at) {
      if (all.size() == ranges_max) return all;
      all.push_back({grant, {std::max(at->first, floor + 1), at->second}});
    }
  }
  return all;
}

}  // namespace restante::core
