/// \file
/// What a stream has the store write, and what it does with the answers.

#include <algorithm>
#include <iterator>

#include "core/assert.h"
#include "core/outbox.h"

namespace restante::core {

namespace {

StreamSet told_of(const StreamRecord& record, std::uint64_t request) {
  return {request, {}, record.retention, record.expiry, record.limit, record.drain, record.priority};
}

}  // namespace

bool Outbox::wants_commit(Instant now) const {
  if (in_commit_.active || now < retry_at_) return false;
  if (pending_grant_ || !pending_subscriptions_.empty() || !pending_admissions_.empty() || !pending_removals_.empty() ||
      !pending_resets_.empty() || dead_.wants_commit() || cursor_due_ <= now)
    return true;
  for (const auto& [id, subscription] : subscriptions_) {
    if (subscription.group.wants_commit() || wants_cut(subscription) || wants_expiry(subscription)) return true;
  }
  for (std::size_t at = collected_; at < line_.size(); ++at) {
    if (line_[at]->due <= now && !is_safe(*line_[at])) return true;
  }
  return false;
}

/// Rows are written as a prefix of the line: so a sequence at or below the last row is stored, or was settled by all.
void Outbox::collect_rows(Transaction& transaction, std::uint64_t& octets_left, const Turn& turn) {
  std::size_t due_to = collected_;
  std::size_t wanted_to = 0;  // a parked message goes with its row, whatever the transaction weighs
  for (std::size_t at = collected_; at < line_.size(); ++at) {
    if (line_[at]->wanted_on_disk) wanted_to = at + 1;
    if (line_[at]->due <= turn.now || line_[at]->wanted_on_disk) due_to = at + 1;
  }
  for (; collected_ < due_to && (octets_left > 0 || collected_ < wanted_to); ++collected_) {
    const BatchRef& batch = line_[collected_];
    if (batch->place != CopiedBatch::Place::fresh || batch->messages() == 0) continue;
    if (batch->owed_by == 0 && !batch->wanted_on_disk && (elides() || batch->needs_no_row)) {
      batch->needs_no_row = true;  // also if the stream keeps from now on: what is behind it may be written
      continue;
    }
    transaction.rows.push_back(RowRecord{record_.id, batch->batch.header().grant, batch->first(), batch->last(),
                                         record_.last_row, batch->batch.frame(), turn.clock_ms});
    const bool ages = record_.retention.any() || batch->expires != never || batch->deliverable > batch->accepted;
    if (ages) transaction.clock_ms = turn.clock_ms;  // the clock of rows must not go back
    if (batch->last() > record_.last_row) record_.last_row = batch->last();
    record_dirty_ = true;
    batch->place = CopiedBatch::Place::writing;
    in_commit_.rows.push_back(batch);
    octets_left -= std::min(octets_left, batch->octets());
  }
}

void Outbox::collect_asides(Transaction& transaction, const Turn& turn) {
  for (auto& [id, subscription] : subscriptions_) {
    for (const ReaderGroup::Aside& aside : subscription.group.take_burials()) {
      const MessageView message = aside.batch->batch.message(aside.sequence);
      DeadRecord letter{id,
                        record_.id,
                        aside.sequence,
                        aside.grant,
                        aside.attempts,
                        turn.wall_ms,
                        aside.reason,
                        aside.batch->batch.header().topic,
                        std::string(message.payload),
                        std::string(message.attributes),
                        aside.history,
                        aside.batch->batch.header().source_time_us,
                        message.payload.size()};
      letter.replaces = aside.revived;
      transaction.dead.push_back(std::move(letter));
      // With the record that it was parked by: one that is left behind would end what is put in the letter's place.
      const LooseMessages::Message& loose = subscription.group.loose().all().at(aside.sequence);
      const auto is_risen = [&, own_id = id](const ParkedRecord& parked) {
        return parked.subscription == own_id && parked.sequence == aside.sequence;
      };
      const bool has_risen = std::any_of(transaction.parked.begin(), transaction.parked.end(), is_risen);
      if ((loose.parked || loose.parking) && !has_risen) {
        transaction.unparked.push_back(Unpark{id, aside.sequence, 0, aside.grant});
        prune_needed_ = true;
      }
      in_commit_.buried.emplace_back(id, aside.sequence);
      subscription.cursor_dirty = true;
    }
    for (const auto& heard : subscription.group.heard()) in_commit_.heard.push_back(heard);
    for (const ReaderGroup::Aside& aside : subscription.group.take_parkings(turn)) {
      const bool fresh = aside.batch != nullptr && aside.batch->place == CopiedBatch::Place::fresh;
      if (fresh) aside.batch->wanted_on_disk = true;
      transaction.parked.push_back(
          ParkedRecord{id, aside.sequence, aside.grant, aside.due_ms, aside.attempts, aside.reason, aside.history});
      in_commit_.parked.emplace_back(id, aside.sequence);
      subscription.cursor_dirty = true;
    }
  }
}

void Outbox::collect_unparked(Transaction& transaction) {
  for (auto& [id, subscription] : subscriptions_) {
    for (const auto& [sequence, grant] : subscription.group.take_unparked()) {
      pending_unparked_.push_back(Unpark{id, sequence, 0, grant});
      prune_needed_ = true;
    }
  }
  in_commit_.unparked = std::exchange(pending_unparked_, {});
  transaction.unparked.insert(transaction.unparked.end(), in_commit_.unparked.begin(), in_commit_.unparked.end());
}

void Outbox::collect_cursors(Transaction& transaction) {
  for (auto& [id, subscription] : subscriptions_) {
    const Cursor& cursor = subscription.group.cursor();
    if (!subscription.cursor_dirty && cursor.floor() == subscription.durable_floor) continue;
    const auto is_it = [own_id = id](const SubscriptionRecord& pending) { return pending.id == own_id; };
    const bool waits = std::any_of(pending_subscriptions_.begin(), pending_subscriptions_.end(), is_it);
    if (waits && !subscription.on_disk) continue;  // on a full disk
    in_commit_.floors.emplace_back(id, cursor.floor());
    CursorRecord record{id, cursor.floor(), cursor.window(limits::early_ranges_max)};
    // What is parked or buried by this very transaction is settled for the cursor (B4): one commit.
    IntervalSet settled(record.settled);
    for (const auto* aside : {&in_commit_.parked, &in_commit_.buried}) {
      for (const auto& [subscription_id, sequence] : *aside) {
        if (subscription_id == id && sequence > cursor.floor()) settled.insert(sequence);
      }
    }
    for (const Cut& cut : in_commit_.cuts) {
      for (const Range& range : cut.ranges) {
        if (cut.subscription == id) settled.insert(range);
      }
    }
    record.settled = settled.ranges();
    transaction.cursors.push_back(std::move(record));
    subscription.cursor_dirty = false;
  }
}

/// May a parked message lie in `range`? Its settlement will name the grant, long after the floor has passed it.
bool Outbox::has_parked(Range range) const {
  return std::any_of(subscriptions_.begin(), subscriptions_.end(), [&](const auto& known) {
    const LooseMessages::Map& loose = known.second.group.loose().all();
    const auto at = loose.lower_bound(range.first);
    const bool may_be_elsewhere = !known.second.parked_known || known.second.parked_due_ms;
    return may_be_elsewhere || (at != loose.end() && at->first <= range.last);
  });
}

void Outbox::collect_prune(Transaction& transaction, const Turn& turn) {
  // The seated writer may not have heard what is confirmed: its window reaches back over a block at the most, and an
  // attach that names a block not known here would fence it.
  constexpr Sequence kept_behind = 2 * limits::grant_messages;
  Sequence to = prunable_to();
  if (wants_prune()) {
    transaction.prunes.push_back(next_prune(to, turn));
    in_commit_.pruned = true;
    prune_needed_ = prune_forced_ = false;
  }
  to = closable_to(to);
  for (const GrantRecord& known : grants_) {
    const bool over = known.grant.range.last <= to && known.grant.range.last < writer_.granted_to &&
                      (known.handle != record_.writer || known.grant.range.last + kept_behind < writer_.chain) &&
                      !has_parked(known.grant.range);
    if (!over) continue;
    transaction.closed_grants.push_back(known);
    in_commit_.closed_grants.push_back(known);
  }
}

void Outbox::collect(Transaction& transaction, std::uint64_t& octets_left, Turn& turn) {
  RESTANTE_ASSERT(!in_commit_.active);
  if (turn.now < retry_at_) return;
  in_commit_.active = true;
  in_commit_.last_row = record_.last_row;
  in_commit_.subscriptions = std::exchange(pending_subscriptions_, {});
  transaction.subscriptions.insert(transaction.subscriptions.end(), in_commit_.subscriptions.begin(),
                                   in_commit_.subscriptions.end());
  collect_gone(transaction, turn.random);
  in_commit_.grant = std::exchange(pending_grant_, std::nullopt);
  if (in_commit_.grant) {
    while (in_commit_.grant->grant.grant == 0) in_commit_.grant->grant.grant = turn.random.next();
    transaction.grants.push_back(GrantRecord{record_.id, in_commit_.grant->grant, in_commit_.grant->holder.handle});
  }
  dead_.collect(transaction, dead_books(), turn);
  collect_asides(transaction, turn);  // before the rows: a parked message may want its row
  collect_rows(transaction, octets_left, turn);
  collect_unparked(transaction);
  collect_told(transaction);
  collect_cuts(transaction, turn);
  collect_cursors(transaction);
  collect_removals(transaction);
  collect_resets(transaction, turn.random);
  collect_prune(transaction, turn);
  in_commit_.retention_answers = std::exchange(pending_retention_answers_, {});
  in_commit_.setting_answers = std::exchange(pending_setting_answers_, {});
  in_commit_.admissions = std::exchange(pending_admissions_, {});
  if (record_dirty_) transaction.streams.push_back(record_);
  in_commit_.has_record = record_dirty_;
  // The markers of these rows become durable with them: what is confirmed by this commit is behind them.
  for (const BatchRef& batch : in_commit_.rows) {
    StreamRecord& written = transaction.streams.back();
    if (batch->batch.header().marker != 0) written.last_marker = batch->batch.header().marker;
  }
  record_dirty_ = false;
  cursor_due_ = never;
}

void Outbox::on_committed(const CommitToken& token, Turn& turn) {
  if (!in_commit_.active) return;
  RESTANTE_ASSERT(token.number() > 0);
  InCommit done = std::exchange(in_commit_, InCommit{});
  is_on_disk_ = is_on_disk_ || done.has_record;
  for (const BatchRef& batch : done.rows) history_.add(*batch);
  note_pruned(token);
  for (const BatchRef& batch : done.rows) {
    batch->place = CopiedBatch::Place::stored;
    batch->wanted_on_disk = false;
    stored_ += batch->messages();
    stored_octets_ += batch->octets();
    if (batch->owed_by == 0) {
      prune_needed_ = true;
    } else if (batch->last() > restart_head_) {  // else it was there and is counted
      ++rows_;
      row_octets_ += batch->octets();
    }
  }
  for (const auto& [id, sequence] : done.buried) {
    Cursor::Change change;
    Subscription& subscription = subscriptions_.at(id);
    subscription.group.on_buried(sequence, change);
    ++subscription.dead;
    note_fate({{sequence, sequence}, Outcome::dead});
    apply(change, subscription, turn.now);
  }
  for (const auto& [id, sequence] : done.parked) {
    Cursor::Change change;
    Subscription& subscription = subscriptions_.at(id);
    if (const auto due = subscription.group.on_parked(sequence, change)) let_go(subscription, *due, turn);
    apply(change, subscription, turn.now);
  }
  on_raised(turn);
  on_cuts(done, turn.now);
  for (const GapRecord& gap : done.gone) restore_gap(gap);
  for (const auto& [id, floor] : done.floors) subscriptions_.at(id).durable_floor = floor;
  note_heard(done);
  // Not before: a consumer that is told a floor and no block above it takes the store for another one (X6).
  std::erase_if(grants_, [&](const GrantRecord& known) {
    return std::any_of(done.closed_grants.begin(), done.closed_grants.end(),
                       [&](const GrantRecord& closed) { return closed.grant == known.grant; });
  });
  if (wants_prune()) cursor_due_ = std::min(cursor_due_, after(turn.now, limits::cursor_delay));
  for (const SubscriptionRecord& record : done.subscriptions) {
    Subscription& subscription = subscriptions_.at(record.id);
    subscription.on_disk = true;
    if (record.filters == subscription.record.filters) subscription.changing = false;
  }
  if (done.grant) seat_writer(*done.grant, turn);
  for (const Token session : done.admissions) admit(session, turn);
  for (const Removal& removal : done.removals) end_subscription(removal, turn);
  for (const Reset& reset : done.resets) begin_again(reset, turn);
  for (const auto& [link, request] : done.retention_answers) {
    turn.out.push_back(Outgoing{link, told_of(record_, request), {}});
  }
  for (SettingAnswer& answer : done.setting_answers) turn.out.push_back(Outgoing{answer.link, answer.told, {}});
}

bool Outbox::on_nothing_to_commit(Turn& turn) {
  const InCommit done = std::exchange(in_commit_, InCommit{});
  note_heard(done);
  for (const Token session : done.admissions) admit(session, turn);
  return !done.admissions.empty();
}

/// The disk is full: nothing of the transaction holds; all of it is asked for again later.
void Outbox::on_not_committed(Instant retry_at) {
  if (!in_commit_.active) return;
  InCommit failed = std::exchange(in_commit_, InCommit{});
  for (const BatchRef& batch : failed.rows) batch->place = CopiedBatch::Place::fresh;
  collected_ = 0;
  for (const auto& [id, sequence] : failed.buried) subscriptions_.at(id).group.on_not_written(sequence);
  for (const auto& [id, sequence] : failed.parked) subscriptions_.at(id).group.on_not_written(sequence);
  for (auto& [id, subscription] : subscriptions_) subscription.cursor_dirty = true;
  pending_subscriptions_.insert(pending_subscriptions_.begin(), failed.subscriptions.begin(),
                                failed.subscriptions.end());
  pending_admissions_.insert(pending_admissions_.begin(), failed.admissions.begin(), failed.admissions.end());
  dead_.on_not_committed();
  record_.last_row = failed.last_row;
  pending_unparked_.insert(pending_unparked_.begin(), failed.unparked.begin(), failed.unparked.end());
  undo_changes();
  on_not_cut(failed);
  pending_removals_.insert(pending_removals_.begin(), failed.removals.begin(), failed.removals.end());
  pending_retention_answers_.insert(pending_retention_answers_.begin(), failed.retention_answers.begin(),
                                    failed.retention_answers.end());
  pending_setting_answers_.insert(pending_setting_answers_.begin(), failed.setting_answers.begin(),
                                  failed.setting_answers.end());
  pending_resets_.insert(pending_resets_.begin(), failed.resets.begin(), failed.resets.end());
  if (failed.grant) pending_grant_ = failed.grant;
  prune_needed_ = prune_needed_ || failed.pruned;
  prune_forced_ = prune_forced_ || failed.pruned;
  record_dirty_ = true;
  cursor_due_ = std::min(cursor_due_, retry_at);
  retry_at_ = retry_at;
}

}  // namespace restante::core
