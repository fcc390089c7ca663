#include "core/settled_ids.h"

namespace restante::core {

void SettledIds::reject(GrantId grant, Sequence sequence, const std::string& reason) {
  ids_.insert(grant, {sequence, sequence});
  if (rejected_.emplace(Id{grant, sequence}, reason).second) reason_octets_ += reason.size();
}

void SettledIds::erase_from(Sequence first) {
  if (passed_ >= first) passed_ = first == 0 ? 0 : first - 1;
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

void SettledIds::say_again_above(Sequence floor, AckBatch& words) const {
  for (const GrantRange& settled : ids_.ranges(SIZE_MAX, floor)) say_again(settled.grant, settled.range, words);
}

void SettledIds::pass(Sequence floor) {
  const bool crowded = ids_.size() > kept_ranges || rejected_.size() > kept_ranges || reason_octets_ > reasons_max / 2;
  if (crowded) {
    ids_.erase_up_to(passed_);
    std::erase_if(rejected_, [&](const auto& entry) {
      if (entry.first.second > passed_) return false;
      reason_octets_ -= entry.second.size();
      return true;
    });
  }
  passed_ = floor;
}

}  // namespace restante::core
