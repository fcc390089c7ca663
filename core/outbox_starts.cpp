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
