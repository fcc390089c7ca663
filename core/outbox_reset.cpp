/// \file
/// A subscription begins again at another place, so that what was settled can be done again.
///
/// It stays what it is until the commit that resets it: before that its consumers go on, and after it nothing that they
/// said counts. What is parked above the new place comes again with the rest; what is parked below stays parked. A gap
/// above the new place is none any more; one below stays owed.

#include <algorithm>

#include "core/assert.h"
#include "core/outbox.h"

namespace restante::core {

bool Outbox::is_being_reset(const std::string& name) const {
  const auto is_it = [&](const Reset& reset) { return subscriptions_.at(reset.subscription).record.name == name; };
  return std::any_of(pending_resets_.begin(), pending_resets_.end(), is_it) ||
         std::any_of(in_commit_.resets.begin(), in_commit_.resets.end(), is_it);
}

/// Why not now, for people. Its name is there.
std::optional<std::string> Outbox::problem_of(const ResetSubscription& wish) const {
  const Subscription& known = named(wish.subscription);
  const std::string what = "subscription " + wish.subscription + " of stream " + record_.name;
  if (!known.on_disk) return what + " is just being made; ask again";
  if (known.changing || is_leaving(wish.subscription) || is_being_reset(wish.subscription)) {
    return what + " is just being changed; ask again";
  }
  if (const auto text = problem_of(*parse_start(wish.start))) return "cannot reset " + what + ": " + *text;
  return std::nullopt;
}

/// Resets the subscription, which is there, or says why not.
void Outbox::reset(const ResetSubscription& wish, LinkId link, std::int64_t made, Turn& turn) {
  const Start start = *parse_start(wish.start);
  if (start.kind == Start::Kind::time) {
    waiting_.push_back({0, start.time_ms, WaitingReset{wish, link, made}});
    return;
  }
  WasReset told;
  told.request = wish.request;
  const auto problem = has_subscription(wish.subscription) ? problem_of(wish) : "the subscription is gone by now";
  if (problem) {
    told.refusal = *problem;
    turn.out.push_back(Outgoing{link, told, {}});
    return;
  }
  const Subscription& known = named(wish.subscription);
  const Sequence asked = place_of(start);
  Reset reset{known.record.id, std::max(asked, history_.pruned_to), link, made, told};
  reset.told.from = reset.start;
  if (start.kind == Start::Kind::sequence && asked < reset.start) reset.told.gone_to = reset.start;
  reset.told.sessions = known.group.sessions().size();
  Subscription again{known.record,
                     ReaderGroup(Cursor(reset.start, {}), settings_.retry.with(known.record.retry), known.record.mode)};
  estimate_backlog(again);
  reset.told.messages = again.backlog_messages;
  reset.told.octets = again.backlog_octets;
  if (wish.dry_run) {
    turn.out.push_back(Outgoing{link, reset.told, {}});
    return;
  }
  pending_resets_.push_back(std::move(reset));
  cursor_due_ = std::min(cursor_due_, turn.now);
}

void Outbox::collect_resets(Transaction& transaction, Random& random) {
  in_commit_.resets = std::exchange(pending_resets_, {});
  for (Reset& reset : in_commit_.resets) {
    // A prune that was under way when it was asked for has come back by now. What is parked below stays parked: its row
    // goes with its record.
    reset.start = std::max(reset.start, history_.pruned_to);
    reset.told.from = reset.start;
    if (reset.told.gone_to != 0) reset.told.gone_to = reset.start;
    const auto is_its = [&](const auto& record) { return record.subscription == reset.subscription; };
    std::erase_if(transaction.cursors, is_its);
    transaction.subscriptions.push_back(reset_record(reset));
    transaction.cursors.push_back(CursorRecord{reset.subscription, reset.start, {}});
    transaction.unparked.push_back(Unpark{reset.subscription, reset.start + 1, limits::sequence_max});
    reset.gaps = subscriptions_.at(reset.subscription).group.gaps().ended_at(reset.start, random);
    for (const std::uint64_t number : reset.gaps.replaced) transaction.told.push_back({reset.subscription, number});
    for (const OwedGaps::Gap& gap : reset.gaps.added) {
      transaction.gaps.push_back(GapRecord{reset.subscription, gap.number, gap.range, gap.reason});
    }
  }
}

/// What belongs to it by filters that it had is not known any more as far back: it begins with those that it has.
SubscriptionRecord Outbox::reset_record(const Reset& reset) const {
  SubscriptionRecord record = subscriptions_.at(reset.subscription).record;
  record.start = reset.start;
  record.made = reset.made;
  record.older.clear();
  return record;
}

/// It is so on the disk.
void Outbox::begin_again(const Reset& reset, Turn& turn) {
  Subscription& before = subscriptions_.at(reset.subscription);
  const SubscriptionRecord record = reset_record(reset);
  dismiss(before, " was reset to sequence " + std::to_string(reset.start + 1) + "; who subscribes again begins there",
          turn);
  disown(before, {}, turn.now);
  remember_removed(before.record.made);
  Subscription after{record, ReaderGroup(Cursor(reset.start, {}), settings_.retry.with(record.retry), record.mode)};
  after.group.set_drain(record_.drain);
  after.on_disk = true;
  after.durable_floor = reset.start;
  after.dead = before.dead;
  after.cut = before.cut;
  after.beyond = BacklogCount(head_);
  after.group.gaps() = before.group.gaps();
  for (const std::uint64_t number : reset.gaps.replaced) after.group.gaps().erase(number);
  for (const OwedGaps::Gap& gap : reset.gaps.added) after.group.gaps().add(gap);
  after.parked_known = false;  // some of them may be left
  own_line(after);
  const bool has_newer_claim = std::any_of(pending_subscriptions_.begin(), pending_subscriptions_.end(),
                                           [&](const auto& pending) { return pending.id == record.id; });
  subscriptions_.at(reset.subscription) = std::move(after);
  if (has_newer_claim) write_record(record);
  WasReset told = reset.told;
  told.done = true;
  turn.out.push_back(Outgoing{reset.link, told, {}});
}

}  // namespace restante::core
