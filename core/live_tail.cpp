#include "core/live_tail.h"

#include <algorithm>

#include <restante/limits.h>

namespace restante::core {
namespace {

constexpr std::size_t words_max = 16;  // that wait; a sidecar says one a second, and one when its writer goes

}  // namespace

void LiveTail::begin(Sequence since) {
  *this = LiveTail{};
  has_begun_ = true;
  since_ = since;
  complete_ = {since, since};
}

void LiveTail::note(Range range, Instant now) {
  heard_at_ = std::max(heard_at_, now);
  if (!has_begun_ || range.last <= since_) return;
  noted_.insert(range);
  if (noted_.size() <= limits::noted_ranges_max) return;
  since_ = std::max(since_, noted_.ranges()[noted_.size() / 2].last);  // tells less from then on
  noted_.erase_up_to(since_);
}

void LiveTail::on_published(const Published& published, const KnownGrants& grants, Instant now) {
  if (!has_begun_ || published.to <= since_ || words_.size() == words_max) return;
  Word word{published.after, published.to, {}, now};
  for (const GrantRange& wanted : published.ranges) {
    if (grants.announced(wanted.grant, wanted.range)) word.wanted.insert(wanted.range);
  }
  if (words_.empty() && !missed_of(word)) return finish(word);
  words_.push_back(std::move(word));
}

bool LiveTail::is_done(Range range) const {
  if (!has_begun_) return false;
  return (range.first > complete_.first && range.last <= complete_.last) || noted_.contains(range);
}

std::optional<Range> LiveTail::untold(Range missed) const {
  if (missed.first <= complete_.first) return missed;  // what was told does not reach back so far: again, all of it
  missed.first = std::max(missed.first, complete_.last + 1);
  if (missed.first > missed.last) return std::nullopt;
  return missed;
}

std::optional<Range> LiveTail::missed_of(const Word& word) const {
  std::optional<Range> missed;
  const Sequence known = std::max(since_, complete_.last);  // a sidecar that was started again may say it once more
  for (const Range& wanted : word.wanted.ranges()) {
    if (wanted.last <= known) continue;
    for (const Range& part : noted_.subtract_from({std::max(wanted.first, known + 1), wanted.last})) {
      if (!missed) missed = part;
      missed->last = part.last;
    }
  }
  return missed;
}

/// Words come in order: where one begins at the end of the one before, both together are complete.
void LiveTail::finish(const Word& word) {
  const Sequence after = std::max(word.after, since_);
  if (after > complete_.last) complete_ = {after, after};
  complete_.last = std::max(complete_.last, word.to);
  noted_.erase_up_to(complete_.last);
}

std::optional<Range> LiveTail::due(Sequence next, Instant now) {
  if (next != 0) heard_at_ = std::max(heard_at_, now);
  while (!words_.empty()) {
    const Word& word = words_.front();
    if (next <= word.to && now < deadline()) return std::nullopt;
    const auto missed = missed_of(word);
    finish(word);
    words_.pop_front();
    if (missed) return missed;
  }
  return std::nullopt;
}

Instant LiveTail::deadline() const {
  return words_.empty() ? never : after(std::max(heard_at_, words_.front().came), limits::tail_wait);
}

}  // namespace restante::core
