/// \file
/// Dead letters of a stream's subscriptions: what DeadTasks needs of the books, and what comes back into them.

#include <algorithm>
#include <charconv>

#include "core/outbox.h"

namespace restante::core {

DeadTasks::Books Outbox::dead_books() const {
  DeadTasks::Books books;
  books.id_of = [this](const std::string& name) -> std::optional<SubscriptionId> {
    if (const Subscription* known = subscription(name)) return known->record.id;
    SubscriptionId id = 0;  // it may be gone, and its dead letters are still there
    if (!name.starts_with('#')) return std::nullopt;
    const char* const end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + 1, end, id);
    return parsed.ec == std::errc{} && parsed.ptr == end && id > 0 ? std::optional(id) : std::nullopt;
  };
  books.name_of = [this](SubscriptionId id) {
    const auto at = subscriptions_.find(id);
    return at == subscriptions_.end() ? "#" + std::to_string(id) : at->second.record.name;
  };
  books.problem_of = [this](SubscriptionId id) -> std::optional<std::string> {
    const auto at = subscriptions_.find(id);
    if (at == subscriptions_.end()) {
      return "the subscription of these dead letters was removed, and nobody would get them: export them, or drop them";
    }
    const std::string& name = at->second.record.name;
    if (!at->second.on_disk || is_leaving(name) || is_being_reset(name)) {
      return "subscription " + name + " of stream " + record_.name + " is just being changed; ask again";
    }
    return std::nullopt;
  };
  return books;
}

void Outbox::change_dead(const ChangeDead& wish, std::optional<Batch> edited, LinkId link, Turn& turn) {
  dead_.add(link, wish, std::move(edited), dead_books(), turn);
}

void Outbox::on_loaded(const DeadReply& reply, Turn& turn) { dead_.on_loaded(reply, dead_books(), turn); }

/// Dead letters have become parked messages that are due now: a page brings them.
void Outbox::on_raised(Turn& turn) {
  for (const SubscriptionId id : dead_.on_committed(turn)) {
    if (const auto at = subscriptions_.find(id); at != subscriptions_.end()) let_go(at->second, turn.now, turn);
  }
}

}  // namespace restante::core
