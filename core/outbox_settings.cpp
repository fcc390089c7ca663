/// \file
/// What an operator sets of a stream and of its subscriptions, and how old messages get.

#include "core/outbox.h"

namespace restante::core {

/// Age is counted by this clock while the sidecar runs, and by that of the rows over its restarts: which goes on with
/// the wall clock, and stands still if that was set back.
void Outbox::set_age(CopiedBatch& batch, Instant accepted) const {
  batch.accepted = accepted;
  const std::int64_t own_ms = batch.batch.header().expire_after_ms;
  const std::int64_t after_ms = own_ms > 0 ? own_ms : record_.expiry.after_ms;
  batch.expires = after_ms == 0 ? never : after(accepted, std::chrono::milliseconds(after_ms));
}

void Outbox::set_expiry(const Expiry& expiry) {
  record_.expiry = expiry;
  record_dirty_ = true;
  cursor_due_ = Instant{};
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
