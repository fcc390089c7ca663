/// \file
/// A subscription goes for good, with its cursor and with what is kept for nobody else.
///
/// Until the commit that removes it, it stays what it is: it owns its messages, and its consumers go on. What nobody
/// else owns would else be confirmed without a disk, and after a crash before that commit it would be owed and gone
/// (B1).

#include <algorithm>

#include "core/assert.h"
#include "core/outbox.h"

namespace restante::core {

const Subscription& Outbox::named(const std::string& name) const {
  const Subscription* known = subscription(name);
  RESTANTE_ASSERT(known != nullptr);
  return *known;
}

bool Outbox::is_leaving(const std::string& name) const {
  const auto is_it = [&](const Removal& removal) {
    return subscriptions_.at(removal.subscription).record.name == name;
  };
  return std::any_of(pending_removals_.begin(), pending_removals_.end(), is_it) ||
         std::any_of(in_commit_.removals.begin(), in_commit_.removals.end(), is_it);
}

Removed Outbox::would_free(const std::string& name, const Turn& turn) const { return would_free(named(name), turn); }

/// Nobody else needs what lies below all other floors; of the rest the slowest one's backlog is taken to be a part.
Removed Outbox::would_free(const Subscription& leaving, const Turn& turn) const {
  const SubscriptionStatus own = status(leaving, turn);
  Removed told;
  told.messages = own.backlog_messages;
  told.octets = own.backlog_octets;
  told.sessions = own.sessions;
  const Subscription* slowest = nullptr;
  for (const auto& [id, other] : subscriptions_) {
    if (id == leaving.record.id) continue;
    if (slowest == nullptr || other.group.cursor().floor() < slowest->group.cursor().floor()) slowest = &other;
  }
  if (slowest != nullptr && slowest->group.cursor().floor() <= own.floor && own.floor < head_) return told;
  const SubscriptionStatus kept = slowest == nullptr ? SubscriptionStatus{} : status(*slowest, turn);
  told.freed_messages = told.messages - std::min(told.messages, kept.backlog_messages);
  told.freed_octets = told.octets - std::min(told.octets, kept.backlog_octets);
  return told;
}

void Outbox::remove(const std::string& name, LinkId link, std::uint64_t request, Turn& turn) {
  RESTANTE_ASSERT(!is_leaving(name));
  pending_removals_.push_back({named(name).record.id, link, request});
  cursor_due_ = std::min(cursor_due_, turn.now);
}

void Outbox::collect_removals(Transaction& transaction) {
  in_commit_.removals = std::exchange(pending_removals_, {});
  for (const Removal& removal : in_commit_.removals) {
    transaction.removed.push_back(removal.subscription);
    prune_needed_ = true;
  }
}

/// All that is kept up to here goes with the commit that is put together. What is not confirmed yet stays out of it:
/// who subscribes from the beginning before the commit has come back owns it.
Sequence Outbox::prunable_to() const {
  if (in_commit_.removals.empty() && pending_resets_.empty() && in_commit_.resets.empty()) return settled_to();
  Sequence lowest = line_.empty() ? head_ : std::min(head_, line_.front()->first() - 1);
  for (const auto& [id, subscription] : subscriptions_) {
    const bool leaves = std::any_of(in_commit_.removals.begin(), in_commit_.removals.end(),
                                    [own_id = id](const Removal& removal) { return removal.subscription == own_id; });
    if (!leaves) lowest = std::min(lowest, subscription.group.cursor().floor());
  }
  for (const auto* resets : {&pending_resets_, &in_commit_.resets}) {
    for (const Reset& reset : *resets) lowest = std::min(lowest, reset.start);
  }
  return lowest;
}

/// It is gone on the disk. Loads under way for it find nobody when they come.
void Outbox::end_subscription(const Removal& removal, Turn& turn) {
  Subscription& subscription = subscriptions_.at(removal.subscription);
  Removed told = would_free(subscription, turn);
  told.request = removal.request;
  told.done = true;
  dismiss(subscription, " was removed; who subscribes again begins a new one", turn);
  disown(subscription, told, turn.now);
  const auto is_its = [&](const auto& record) { return record.id == removal.subscription; };
  std::erase_if(pending_subscriptions_, is_its);  // a newer claim: it would be there again
  std::erase_if(pending_unparked_, [&](const Unpark& one) { return one.subscription == removal.subscription; });
  std::erase_if(pending_told_, [&](const ToldGap& gap) { return gap.subscription == removal.subscription; });
  remember_removed(subscription.record.made);
  subscriptions_.erase(removal.subscription);
  turn.out.push_back(Outgoing{removal.link, told, {}});
}

/// Its consumers are told and go, for good.
void Outbox::dismiss(Subscription& subscription, const std::string& why, Turn& turn) {
  const std::map<Token, ConsumerSession> sessions = subscription.group.sessions();
  for (const auto& [token, session] : sessions) {
    leave(token, true, turn);
    if (removed_sessions_.size() >= limits::sessions_max) removed_sessions_.clear();
    removed_sessions_.insert(token);
    const std::string text = "subscription " + subscription.record.name + " of stream " + record_.name + why;
    turn.out.push_back(Outgoing{session.link, Refused{Side::session, session.session, ErrorCode::bad_state, text}, {}});
  }
}

void Outbox::remember_removed(std::int64_t made) {
  RESTANTE_ASSERT(made != 0);  // what a session says that was told none
  removed_.insert(made);
  if (removed_.size() > limits::subscriptions_max) removed_.erase(removed_.begin());
}

/// What it owed is owed by one less: fresh batches that nobody else owns need no disk now (B1).
void Outbox::disown(Subscription& subscription, const Removed& told, Instant now) {
  const Cursor& cursor = subscription.group.cursor();
  const std::uint64_t rows = rows_;
  const std::uint64_t octets = row_octets_;
  Cursor::Change change;
  for (const auto& [first, entry] : cursor.entries()) {
    if (entry.unsettled > 0) change.completed.push_back(entry.batch);
  }
  for (const BatchRef& batch : line_) {  // what did not fit its window
    const bool is_owed = batch->last() > cursor.tracked_to() && batch->messages() > 0 && owns(subscription, *batch);
    if (is_owed) change.completed.push_back(batch);
  }
  apply(change, subscription, now);
  prune_needed_ = true;  // of what was in the line
  cursor_due_ = std::min(cursor_due_, after(now, limits::cursor_delay));
  if (cursor.tracked_to() >= head_ || octets == 0) return;
  // Its backlog on disk was not in the books one by one.
  const std::uint64_t freed = std::min(octets, told.freed_octets);
  row_octets_ = std::min(row_octets_, octets - freed);
  const double share = static_cast<double>(octets - freed) / static_cast<double>(octets);
  rows_ = std::min(rows_, static_cast<std::uint64_t>(static_cast<double>(rows) * share));
}

/// While it is being removed nobody joins it; and a session that was in one that is gone begins none by itself, or it
/// would pin all over again what an operator wanted to be free of.
std::optional<Refused> Outbox::removal_refusal(const Subscribe& subscribe) const {
  const std::string what = "subscription " + subscribe.subscription + " of stream " + record_.name;
  if (is_leaving(subscribe.subscription)) {
    return Refused{Side::session, subscribe.session, ErrorCode::retry_later, what + " is just being removed"};
  }
  if (is_being_reset(subscribe.subscription)) {
    return Refused{Side::session, subscribe.session, ErrorCode::retry_later, what + " is just being reset"};
  }
  const Subscription* known = subscription(subscribe.subscription);
  // Its number of before a reset lies between its first and its present one. Any other may be another store's: a copy
  // that was put back gives the same numbers out again.
  const bool was_reset = known != nullptr && subscribe.made >= known->record.id &&
                         subscribe.made < known->record.made && first_of_other_store(subscribe.known) == 0;
  if (was_reset) {
    return Refused{Side::session, subscribe.session, ErrorCode::bad_state,
                   what + " was reset while this consumer was away; who subscribes again begins there"};
  }
  if (!removed_.contains(subscribe.made)) return std::nullopt;
  return Refused{Side::session, subscribe.session, ErrorCode::bad_state,
                 what + " was removed while this consumer was away; who subscribes again begins a new one"};
}

}  // namespace restante::core
