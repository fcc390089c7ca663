#include "core/owed_gaps.h"

#include <algorithm>

#include <restante/limits.h>

namespace restante::core {
namespace {

/// A gap to be, and those that are there already and become part of it.
struct Joined {
  OwedGaps::Gap gap;
  std::vector<std::uint64_t> parts;
  bool is_new = false;
};

void join(std::vector<Joined>& all, std::size_t at) {
  Joined& left = all[at];
  const Joined& right = all[at + 1];
  left.gap.range.last = std::max(left.gap.range.last, right.gap.range.last);
  left.parts.insert(left.parts.end(), right.parts.begin(), right.parts.end());
  left.is_new = true;
  all.erase(all.begin() + static_cast<std::ptrdiff_t>(at) + 1);
}

bool may_join(const OwedGaps::Gap& left, const OwedGaps::Gap& right) {
  return left.reason == right.reason && left.sent_to == 0 && right.sent_to == 0;
}

Sequence distance(const OwedGaps::Gap& left, const OwedGaps::Gap& right) {
  return right.range.first - std::min(right.range.first, left.range.last);
}

/// The nearest two of one reason, so that there are no more than may be.
bool join_nearest(std::vector<Joined>& all) {
  std::size_t best = all.size();
  for (std::size_t at = 0; at + 1 < all.size(); ++at) {
    if (!may_join(all[at].gap, all[at + 1].gap)) continue;
    const bool is_nearer =
        best == all.size() || distance(all[at].gap, all[at + 1].gap) < distance(all[best].gap, all[best + 1].gap);
    if (is_nearer) best = at;
  }
  if (best == all.size()) return false;
  join(all, best);
  return true;
}

bool is_before(const OwedGaps::Gap& left, const OwedGaps::Gap& right) { return left.range.first < right.range.first; }

}  // namespace

void OwedGaps::add(Gap gap) { all_.insert(std::upper_bound(all_.begin(), all_.end(), gap, is_before), std::move(gap)); }

bool OwedGaps::erase(std::uint64_t number) {
  return std::erase_if(all_, [number](const Gap& gap) { return gap.number == number; }) > 0;
}

void OwedGaps::on_left(Token session) {
  for (Gap& gap : all_) {
    if (gap.sent_to == session) gap.sent_to = 0;
  }
}

OwedGaps::Gap* OwedGaps::next_unsent() {
  const auto at = std::find_if(all_.begin(), all_.end(), [](const Gap& gap) { return gap.sent_to == 0; });
  return at == all_.end() ? nullptr : &*at;
}

Sequence OwedGaps::first_unsent() const {
  const auto at = std::find_if(all_.begin(), all_.end(), [](const Gap& gap) { return gap.sent_to == 0; });
  return at == all_.end() ? 0 : at->range.first;
}

bool OwedGaps::anything_unsent() const { return first_unsent() > 0; }

bool OwedGaps::enough_sent() const {
  const auto is_sent = [](const Gap& gap) { return gap.sent_to != 0; };
  return std::count_if(all_.begin(), all_.end(), is_sent) >= static_cast<std::ptrdiff_t>(limits::gaps_max / 2);
}

OwedGaps::Change OwedGaps::ended_at(Sequence last, Random& random) const {
  Change change;
  for (const Gap& gap : all_) {
    if (gap.range.last <= last) continue;
    change.replaced.push_back(gap.number);
    if (gap.range.first <= last) change.added.push_back({random.next() | 1, {gap.range.first, last}, gap.reason});
  }
  return change;
}

OwedGaps::Change OwedGaps::joined_with(const std::vector<Range>& ranges, const std::string& reason,
                                       const std::function<bool(Range)>& is_clear, Random& random) const {
  std::vector<Joined> all;
  for (const Gap& gap : all_) all.push_back({gap, {gap.number}, false});
  for (const Range& range : ranges) all.push_back({Gap{0, range, reason}, {}, true});
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& left, const auto& right) { return is_before(left.gap, right.gap); });
  for (std::size_t at = 0; at + 1 < all.size();) {
    const Gap& left = all[at].gap;
    const Gap& right = all[at + 1].gap;
    const bool joins = may_join(left, right) && !left.was_sent && !right.was_sent &&
                       is_clear({left.range.last + 1, right.range.first - 1});
    if (joins) join(all, at);
    else ++at;
  }
  while (all.size() > limits::gaps_max && join_nearest(all)) {
  }
  Change change;
  for (Joined& one : all) {
    if (!one.is_new) continue;
    one.gap.number = 0;
    one.gap.was_sent = false;
    while (one.gap.number == 0) one.gap.number = random.next();
    change.replaced.insert(change.replaced.end(), one.parts.begin(), one.parts.end());
    change.added.push_back(std::move(one.gap));
  }
  return change;
}

}  // namespace restante::core
