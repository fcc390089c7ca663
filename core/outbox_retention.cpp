/// \file
/// What a stream keeps of what nobody is owed any more: how much, and when it makes way.

#include <algorithm>

#include "core/assert.h"
#include "core/outbox.h"

namespace restante::core {

namespace {

// A stream without traffic is looked at so often that its age bound is passed by a few percent, and no more often than
// a disk should be written for that.
constexpr std::int64_t age_parts = 64;
constexpr std::int64_t age_look_ms_min = 1'000;
constexpr std::int64_t age_look_ms_max = 3'600'000;

/// With so many blocks open what is kept makes way: the list of blocks has an end, and writers need it.
constexpr std::size_t blocks_kept_max = limits::grants_max / 2;

}  // namespace

/// Under pressure the older half of what is there may go with each commit: there is room again after a few, and no more
/// is lost than that takes.
Prune Outbox::next_prune(Sequence to, const Turn& turn) const {
  Prune prune{record_.id, to, record_.retention, turn.clock_ms};
  if (!prune.keep.any()) return prune;
  if (grants_.size() > blocks_kept_max) {
    prune.to = std::min(to, grants_[grants_.size() / 4].grant.range.last);
    prune.keep = {};
  } else if (pressed_) {
    const std::uint64_t half = std::max<std::uint64_t>(1, history_.octets / 2);
    prune.keep.octets = prune.keep.octets == 0 ? half : std::min(prune.keep.octets, half);
  }
  return prune;
}

void Outbox::note_pruned(const CommitToken& token) {
  for (const Pruned& told : token.pruned()) {
    if (told.stream != record_.id) continue;
    history_.set(told);
    prune_forced_ = told.more;
    prune_needed_ = prune_needed_ || told.more;
  }
}

/// Blocks up to here may be forgotten. What is kept can be asked for and acked; and what a replay has in hand will be,
/// though its rows may go meanwhile: to a consumer that is told no block of it, this would be another store (X6).
Sequence Outbox::closable_to(Sequence to) const {
  if (record_.retention.any()) to = std::min(to, history_.pruned_to);
  if (grants_.size() > blocks_kept_max) return to;
  for (const auto& [token, replay] : replays_) to = std::min(to, replay.group.cursor().floor());
  return to;
}

/// Something is settled that was not. Is there more than is to be kept?
bool Outbox::wants_prune() const {
  const Retention& keep = record_.retention;
  if (!prune_needed_ || !keep.any() || prune_forced_ || pressed_) return prune_needed_;
  return (keep.messages != 0 && history_.messages > keep.messages) ||
         (keep.octets != 0 && history_.octets > keep.octets) || grants_.size() > blocks_kept_max;
}

/// Time passes without a commit too.
void Outbox::prune_by_age(const Turn& turn) {
  const std::int64_t age = record_.retention.age_ms;
  const bool has_more = history_.rows > 0 && history_.pruned_to < prunable_to();
  if (!has_more || (age == 0 && !pressed_) || turn.clock_ms < next_age_prune_ms_) return;
  const std::int64_t look = pressed_ ? age_look_ms_min : std::clamp(age / age_parts, age_look_ms_min, age_look_ms_max);
  next_age_prune_ms_ = turn.clock_ms + look;
  prune_needed_ = prune_forced_ = true;
  cursor_due_ = std::min(cursor_due_, turn.now);
}

/// On a full disk: only what frees space, for anything more would be refused whole.
void Outbox::collect_freeing(Transaction& transaction, Turn& turn) {
  RESTANTE_ASSERT(!in_commit_.active);
  in_commit_.active = true;
  in_commit_.last_row = record_.last_row;
  if (dead_.only_frees()) dead_.collect(transaction, dead_books(), turn);
  collect_unparked(transaction);
  collect_told(transaction);
  collect_cuts(transaction, turn);
  collect_cursors(transaction);
  collect_removals(transaction);
  if (is_on_disk_) collect_prune(transaction, turn);
}

/// What of the rows may be owed to it, on the high side: they are not counted one by one until they are read.
void Outbox::estimate_backlog(Subscription& subscription) const {
  const Sequence floor = subscription.group.cursor().floor();
  const std::uint64_t messages = std::min(history_.messages, head_ - std::min(head_, floor));
  subscription.backlog_messages = messages;
  const double share =
      history_.messages == 0 ? 0 : static_cast<double>(messages) / static_cast<double>(history_.messages);
  subscription.backlog_octets = static_cast<std::uint64_t>(static_cast<double>(history_.octets) * share);
}

/// All of it is in memory.
void Outbox::count_backlog(Subscription& subscription) {
  const Cursor& cursor = subscription.group.cursor();
  subscription.backlog_messages = 0;
  for (const auto& [first, entry] : cursor.entries()) subscription.backlog_messages += entry.unsettled;
  subscription.backlog_octets = cursor.octets();
}

}  // namespace restante::core
