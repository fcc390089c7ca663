/// \file
/// Which batches a subscription owns, and how its filters change (PROTOCOL N2).

#include <algorithm>

#include "core/outbox.h"
#include "core/topic_filter.h"

namespace restante::core {

/// A batch belongs by the filters that there were when it was copied. While a change is not on the disk, what was
/// copied since belongs by the old ones as well: they hold again if that commit never comes.
bool Outbox::owns(const Subscription& subscription, const CopiedBatch& batch) {
  const SubscriptionRecord& record = subscription.record;
  const std::string& topic = batch.batch.header().topic;
  if (filters_match(filters_at(record, batch.last()), topic)) return true;
  if (!subscription.changing || batch.last() <= record.older.back().to) return false;
  return filters_match(record.older.back().filters, topic);
}

/// From the copied head on, with the next commit; the session is admitted after that. Why not, if it cannot be.
std::optional<std::string> Outbox::change_filters(const std::vector<std::string>& filters, std::uint64_t session,
                                                  Subscription& subscription) {
  SubscriptionRecord& record = subscription.record;
  const std::string what = "cannot change the filters of subscription " + record.name + " of stream " + record_.name;
  if (subscription.changing) return what + " now: a change is being written";
  if (!limit_.empty()) return what + " now: " + limit_ + ". Subscribe with the filters that it has, or free room";
  const auto is_other = [&](const auto& known) { return known.second.session != session; };
  const auto& sessions = subscription.group.sessions();
  if (!subscription.group.has_one_reader() && std::any_of(sessions.begin(), sessions.end(), is_other)) {
    return what + " while others share it that were started with the old ones; stop them first";
  }
  std::erase_if(record.older, [&](const OlderFilters& old) { return old.to <= subscription.durable_floor; });
  if (record.older.size() >= limits::filter_changes_max) {
    return what + " again: messages of " + std::to_string(record.older.size()) +
           " earlier changes wait for it; receive them with the filters that it has";
  }
  record.older.push_back({head_, std::exchange(record.filters, filters)});
  subscription.changing = true;
  write_record(record);
  return std::nullopt;
}

/// The disk is full, and a consumer that waits for its change would never ack what could free it.
void Outbox::undo_changes() {
  for (auto& [id, subscription] : subscriptions_) {
    if (!std::exchange(subscription.changing, false)) continue;
    SubscriptionRecord& record = subscription.record;
    record.filters = std::move(record.older.back().filters);
    record.older.pop_back();
    write_record(record);
    std::erase_if(pending_admissions_, [&, own_id = id](Token token) {
      if (sessions_.at(token) != own_id) return false;
      undone_.push_back(token);
      return true;
    });
  }
}

void Outbox::refuse_undone(Turn& turn) {
  for (const Token token : std::exchange(undone_, {})) {
    const Subscription* subscription = find(token);
    if (subscription == nullptr) continue;
    const ConsumerSession session = subscription->group.sessions().at(token);
    const std::string text = "cannot change the filters of subscription " + subscription->record.name + " of stream " +
                             record_.name +
                             " now: the disk is full. Subscribe with the filters that it has, or free room";
    turn.out.push_back(
        Outgoing{session.link, Refused{Side::session, session.session, ErrorCode::retry_later, text}, {}});
    leave(token, true, turn);
  }
}

}  // namespace restante::core
