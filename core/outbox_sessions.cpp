/// \file
/// The consumers' side of a stream's books.

#include <algorithm>

#include "core/assert.h"
#include "core/outbox.h"

namespace restante::core {

Subscription* Outbox::find(Token token) {
  const auto at = sessions_.find(token);
  return at == sessions_.end() ? nullptr : &subscriptions_.at(at->second);
}

void Outbox::add_subscription(const SubscriptionRecord& record) {
  Subscription added{record, SharedGroup(Cursor(record.start, {}), settings_.retry)};
  added.cursor_dirty = true;
  added.durable_floor = record.start;
  subscriptions_.emplace(record.id, std::move(added));
  pending_subscriptions_.push_back(record);
}

void Outbox::subscribe(const Subscribe& subscribe, SubscriptionId id, const WorkerSession& session, Turn& turn) {
  auto at = std::find_if(subscriptions_.begin(), subscriptions_.end(),
                         [&](const auto& known) { return known.second.record.name == subscribe.subscription; });
  if (at == subscriptions_.end()) {
    add_subscription(
        SubscriptionRecord{id, record_.id, subscribe.subscription, subscribe.mode, subscribe.filters, head_, 0});
    at = subscriptions_.find(id);
  }
  Subscription& subscription = at->second;
  std::vector<Token> replaced;
  for (const auto& [token, known] : subscription.group.sessions()) {
    if (known.session == session.session) replaced.push_back(token);
  }
  for (const Token token : replaced) {  // the same consumer on a new link: a cut, no death
    const LinkId old_link = subscription.group.sessions().at(token).link;
    leave(token, true, turn);
    // If that link lives after all, its library must begin again, or it would wait for ever.
    if (old_link != session.link) turn.out.push_back(Outgoing{old_link, Unknown{}, {}});
  }

  std::vector<GrantRange> held;
  std::copy_if(subscribe.held.begin(), subscribe.held.end(), std::back_inserter(held),
               [&](const GrantRange& range) { return is_granted(range); });
  subscription.group.join(session, held, turn);
  sessions_[session.token] = at->first;
  const auto is_it = [&](const SubscriptionRecord& pending) { return pending.id == at->first; };
  const bool durable = std::none_of(pending_subscriptions_.begin(), pending_subscriptions_.end(), is_it) &&
                       std::none_of(in_commit_.subscriptions.begin(), in_commit_.subscriptions.end(), is_it);
  if (durable) {
    admit(session.token, turn);
  } else {
    pending_admissions_.push_back(session.token);
  }
}

/// The session may begin: nothing was sent to it before its Subscribed.
void Outbox::admit(Token token, Turn& turn) {
  Subscription* subscription = find(token);
  if (subscription == nullptr) return;
  if (!subscription->parked_known) {  // its first words may settle what is parked
    subscription->waiting.push_back(token);
    return;
  }
  subscription->group.admit(token);
  const WorkerSession& session = subscription->group.sessions().at(token);
  turn.out.push_back(Outgoing{
      session.link,
      Subscribed{session.session, token, subscription->record.mode, 0, subscription->durable_floor, grant_list(), 0},
      {}});
}

void Outbox::settle(const Settle& settle, Turn& turn) {
  Subscription* subscription = find(settle.token);
  if (subscription == nullptr) return;
  Settle allowed = settle;
  const auto unknown = [&](const GrantRange& range) { return !is_granted(range); };
  ignored_acks_ += static_cast<std::uint64_t>(std::erase_if(allowed.acks, unknown));
  ignored_acks_ += static_cast<std::uint64_t>(std::erase_if(allowed.released, unknown));
  ignored_acks_ += static_cast<std::uint64_t>(std::erase_if(allowed.received, unknown));
  const auto foreign = [&](const auto& one) { return !is_granted({one.grant, {one.sequence, one.sequence}}); };
  ignored_acks_ += static_cast<std::uint64_t>(std::erase_if(allowed.nacks, foreign));
  ignored_acks_ += static_cast<std::uint64_t>(std::erase_if(allowed.rejects, foreign));
  Cursor::Change change;
  subscription->group.settle(allowed, change, turn);
  apply(change, *subscription, turn.now);
}

void Outbox::leave(Token token, bool in_order, Turn& turn) {
  Subscription* subscription = find(token);
  if (subscription == nullptr) return;
  const auto& sessions = subscription->group.sessions();
  const auto at = sessions.find(token);
  if (writer_.attached && at != sessions.end() && at->second.announced) {
    turn.out.push_back(
        Outgoing{writer_.holder.link, LiveTarget{writer_.holder.handle, token, at->second.endpoint, 0, 0, true}, {}});
  }
  subscription->group.leave(token, in_order, turn);
  sessions_.erase(token);
}

}  // namespace restante::core
