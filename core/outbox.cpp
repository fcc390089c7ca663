#include "core/outbox.h"

#include <algorithm>

#include "core/assert.h"

namespace restante::core {

Outbox::Outbox(const StreamRecord& record, const OutboxSettings& settings)
    : record_(record), settings_(settings), dead_(record.id, record.name) {}

// ---- what the store knew at start

void Outbox::restore_subscription(const SubscriptionRecord& record, const CursorRecord& cursor,
                                  const StoreImage::Parked& parked) {
  const Sequence floor = std::max(cursor.floor, record.start);
  Subscription subscription{
      record, ReaderGroup(Cursor(floor, cursor.settled), settings_.retry.with(record.retry), record.mode)};
  if (record.made == 0) subscription.record.made = record.id;
  subscription.on_disk = true;
  subscription.durable_floor = floor;
  if (parked.count > 0) {
    subscription.parked_due_ms = parked.next_due_ms;
    subscription.parked_elsewhere = parked.count;
    subscription.parked_known = false;
  }
  subscription.group.set_drain(record_.drain);
  subscriptions_.emplace(record.id, std::move(subscription));
}

void Outbox::restore_gap(const GapRecord& gap) {
  subscriptions_.at(gap.subscription).group.gaps().add({gap.number, gap.range, gap.reason});
}

void Outbox::restore_rows(const StoreImage::Rows& rows) {
  rows_ = rows.rows;
  row_octets_ = rows.octets;
  history_ = {history_.pruned_to, rows.rows, rows.messages, rows.octets};
}

/// B8: until a writer attaches, the copied head is the last row or the end of the closed blocks.
void Outbox::restored(Instant now) {
  head_ = record_.last_row;
  for (const GrantRecord& grant : grants_) {
    if (grant.handle != record_.writer) head_ = std::max(head_, grant.grant.range.last);
    writer_.granted_to = std::max(writer_.granted_to, grant.grant.range.last);
  }
  restart_head_ = head_;
  for (auto& [id, subscription] : subscriptions_) subscription.beyond = BacklogCount(restart_head_);
  confirmed_to_ = head_;
  for (auto& [id, subscription] : subscriptions_) estimate_backlog(subscription);
  // It keeps its seat for as long as it may take to come back; if its process is dead, its successor need not wait.
  const ProcessRecord& process = record_.writer_process;
  writer_.holder = {record_.writer, 0, process.name, process.pid, process.start_time, process.host, process.pid == 0};
  writer_.since = now;
  record_dirty_ = false;
  is_on_disk_ = true;
}

// ---- copies

BatchRef Outbox::in_memory(Sequence first) const {
  const auto at = std::lower_bound(line_.begin(), line_.end(), first,
                                   [](const BatchRef& batch, Sequence wanted) { return batch->first() < wanted; });
  return at != line_.end() && (*at)->first() == first ? *at : nullptr;
}

void Outbox::on_copy(LinkId link, Batch batch, Turn& turn) {
  const BatchHeader& header = batch.header();
  if (!writer_.attached || writer_.holder.link != link) {
    ++ignored_copies_;
    return;
  }
  const Token owner = header.owner;
  auto copy = std::make_shared<CopiedBatch>(std::move(batch));
  set_age(*copy, turn.now);
  for (auto& [id, subscription] : subscriptions_) subscription.group.count_live(owner, *copy);
  const Range range{copy->first(), copy->last()};
  if (range.last <= writer_.chain) {  // taken before; the confirm was lost or is on its way
    writer_.tell = true;
    return;
  }
  if (copy->batch.header().before != writer_.chain || !is_granted({copy->batch.header().grant, range})) {
    ++ignored_copies_;
    ask_for_missing(link, copy->batch.header().before != writer_.chain, range.first, turn);
    return;
  }
  if (range.first <= restart_head_ && clashes(range)) {  // an id is bound to its octets (C2): not what was stored
    ++ignored_copies_;
    return;
  }
  writer_.asked = 0;
  const Sequence old_head = head_;
  writer_.chain = range.last;
  head_ = std::max(head_, range.last);
  const bool again = range.last <= restart_head_;
  BatchRef accepted = copy;
  for (auto& [id, subscription] : subscriptions_) {  // a row of it may be in memory already
    const Cursor::Entry* entry = again ? subscription.group.cursor().find(range.first) : nullptr;
    if (entry != nullptr && entry->batch != nullptr) accepted = entry->batch;
  }
  copied_ += again ? 0 : accepted->messages();
  if (keeps_log_ && accepted->messages() > 0) {
    log_.note(accepted->batch.header().topic, {accepted->batch.header().grant, range});
    published_at_ = turn.now;
  }
  if (accepted->messages() > 0) {
    for (auto& [id, subscription] : subscriptions_) {
      own(accepted, subscription.group.cursor().tracked_to() >= old_head, again, subscription, turn);
    }
  } else {
    for (auto& [id, subscription] : subscriptions_) {
      if (subscription.group.cursor().tracked_to() >= old_head) subscription.group.cursor().pass(head_);
    }
  }
  accepted->due = elides() ? never : turn.now;  // finish() knows who is live
  line_.push_back(std::move(accepted));
}

/// One request outstanding. Copies of a link come in order: one that is no later than the last that was refused begins
/// what was sent again, and if what is missing does not come before it, it was lost once more (decision 0007).
void Outbox::ask_for_missing(LinkId link, bool is_out_of_chain, Sequence first, Turn& turn) {
  const bool lost_again = is_out_of_chain && first <= writer_.refused;
  writer_.refused = first;
  if (writer_.asked > 0 && (!lost_again || writer_.asked >= limits::resends_max)) return;
  ++writer_.asked;
  turn.out.push_back(Outgoing{link, Resend{writer_.holder.handle, writer_.chain}, {}});
}

bool Outbox::clashes(Range range) const {
  return std::any_of(subscriptions_.begin(), subscriptions_.end(),
                     [&](const auto& known) { return known.second.group.cursor().clashes(range); });
}

/// Enters a copy into the books of one subscription: B1 counts who owes it, whether it fits the window or not.
void Outbox::own(const BatchRef& batch, bool hot, bool again, Subscription& subscription, const Turn& turn) {
  Cursor& cursor = subscription.group.cursor();
  if (!owns(subscription, *batch) || batch->last() <= cursor.floor()) {
    if (hot) cursor.pass(head_);
    return;
  }
  if (Cursor::Entry* entry = cursor.find(batch->first())) {  // its row was loaded before the writer came back
    batch->owed_by += entry->unsettled > 0 && entry->batch != batch ? 1U : 0U;
    return;
  }
  ++batch->owed_by;
  if (!again) {
    subscription.backlog_messages += batch->messages();
    subscription.backlog_octets += batch->octets();
  }
  const bool inside = batch->last() <= cursor.tracked_to();
  if (!inside && !(hot && cursor.has_room(share_))) {  // cold: a page will bring it
    if (!again && !subscription.changing) subscription.beyond.add(batch->messages(), batch->octets());
    return;
  }
  Cursor::Change change;
  subscription.group.track(batch, change, turn);
  apply(change, subscription, turn.now);
}

void Outbox::apply(const Cursor::Change& change, Subscription& subscription, Instant now) {
  subscription.backlog_messages -= std::min(subscription.backlog_messages, change.messages);
  subscription.backlog_octets -= std::min(subscription.backlog_octets, change.octets);
  subscription.cursor_dirty = subscription.cursor_dirty || change.messages > 0;
  bool on_disk = change.on_disk;
  for (const BatchRef& batch : change.completed) {
    if (batch->owed_by > 0) --batch->owed_by;
    const bool was_there = batch->last() <= restart_head_;  // sent again after a restart: it has its row
    if (batch->place == CopiedBatch::Place::fresh && !was_there) continue;
    // Whoever owes it besides may have it as another object, from a page of its own: the floors know when it may go.
    prune_needed_ = on_disk = true;
    if (batch->owed_by > 0 || batch->place == CopiedBatch::Place::writing) continue;  // not counted yet
    rows_ -= std::min<std::uint64_t>(rows_, 1);
    row_octets_ -= std::min(row_octets_, batch->octets());
  }
  if (on_disk) cursor_due_ = std::min(cursor_due_, after(now, limits::cursor_delay));
}

// ---- confirming

bool Outbox::is_safe(const CopiedBatch& batch) const {
#ifdef RESTANTE_PLANT_CONFIRM_BEFORE_COMMIT
  if (batch.last() > 0) return true;  // the planted bug of the negative control: confirmed before its commit
#endif
  if (batch.place == CopiedBatch::Place::stored) return true;
  return batch.owed_by == 0 && !batch.wanted_on_disk && (elides() || batch.needs_no_row || batch.messages() == 0);
}

Sequence Outbox::settled_to() const {
  Sequence lowest = head_;
  for (const auto& [id, subscription] : subscriptions_) lowest = std::min(lowest, subscription.group.cursor().floor());
  return lowest;
}

Sequence Outbox::durable_floor() const {
  Sequence lowest = head_;
  for (const auto& [id, subscription] : subscriptions_) lowest = std::min(lowest, subscription.durable_floor);
  return lowest;
}

void Outbox::confirm(Turn& turn) {
  while (!line_.empty() && is_safe(*line_.front())) {
    const CopiedBatch& batch = *line_.front();
    confirmed_to_ = std::max(confirmed_to_, batch.last());
    const std::uint64_t marker = batch.batch.header().marker;
    if (marker != 0 && marker != record_.last_marker) {  // the newest, not the highest: an application may begin anew
      record_.last_marker = marker;
      record_dirty_ = true;
      cursor_due_ = std::min(cursor_due_, after(turn.now, limits::checkpoint_interval));
    }
    if (batch.place == CopiedBatch::Place::fresh) elided_ += batch.messages();
    line_.pop_front();
    if (collected_ > 0) --collected_;
  }
  if (line_.empty()) confirmed_to_ = std::max(confirmed_to_, writer_.chain);
  if (!writer_.attached) return;
  const Sequence settled = settled_to();
  const bool changed = writer_.told_to != confirmed_to_ || writer_.told_settled != settled ||
                       writer_.told_window != open_window() || writer_.told_limit != held_by() || !fates_.empty();
  if (!changed && !writer_.tell) return;
  if (confirmed_to_ + 1 < writer_.first) return;  // the line of an earlier writer comes first
  writer_.tell = false;
  writer_.told_to = confirmed_to_;
  writer_.told_settled = settled;
  writer_.told_window = open_window();
  writer_.told_limit = held_by();
  turn.out.push_back(Outgoing{writer_.holder.link,
                              Confirmed{writer_.holder.handle, confirmed_to_, settled, writer_.told_window,
                                        writer_.told_limit, std::exchange(fates_, {})},
                              {}});
}

/// Hands out work, says when fresh batches are due, confirms what is safe.
void Outbox::finish(Turn& turn) {
  if (std::exchange(published_is_due_, false)) tell_published(turn);
  refuse_undone(turn);
  bool all_live = true;
  for (auto& [id, subscription] : subscriptions_) {
    ReaderGroup& group = subscription.group;
    const bool hot = group.cursor().tracked_to() >= head_;
    if (hot) subscription.beyond.clear();
    group.await_parked(subscription.parked_due_ms && (group.strict() || *subscription.parked_due_ms <= turn.clock_ms));
    if (group.live() && !hot) group.catch_up(0);
    group.dispatch(turn);
    if (group.goes_live(head_, hot, is_open(group.want()))) tell_checkpoint(subscription, head_, turn);
    if (writer_.attached) {
      const bool allowed = hot && group.cursor().has_room(share_);
      const std::vector<std::string>& filters = subscription.record.filters;
      if (group.lend(turn, writer_.holder.link, writer_.holder.handle, filters, allowed)) group.dispatch(turn);
    }
    all_live = all_live && hot && !group.anything_owed();
    if (group.has_unparked()) cursor_due_ = std::min(cursor_due_, after(turn.now, limits::cursor_delay));
  }
  finish_replays(turn);
  // With nobody to take it the delay is 0; else an ack may spare the disk (DESIGN section 3).
  const Duration delay = all_live ? settings_.store_delay : Duration{};
  for (auto at = line_.rbegin(); at != line_.rend() && (*at)->due == never; ++at) (*at)->due = after(turn.now, delay);
  note_limits();
  confirm(turn);
}

void Outbox::on_time(Turn& turn) {
  for (auto& [id, subscription] : subscriptions_) subscription.group.on_time(turn);
  for (auto& [token, replay] : replays_) replay.group.on_time(turn);
}

void Outbox::checkpoint(Turn& turn) {
  prune_by_age(turn);
  if (turn.now - published_at_ >= limits::checkpoint_interval) tell_published(turn);
  for (auto& [id, subscription] : subscriptions_) {
    const Sequence floor = subscription.durable_floor;
    if (subscription.group.cursor().floor() > floor || subscription.group.has_unwritten_words()) {
      cursor_due_ = std::min(cursor_due_, after(turn.now, limits::checkpoint_interval));
    }
    const Sequence to = subscription.group.covered_to(head_);
    const bool covers_more = subscription.group.live() && to > subscription.told_to;
    if (floor == subscription.told_floor && !covers_more && !subscription.group.has_heard_more()) continue;
    tell_checkpoint(subscription, to, turn);
  }
  for (auto& [token, replay] : replays_) {
    if (replay.group.cursor().floor() > replay.told_floor) tell_checkpoint(token, replay, turn);
  }
}

void Outbox::note_heard(const InCommit& done) {
  for (const auto& [token, count] : done.heard) {
    if (Subscription* subscription = find(token)) subscription->group.on_heard(token, count);
  }
}

void Outbox::tell_checkpoint(Subscription& subscription, Sequence to, Turn& turn) {
  subscription.told_floor = subscription.durable_floor;
  subscription.told_to = to;
  for (const auto& [token, session] : subscription.group.sessions()) {
    if (!session.admitted) continue;
    const std::uint64_t heard = subscription.group.tell_heard(token);
    turn.out.push_back(Outgoing{session.link, Checkpoint{token, to, subscription.durable_floor, heard}, {}});
  }
}

Instant Outbox::next_deadline(Instant now, bool store_is_busy) const {
  Instant next = never;
  if (!store_is_busy) {  // else its answer wakes the loop
    next = cursor_due_;
    for (std::size_t at = collected_; at < line_.size(); ++at) {
      if (line_[at]->owed_by == 0) continue;
      next = std::min(next, line_[at]->due);
      break;
    }
    next = std::max(next, retry_at_);
  }
  for (const auto& [id, subscription] : subscriptions_) {
    next = std::min(next, subscription.group.next_deadline(now));
  }
  for (const auto& [token, replay] : replays_) next = std::min(next, replay.group.next_deadline(now));
  return next;
}

void Outbox::set_window(std::uint64_t octets, const std::string& limit) {
  window_ = octets;
  limit_ = limit;
}

}  // namespace restante::core
