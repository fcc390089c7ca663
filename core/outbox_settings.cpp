/// \file
/// What an operator sets of a stream and of its subscriptions, and how old messages get.

#include "core/outbox.h"

namespace restante::core {

/// Age is counted by this clock while the sidecar runs, and by that of the rows over its restarts: which goes on with
/// the wall clock, and stands still if that was set back.
void Outbox::set_age(CopiedBatch& batch, Instant accepted) const {
  batch.accepted = accepted;
  const DeliveryTimes& own = batch.batch.header().times;
  const std::chrono::milliseconds own_age(own.expire_after_ms);
  const std::chrono::milliseconds age(record_.expiry.after_ms);
  batch.deliverable = after(accepted, std::chrono::milliseconds(own.deliver_after_ms));
  batch.expires = own_age.count() > 0 ? after(accepted, own_age)
                  : age.count() > 0   ? after(batch.deliverable, age)  // nobody could have had it before
                                      : never;
}

void Outbox::set_rules(const SetStream& wish) {
  if (wish.retention) {
    record_.retention = *wish.retention;
    prune_needed_ = prune_forced_ = true;
    next_age_prune_ms_ = 0;
  }
  if (wish.expiry) set_expiry(*wish.expiry);
  if (wish.limit) record_.limit = *wish.limit;
  if (wish.drain) set_drain(*wish.drain);
  if (wish.priority) record_.priority = *wish.priority;
  record_dirty_ = true;
  cursor_due_ = Instant{};
}

void Outbox::set_drain(const DrainRate& rate) {
  record_.drain = rate;
  for (auto& [id, subscription] : subscriptions_) subscription.group.set_drain(rate);
}

/// What became of messages, for the receipts of their writer. What it is not told of in time it takes for worked off.
void Outbox::note_fate(const Fate& fate) {
  if (!fates_.empty() && fates_.back().outcome == fate.outcome && fates_.back().range.last + 1 == fate.range.first) {
    fates_.back().range.last = fate.range.last;
    return;
  }
  if (fates_.size() >= limits::fates_max) fates_.erase(fates_.begin());
  fates_.push_back(fate);
}

void Outbox::set_expiry(const Expiry& expiry) {
  record_.expiry = expiry;
  for (const BatchRef& batch : line_) set_age(*batch, batch->accepted);
  for (auto& [id, subscription] : subscriptions_) {
    for (const auto& [first, entry] : subscription.group.cursor().entries()) {
      if (entry.batch != nullptr) set_age(*entry.batch, entry.batch->accepted);
    }
    subscription.group.look_for_expired();
  }
}

/// At once, and after a crash before its commit as before: it is answered after that.
void Outbox::set_subscription(const SetSubscription& wish, LinkId link, Turn& turn) {
  for (auto& [id, subscription] : subscriptions_) {
    if (subscription.record.name != wish.subscription) continue;
    if (wish.retry) subscription.record.retry = *wish.retry;
    if (wish.limit) subscription.record.limit = *wish.limit;
    subscription.group.set_retry(settings_.retry.with(subscription.record.retry));
    write_record(subscription.record);
    SettingAnswer answer{link, {wish.request, {}, subscription.record.retry, subscription.record.limit}};
    pending_setting_answers_.push_back(std::move(answer));
    cursor_due_ = std::min(cursor_due_, turn.now);
  }
}

}  // namespace restante::core
