#include "tests/sim/witness.h"

#include <algorithm>

#include <restante/limits.h>

#include "tests/sim/checkers.h"

namespace restante::sim {

namespace {

using core::Token;

bool is_there(const core::Office& office, Token token) {
  return std::any_of(office.streams().begin(), office.streams().end(),
                     [token](const auto& stream) { return stream.second.has_session(token); });
}

const std::string replay_name = "replay ";

std::map<std::string, Sequence> floors_of(const core::Office& office) {
  std::map<std::string, Sequence> floors;
  for (const auto& [name, outbox] : office.streams()) {
    for (const auto& [id, subscription] : outbox.subscriptions()) {
      floors[name + "/" + subscription.record.name] = subscription.group.cursor().floor();
    }
  }
  return floors;
}

void check_bound(const std::string& what, std::uint64_t value, std::uint64_t bound, const std::string& whose) {
  if (value <= bound) return;
  throw Violation(what + " above their bound: " + std::to_string(value) + " of " + std::to_string(bound) + " in " +
                  whose);
}

}  // namespace

void Witness::on_start() {
  tokens_.clear();
  holders_.clear();
  begun_.clear();
  claims_.clear();
}

void Witness::on_message(const core::ControlMessage& message, const core::Office& office) {
  if (const auto* subscribe = std::get_if<core::Subscribe>(&message)) {
    const bool replays = subscribe->mode == core::SubscriptionMode::replay;  // by no name, each by itself
    asked_[subscribe->session] = {replays ? replay_name + std::to_string(subscribe->session) : subscribe->subscription,
                                  subscribe->claim};
  } else if (const auto* wish = std::get_if<core::RemoveSubscription>(&message)) {
    removals_[wish->request] = wish->subscription;
  } else if (const auto* settle = std::get_if<core::Settle>(&message)) {
    on(*settle, office);
    floors_ = floors_of(office);
  }
}

void Witness::after_message(const core::ControlMessage& message, const core::Office& office) const {
  const auto* settle = std::get_if<core::Settle>(&message);
  if (settle == nullptr) return;
  const auto known = tokens_.find(settle->token);
  if (known == tokens_.end() || !known->second.starts_with(replay_name)) return;
  if (floors_of(office) != floors_) throw Violation("cursor moved by a replay: the floors of its stream are others");
}

void Witness::on_told(const core::ControlMessage& message, const core::Office& office) {
  if (const auto* subscribed = std::get_if<core::Subscribed>(&message)) on(*subscribed);
  else if (const auto* redelivery = std::get_if<core::Redelivery>(&message)) on(*redelivery, office);
  else if (const auto* removed = std::get_if<core::Removed>(&message); removed != nullptr && removed->done)
    claims_.erase(removals_.at(removed->request));
}

void Witness::forget(Token only_of, GrantId grant, core::Range range, const std::string& subscription) {
  auto at = holders_.lower_bound({subscription, grant, range.first});
  while (at != holders_.end() && at->first <= Id{subscription, grant, range.last}) {
    at = only_of == 0 || at->second == only_of ? holders_.erase(at) : std::next(at);
  }
}

/// A settlement counts whoever says it; what is given back is given back by its holder.
void Witness::on(const core::Settle& settle, const core::Office& office) {
  const auto known = tokens_.find(settle.token);
  if (known == tokens_.end() || !is_there(office, settle.token)) return;
  for (const auto& ack : settle.acks) forget(0, ack.grant, ack.range, known->second);
  for (const auto& reject : settle.rejects) {
    forget(0, reject.grant, {reject.sequence, reject.sequence}, known->second);
  }
  for (const auto& released : settle.released) forget(settle.token, released.grant, released.range, known->second);
  for (const auto& nack : settle.nacks) {
    forget(settle.token, nack.grant, {nack.sequence, nack.sequence}, known->second);
  }
}

void Witness::on(const core::Redelivery& redelivery, const core::Office& office) {
  const std::string& subscription = tokens_.at(redelivery.token);
  for (const auto& owed : redelivery.owed) {
    for (Sequence sequence = owed.range.first; sequence <= owed.range.last; ++sequence) {
      Token& holder = holders_[{subscription, redelivery.grant, sequence}];
      // A dead letter may still lie with a consumer that was cut off when another one rejected it.
      if (!redelivery.revived && holder != 0 && holder != redelivery.token && is_there(office, holder)) {
        throw Violation("sent to two sessions: sequence " + std::to_string(sequence) + " of " + subscription +
                        ", which another one has and did not give back");
      }
      holder = redelivery.token;
    }
  }
}

/// The higher claim wins (X7), so that who presents a lower one is never told that it has the name.
void Witness::on(const core::Subscribed& subscribed) {
  const auto& [subscription, presented] = asked_[subscribed.session];
  tokens_[subscribed.token] = subscription;
  std::uint64_t& newest = claims_[subscription];
  if (subscribed.claim < newest || (presented != 0 && presented < newest))
    throw Violation("older claim: it was given " + subscription + " back");
  newest = subscribed.claim;
}

namespace {

/// Counted anew from the entries, as the books of one subscription have it while the transaction is under way.
struct Cut {
  std::uint64_t messages = 0, octets = 0;  // that stay
  std::uint64_t cut = 0;
  core::IntervalSet gone, stays;
};

Cut count_cut(const core::Cursor& cursor) {
  Cut counted;
  for (const auto& [first, entry] : cursor.entries()) {
    if (entry.unsettled == 0) continue;
    core::IntervalSet gone;
    for (const core::Hold& held : entry.holds) {
      if (held.session == 0) gone.insert(held.range);
    }
    core::IntervalSet away = entry.settled;
    for (const core::Range& range : gone.ranges()) counted.gone.insert(range), away.insert(range);
    for (const core::Range& range : away.subtract_from(entry.range)) {
      counted.stays.insert(range);
      counted.messages += range.last - range.first + 1;
    }
    counted.cut += gone.count();
    counted.octets += entry.octets - entry.octets * gone.count() / entry.unsettled;
  }
  return counted;
}

}  // namespace

void Witness::check_cuts(const core::Transaction& transaction, const core::Office& office) {
  for (const auto& [name, outbox] : office.streams()) {
    for (const auto& [id, subscription] : outbox.subscriptions()) {
      const Cut counted = count_cut(subscription.group.cursor());
      core::IntervalSet gaps;
      bool is_expiry = false;
      for (const core::GapRecord& gap : transaction.gaps) {
        if (gap.subscription != id) continue;
        gaps.insert(gap.range);
        is_expiry = is_expiry || gap.reason.find(core::ReaderGroup::expired_text) != std::string::npos;
      }
      const std::string whose = subscription.record.name + " of " + name;
      for (const core::Range& range : counted.gone.ranges()) {
        if (!gaps.contains(range))
          throw Violation("cut without a gap: from " + std::to_string(range.first) + " in " + whose);
      }
      for (const core::OwedGaps::Gap& before : subscription.group.gaps().all())
        gaps.erase(before.range);  // judged then
      const bool is_exact = subscription.group.gaps().all().size() + transaction.gaps.size() < limits::gaps_max;
      for (const core::Range& range : counted.stays.ranges()) {
        if (is_exact && gaps.intersects(range)) {
          throw Violation("gap over what is still to come: " + std::to_string(range.first) + " to " +
                          std::to_string(range.last) + " in " + whose);
        }
      }
      const bool has_own = subscription.record.limit != BacklogLimit{};
      const BacklogLimit& limit = has_own ? subscription.record.limit : outbox.record().limit;
      const bool is_above = counted.cut == 0 || is_expiry || (limit.messages > 0 && limit.octets > 0) ||
                            counted.messages >= limit.messages - limit.messages / 8;
      if (!is_above && subscription.beyond.messages() == 0) {
        throw Violation("cut below a limit: " + std::to_string(counted.messages) + " messages left of " +
                        std::to_string(limit.messages) + " in " + whose);
      }
    }
  }
}

void Witness::check_books(const core::Office& office) {
  for (const auto& [name, outbox] : office.streams()) {
    if (outbox.head() + 1 < outbox.writer().first) {
      throw Violation("copied head below the grant: " + std::to_string(outbox.head()) + " of stream " + name +
                      ", whose writer was given what begins at " + std::to_string(outbox.writer().first));
    }
    for (const auto& [id, subscription] : outbox.subscriptions()) {
      const core::Cursor& cursor = subscription.group.cursor();
      const std::string whose = subscription.record.name + " of " + name;
      const Begun& begun = begun_.try_emplace(whose, Begun{cursor.floor(), cursor.early_ranges()}).first->second;
      if (cursor.floor() > std::max(outbox.head(), begun.floor)) {
        throw Violation("floor above the copied head: " + std::to_string(cursor.floor()) + " in " + whose);
      }
      // Twice the limits: what was copied before a restart comes into the window as it is sent again, and what is
      // rejected waits for its commit.
      check_bound("batches in a window", cursor.entries().size(), 2 * limits::tracked_batches_max, whose);
      check_bound("early acks", cursor.early_ranges(), std::max(limits::early_ranges_max, begun.early), whose);
      check_bound("messages with a history", subscription.group.loose().size(), 2 * limits::loose_messages_max, whose);
    }
  }
}

}  // namespace restante::sim
