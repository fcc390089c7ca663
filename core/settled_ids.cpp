#include "core/settled_ids.h"

namespace restante::core {

void SettledIds::ack(GrantId grant, Sequence sequence) {
  ids_.insert(grant, {sequence, sequence});
  if (sequence <= mark_floor_) late_.insert(grant, {sequence, sequence});
}

void SettledIds::reject(GrantId grant, Sequence sequence, const std::string& reason) {
  ack(grant, sequence);
  if (rejected_.emplace(Id{grant, sequence}, reason).second) reason_octets_ += reason.size();
}

void SettledIds::forget_rejection(GrantId grant, Sequence sequence) {
  const auto at = rejected_.find({grant, sequence});
  if (at == rejected_.end()) return;
  reason_octets_ -= at->second.size();
  rejected_.erase(at);
  ids_.erase(grant, {sequence, sequence});
  late_.erase(grant, {sequence, sequence});
}

void SettledIds::erase_from(Sequence first) {
  if (mark_floor_ >= first) mark_floor_ = first == 0 ? 0 : first - 1;
  late_.erase_from(first);
  ids_.erase_from(first);
  std::erase_if(rejected_, [&](const auto& entry) {
    if (entry.first.second < first) return false;
    reason_octets_ -= entry.second.size();
    return true;
  });
}

bool SettledIds::full() const noexcept {
  return ids_.size() + rejected_.size() > limits::settled_ranges_max / 2 || reason_octets_ > reasons_max;
}

void SettledIds::say_again(GrantId grant, Range range, AckBatch& words) const {
  Sequence next = range.first;
  const auto end = rejected_.upper_bound({grant, range.last});
  for (auto at = rejected_.lower_bound({grant, range.first}); at != end; ++at) {
    const Sequence sequence = at->first.second;
    words.reject({grant, sequence, at->second});
    if (next < sequence) words.ack(grant, {next, sequence - 1});
    next = sequence + 1;
  }
  if (next <= range.last) words.ack(grant, {next, range.last});
}

void SettledIds::begin(Sequence floor, AckBatch& words) {
  for (const GrantRange& settled : ids_.ranges()) say_again(settled.grant, settled.range, words);
  set_mark(floor);
}

void SettledIds::set_mark(Sequence floor) {
  mark_ = unset;
  mark_floor_ = floor;
  late_.clear();
}

void SettledIds::said(std::uint64_t count) {
  if (mark_ == unset) mark_ = count;
}

void SettledIds::pass_all(Sequence floor) {
  set_mark(floor);
  pass(floor, mark_ = 0);
}

void SettledIds::pass(Sequence floor, std::uint64_t heard) {
  if (mark_ == unset || heard < mark_) return;
  const bool crowded = ids_.size() > kept_ranges || rejected_.size() > kept_ranges || reason_octets_ > reasons_max / 2;
  if (crowded) forget_marked();
  set_mark(floor);
}

void SettledIds::forget_marked() {
  ids_.erase_up_to(mark_floor_);
  for (const GrantRange& kept : late_.ranges()) ids_.insert(kept.grant, kept.range);
  std::erase_if(rejected_, [&](const auto& entry) {
    if (ids_.contains(entry.first.first, entry.first.second)) return false;
    reason_octets_ -= entry.second.size();
    return true;
  });
}

}  // namespace restante::core
