/// \file
/// What a stream's books say, for people.

#include <algorithm>

#include "core/outbox.h"

namespace restante::core {

std::string Outbox::why_behind(const Subscription& subscription, bool hot) {
  const ReaderGroup& group = subscription.group;
  if (group.sessions().empty()) return "no consumer";
  if (!hot) return "backlog on disk";
  if (group.strict() && group.loose().size() > 0) return "a topic waits for a message that is to come again";
  if (group.anything_owed()) return "consumers have no credit left";
  return {};
}

SubscriptionStatus Outbox::status(const Subscription& subscription, const Turn& turn) const {
  const ReaderGroup& group = subscription.group;
  const ReaderGroup::Counters& counters = group.counters();
  SubscriptionStatus one;
  one.name = subscription.record.name;
  one.mode = subscription.record.mode;
  one.floor = group.cursor().floor();
  one.parked = group.loose().parked() + subscription.parked_elsewhere;
  const bool hot = group.cursor().tracked_to() >= head_;  // then all of it is in memory, and known exactly
  one.backlog_messages = one.parked + (hot ? 0 : subscription.backlog_messages);
  one.backlog_octets = hot ? group.cursor().octets() : subscription.backlog_octets;
  for (const auto& [first, entry] : group.cursor().entries()) {
    one.backlog_messages += hot ? entry.unsettled : 0;
    if (entry.unsettled == 0 || one.oldest_age_ms != 0) continue;
    const std::int64_t age = turn.wall_ms - entry.batch->batch.header().source_time_us / 1000;
    one.oldest_age_ms = std::max<std::int64_t>(1, age);
  }
  for (const auto& [token, session] : group.sessions()) one.in_flight += session.out.messages;
  one.sessions = group.sessions().size();
  one.loose = group.loose().size();
  one.dead = subscription.dead;
  one.limit = limit_of(subscription);
  one.retry = settings_.retry.with(subscription.record.retry);
  one.cut = subscription.cut;
  one.expired = subscription.expired;
  one.gaps = group.gaps().all().size();
  one.acked = counters.acked;
  one.redelivered = counters.redelivered;
  one.attempts = counters.attempts;
  one.why = why_behind(subscription, hot);
  one.live = one.why.empty();
  return one;
}

StreamStatus Outbox::status(const Turn& turn) const {
  StreamStatus status;
  status.name = record_.name;
  status.kind = record_.kind;
  status.head = head_;
  status.confirmed_to = confirmed_to_;
  status.rows = rows_;
  status.row_octets = row_octets_;
  status.copied = copied_;
  status.stored = stored_;
  status.elided = elided_;
  status.retention = record_.retention;
  status.expiry = record_.expiry;
  status.limit = record_.limit;
  status.drain = record_.drain;
  status.priority = record_.priority;
  if (record_.retention.any()) {
    status.kept_messages = history_.messages;
    status.kept_octets = history_.octets;
  }
  const bool may_come_back = writer_.met || turn.now - writer_.since < limits::silence_max;
  status.listeners = listeners_.size();
  if (writer_.holder.pid != 0 && !writer_.holder.is_gone && may_come_back) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(turn.now - writer_.since).count();
    status.writer = writer_.holder.process + " pid " + std::to_string(writer_.holder.pid) +
                    (writer_.attached ? ", for " : ", away for ") + std::to_string(seconds) + " s";
  }
  for (const auto& [id, subscription] : subscriptions_) {
    status.subscriptions.push_back(this->status(subscription, turn));
  }
  return status;
}

std::uint64_t Outbox::tracked_octets() const {
  std::uint64_t sum = 0;
  for (const auto& [id, subscription] : subscriptions_) sum += subscription.group.cursor().octets();
  for (const BatchRef& batch : line_) sum += batch->octets();
  return sum;
}

void Outbox::add_counters(std::map<std::string, std::uint64_t>& counters) const {
  const auto add = [&](const char* reason, std::uint64_t count) {
    if (count > 0) counters[reason] += count;
  };
  add("copies out of order or of another link", ignored_copies_);
  add("settlements of an unknown grant", ignored_acks_);
  add("rows damaged or missing", damaged_);
  add("peers that knew more than the store", regresses_);
  for (const auto& [id, subscription] : subscriptions_) {
    add("live copies taken as lost", subscription.group.counters().live_lost);
    add("exclusive sessions gone live", subscription.group.counters().gone_live);
    add("gaps that consumers told", subscription.group.counters().gaps);
    add("messages cut by a limit of their subscription", subscription.cut);
    add("messages that expired", subscription.expired);
    add("strict topics held by a message that waits", subscription.group.counters().held_topics);
    add("sessions lost", subscription.group.counters().deaths);
    add("suspects handed out alone", subscription.group.counters().alone);
  }
}

}  // namespace restante::core
