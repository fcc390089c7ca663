/// \file
/// Parked messages that are on the disk only, and come back by pages when they are due.

#include <algorithm>

#include "core/outbox.h"

namespace restante::core {

/// A parked message is not in memory any more: a page brings it back when it is due.
void Outbox::let_go(Subscription& subscription, Instant due, const Turn& turn) {
  const Duration wait = std::max(due - turn.now, Duration{});
  const std::int64_t due_ms = turn.clock_ms + std::chrono::duration_cast<std::chrono::milliseconds>(wait).count();
  ++subscription.parked_elsewhere;
  subscription.parked_due_ms = std::min(subscription.parked_due_ms.value_or(due_ms), due_ms);
  if (subscription.parked_number == 0) return;
  subscription.let_go_due_ms = std::min(subscription.let_go_due_ms.value_or(due_ms), due_ms);
}

/// It is settled, and only its record is not deleted yet.
bool Outbox::leaves_parked(const Subscription& subscription, const ParkedRecord& parked) const {
  const Sequence sequence = parked.sequence;
  const auto is_it = [&](const Unpark& unpark) {
    const bool is_one = unpark.last <= unpark.sequence;
    const bool is_meant = is_one ? unpark.grant == 0 || unpark.grant == parked.grant : !parked.revived;
    return unpark.subscription == subscription.record.id && unpark.sequence <= sequence &&
           sequence <= std::max(unpark.sequence, unpark.last) && is_meant;
  };
  return subscription.group.leaves_parked({sequence, parked.grant}) ||
         std::any_of(pending_unparked_.begin(), pending_unparked_.end(), is_it) ||
         std::any_of(in_commit_.unparked.begin(), in_commit_.unparked.end(), is_it);
}

void Outbox::on_loaded(const ParkedReply& reply, Turn& turn) {
  for (auto& [id, subscription] : subscriptions_) {
    if (reply.number != subscription.parked_number) continue;
    subscription.parked_number = 0;
    std::vector<ParkedRecord> still_parked;
    for (const ParkedRecord& record : reply.parked) {
      if (!leaves_parked(subscription, record)) still_parked.push_back(record);
    }
    const std::uint64_t added = subscription.group.on_parked_loaded(still_parked, turn);
    subscription.parked_elsewhere -= std::min(subscription.parked_elsewhere, added);
    if (!reply.next_due_ms && !subscription.let_go_due_ms) subscription.parked_elsewhere = 0;  // that was all
    subscription.parked_due_ms = reply.next_due_ms;
    if (const auto due_ms = std::exchange(subscription.let_go_due_ms, std::nullopt)) {
      subscription.parked_due_ms = std::min(reply.next_due_ms.value_or(*due_ms), *due_ms);
    }
    subscription.parked_known = true;
    for (const Token token : std::exchange(subscription.waiting, {})) admit(token, turn);
  }
}

}  // namespace restante::core
