/// \file
/// Where something begins: a place in the stream, which the store has to be asked for if a time is named.

#include <algorithm>

#include "core/outbox.h"

namespace restante::core {

/// What is wrong with it, as the end of a sentence.
std::optional<std::string> Outbox::problem_of(const Start& start) const {
  if (start.kind != Start::Kind::sequence || start.sequence <= head_ + 1) return std::nullopt;
  return "its newest message has sequence " + std::to_string(head_) + ", and the start is sequence " +
         std::to_string(start.sequence);
}

/// The sequence before the first that it means; not of a time.
Sequence Outbox::place_of(const Start& start) const {
  switch (start.kind) {
    case Start::Kind::beginning: return 0;
    case Start::Kind::sequence: return start.sequence - 1;
    case Start::Kind::newest:
    case Start::Kind::time: break;
  }
  return head_;
}

/// False if it is not there yet: it waits for its place, or was refused.
bool Outbox::make_subscription(const Subscribe& subscribe, SubscriptionId id, const ConsumerSession& session,
                               Turn& turn) {
  const Start start = *parse_start(subscribe.start);
  if (start.kind == Start::Kind::time) {
    waiting_.push_back({0, start.time_ms, WaitingSession{subscribe, id, session}});
    return false;
  }
  if (const auto text = problem_of(start)) {
    const std::string what = "cannot subscribe to stream " + record_.name + " as " + subscribe.subscription + ": ";
    turn.out.push_back(
        Outgoing{session.link, Refused{Side::session, session.session, ErrorCode::bad_argument, what + *text}, {}});
    return false;
  }
  SubscriptionRecord record{id, record_.id, subscribe.subscription, subscribe.mode, subscribe.filters};
  record.start = place_of(start);
  record.made = id;
  record.limit = subscribe.limit;
  record.retry = subscribe.retry;
  add_subscription(record);
  subscriptions_.at(id).tells_gone = start.kind == Start::Kind::sequence;
  return true;
}

/// A new subscription that named a sequence owes from its first commit on a gap for what is not kept any more. What
/// goes with that commit or later is not its any more: its cursor counts.
void Outbox::collect_gone(Transaction& transaction, Random& random) {
  for (const auto& [id, subscription] : subscriptions_) {
    const Sequence start = subscription.record.start;
    const bool is_new = !subscription.on_disk && !is_leaving(subscription.record.name);
    if (!is_new || !subscription.tells_gone || start >= history_.pruned_to) continue;
    in_commit_.gone.push_back(GapRecord{id, random.next() | 1, {start + 1, history_.pruned_to}, not_kept});
  }
  transaction.gaps.insert(transaction.gaps.end(), in_commit_.gone.begin(), in_commit_.gone.end());
}

void Outbox::next_load(WaitingForPlace& waiting, std::uint64_t& number, std::vector<LoadRequest>& loads) const {
  if (waiting.number != 0) return;
  waiting.number = ++number;
  loads.push_back(LoadRequest{number, record_.id, 0, limits::sequence_max, 1, 1, waiting.from_ms});
}

/// The first that was stored at that time or later; if there is none, what is to come.
bool Outbox::load_place(const LoadReply& reply, Turn& turn) {
  const auto at = std::find_if(waiting_.begin(), waiting_.end(),
                               [&](const WaitingForPlace& waiting) { return waiting.number == reply.number; });
  if (at == waiting_.end()) return false;
  Sequence first = line_.empty() ? head_ + 1 : line_.front()->first();
  if (!reply.rows.empty()) first = reply.rows.front().first;
  else if (!reply.damaged.empty()) first = reply.damaged.front().first;
  const auto what = std::move(at->what);
  waiting_.erase(at);
  if (const auto* session = std::get_if<WaitingSession>(&what)) {
    Subscribe known = session->subscribe;
    known.start = std::to_string(first);
    if (known.mode == SubscriptionMode::replay) replay(known, session->session, turn);
    else subscribe(known, session->id, session->session, turn);
  } else {
    ResetSubscription known = std::get<WaitingReset>(what).wish;
    known.start = std::to_string(first);
    reset(known, std::get<WaitingReset>(what).link, std::get<WaitingReset>(what).made, turn);
  }
  return true;
}

void Outbox::stop_waiting(Token token) {
  std::erase_if(waiting_, [&](const WaitingForPlace& waiting) {
    const auto* session = std::get_if<WaitingSession>(&waiting.what);
    return session != nullptr && session->session.token == token;
  });
}

bool Outbox::waits_for_place(Token token) const {
  return std::any_of(waiting_.begin(), waiting_.end(), [&](const WaitingForPlace& waiting) {
    const auto* session = std::get_if<WaitingSession>(&waiting.what);
    return session != nullptr && session->session.token == token;
  });
}

}  // namespace restante::core
