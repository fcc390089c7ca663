#include "core/whereabouts.h"

#include <algorithm>

namespace restante::core {
namespace {

using State = Whereabouts::State;

State state_of(const LooseMessages::Message& message) {
  if (message.burying) return State::dying;
  if (message.holder != 0) return State::in_hand;
  return message.attempts > 0 ? State::tried : State::waiting;
}

/// Of one that has no history of its own.
State state_of(const Cursor& cursor, Sequence sequence) {
  if (cursor.settled(sequence)) return State::settled;
  auto entry = cursor.entries().upper_bound(sequence);
  if (entry == cursor.entries().begin()) return State::waiting;
  --entry;
  const auto has_it = [sequence](const Hold& hold) {
    return hold.session != 0 && hold.range.first <= sequence && sequence <= hold.range.last;
  };
  const std::vector<Hold>& holds = entry->second.holds;
  return std::any_of(holds.begin(), holds.end(), has_it) ? State::in_hand : State::waiting;
}

}  // namespace

std::vector<Whereabouts> whereabouts_of(const Office& office, const std::string& stream, Sequence sequence) {
  std::vector<Whereabouts> all;
  const auto outbox = office.streams().find(stream);
  if (outbox == office.streams().end() || sequence == 0 || sequence > outbox->second.head()) return all;
  for (const auto& [id, subscription] : outbox->second.subscriptions()) {
    Whereabouts one{subscription.record.name, State::settled, 0, {}, false};
    const LooseMessages::Map& loose = subscription.group.loose().all();
    if (const auto known = loose.find(sequence); known != loose.end()) {
      one.state = state_of(known->second);
      one.attempts = known->second.attempts;
      one.reason = known->second.reason;
    } else if (sequence <= subscription.record.start) {
      one.state = State::not_owned;
    } else {
      one.state = state_of(subscription.group.cursor(), sequence);
      one.may_be_parked = one.state == State::settled && subscription.parked_elsewhere > 0;
    }
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace restante::core
