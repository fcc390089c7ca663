/// \file
/// The consumers' side of a stream's books.

#include <algorithm>

#include "core/assert.h"
#include "core/live_source.h"
#include "core/outbox.h"

namespace restante::core {

namespace {

constexpr int claim_random_bits = 16;
constexpr std::uint64_t claim_generations_max = 1U << 20;  // a claim that is further ahead was never drawn here

std::string text_of(SubscriptionMode mode) {
  if (mode == SubscriptionMode::shared) return "a shared";
  return mode == SubscriptionMode::strict ? "a strict" : "an exclusive";
}

}  // namespace

Subscription* Outbox::find(Token token) {
  const auto at = sessions_.find(token);
  return at == sessions_.end() ? nullptr : &subscriptions_.at(at->second);
}

const Subscription* Outbox::subscription(const std::string& name) const {
  const auto at = std::find_if(subscriptions_.begin(), subscriptions_.end(),
                               [&](const auto& known) { return known.second.record.name == name; });
  return at == subscriptions_.end() ? nullptr : &at->second;
}

void Outbox::add_subscription(const SubscriptionRecord& record) {
  Subscription added{record, ReaderGroup(Cursor(record.start, {}), settings_.retry.with(record.retry), record.mode)};
  added.cursor_dirty = true;
  added.durable_floor = record.start;
  added.beyond = BacklogCount(head_);
  own_line(added);
  added.group.set_drain(record_.drain);
  subscriptions_.emplace(record.id, std::move(added));
  write_record(record);
}

/// From now on it owns what is above its start, fresh or not (B1).
void Outbox::own_line(Subscription& subscription) {
  estimate_backlog(subscription);
  for (const BatchRef& batch : line_) {
    if (batch->messages() == 0 || batch->last() <= subscription.record.start || !owns(subscription, *batch)) continue;
    ++batch->owed_by;
    collected_ = 0;                                           // what needed no row before may need one now
    if (batch->place != CopiedBatch::Place::fresh) continue;  // the others are in the estimate
    subscription.backlog_messages += batch->messages();
    subscription.backlog_octets += batch->octets();
  }
}

/// With the next commit; of several changes before it the last one.
void Outbox::write_record(const SubscriptionRecord& record) {
  std::erase_if(pending_subscriptions_, [&](const SubscriptionRecord& pending) { return pending.id == record.id; });
  pending_subscriptions_.push_back(record);
}

std::optional<std::string> Outbox::refusal(const Subscribe& subscribe, const SubscriptionRecord& record) const {
  const std::string what = "cannot subscribe to stream " + record_.name + " as " + record.name + ": ";
  if (subscribe.mode != record.mode) {
    return what + "it exists as " + text_of(record.mode) + " subscription; use another name";
  }
  return std::nullopt;
}

/// Claims of an exclusive name rise (X7). Their low bits are random: after a crash that lost the newest number, two
/// holders of the same one would take the name from each other for ever.
void Outbox::draw_claim(std::uint64_t presented, Subscription& subscription, Turn& turn) {
  SubscriptionRecord& record = subscription.record;
  if (presented == record.claim && presented != 0) return;
  const std::uint64_t generation = record.claim >> claim_random_bits;
  if (presented != 0) {
    record.claim = presented;
  } else {
    record.claim = ((generation + 1) << claim_random_bits) | turn.random.below(std::uint64_t{1} << claim_random_bits);
  }
  write_record(record);
}

/// A consumer on a new link replaces itself; in an exclusive subscription it replaces everyone.
void Outbox::replace_sessions(const ConsumerSession& session, Subscription& subscription, Turn& turn) {
  const std::map<Token, ConsumerSession> before = subscription.group.sessions();
  for (const auto& [token, known] : before) {
    const bool same = known.session == session.session;
    if (!same && !subscription.group.has_one_reader()) continue;
    leave(token, true, turn);  // a cut or a takeover, no death
    if (!same) {
      const std::string text = "subscription " + subscription.record.name + " of stream " + record_.name +
                               " was taken over by a newer consumer";
      turn.out.push_back(Outgoing{known.link, TakenOver{token, text, known.session}, {}});
    } else if (known.link != session.link) {
      turn.out.push_back(Outgoing{known.link, Unknown{}, {}});  // if it lives after all, its library must begin again
    }
  }
}

void Outbox::subscribe(const Subscribe& subscribe, SubscriptionId id, const ConsumerSession& session, Turn& turn) {
  if (const auto refused = removal_refusal(subscribe)) {
    turn.out.push_back(Outgoing{session.link, *refused, {}});
    return;
  }
  auto at = std::find_if(subscriptions_.begin(), subscriptions_.end(),
                         [&](const auto& known) { return known.second.record.name == subscribe.subscription; });
  if (at == subscriptions_.end()) {
    if (!make_subscription(subscribe, id, session, turn)) return;
    at = subscriptions_.find(id);
  }
  Subscription& subscription = at->second;
  const auto refuse = [&](ErrorCode code, const std::string& text) {
    turn.out.push_back(Outgoing{session.link, Refused{Side::session, session.session, code, text}, {}});
  };
  if (const auto text = refusal(subscribe, subscription.record)) return refuse(ErrorCode::bad_argument, *text);
  if (subscription.group.has_one_reader()) {
    if (subscribe.claim != 0 && subscribe.claim < subscription.record.claim) {
      return refuse(ErrorCode::held_elsewhere, "subscription " + subscription.record.name + " of stream " +
                                                   record_.name + " was taken over by a newer consumer");
    }
  }
  if (subscribe.filters != subscription.record.filters) {
    if (const auto why = change_filters(subscribe.filters, session.session, subscription)) {
      return refuse(ErrorCode::retry_later, *why);
    }
  }
  if (subscription.group.has_one_reader()) {  // not before: who is refused takes the name from nobody
    const bool plausible = (subscribe.claim - subscription.record.claim) >> claim_random_bits < claim_generations_max;
    draw_claim(plausible ? subscribe.claim : 0, subscription, turn);
  }
  replace_sessions(session, subscription, turn);

  std::vector<GrantRange> held;
  std::copy_if(subscribe.held.begin(), subscribe.held.end(), std::back_inserter(held),
               [&](const GrantRange& range) { return is_granted(range) || subscription.group.knows(range); });
  ConsumerSession joined = session;
  joined.regressed_at = first_of_other_store(subscribe.known);
  subscription.group.join(joined, held, turn);
  sessions_[session.token] = at->first;
  if (subscription.on_disk && !subscription.changing) {
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
  subscription->group.admit(token, turn);
  const ConsumerSession& session = subscription->group.sessions().at(token);
  turn.out.push_back(Outgoing{
      session.link,
      Subscribed{session.session, token, subscription->record.mode, subscription->record.claim,
                 subscription->durable_floor, grant_list(), session.regressed_at, subscription->group.first_in_order(),
                 subscription->record.older.empty() ? 0 : subscription->record.older.back().to,
                 subscription->record.made, 0},
      {}});
  if (writer_.attached) tell_sources(turn);
}

/// Where a process on `host` hears the seated writer; empty: nowhere.
std::string Outbox::source_for(const std::string& host) const {
  const WriterSeat::Holder& holder = writer_.holder;
  std::string source = live_source(holder.live_endpoints, holder.peer_address, host == holder.host);
  if (source.size() > limits::endpoint_size_max) source.clear();  // with the address in it
  return source;
}

/// How many hear the seated writer, or will in a moment.
std::uint32_t Outbox::listening() const {
  std::size_t all = 0;
  for (const auto& [token, listener] : listeners_) all += listener.endpoint.value_or("").empty() ? 0U : 1U;
  for (const auto& [id, subscription] : subscriptions_) {
    for (const auto& [token, session] : subscription.group.sessions()) {
      all += session.listens && !session.endpoint.empty() ? 1U : 0U;
    }
  }
  return static_cast<std::uint32_t>(all);
}

/// Tells who listens where the seated writer publishes. Before any copy of it: only what is on its way to a reader may
/// be taken for held by it.
void Outbox::tell_sources(Turn& turn) {
  for (auto& [token, listener] : listeners_) {
    std::string source = source_for(listener.host);
    if (source == listener.endpoint) continue;
    listener.endpoint = source;  // an empty one too: it has no other way, and is to know
    turn.out.push_back(Outgoing{listener.link, LiveSource{token, std::move(source)}, {}});
  }
  for (auto& [id, subscription] : subscriptions_) {
    if (!subscription.group.exclusive()) continue;
    const std::map<Token, ConsumerSession> sessions = subscription.group.sessions();
    for (const auto& [token, session] : sessions) {
      if (!session.listens || !session.admitted) continue;
      std::string source = source_for(session.host);
      if (source == session.endpoint) continue;
      subscription.group.hear(token, source);
      if (!source.empty()) turn.out.push_back(Outgoing{session.link, LiveSource{token, std::move(source)}, {}});
    }
  }
}

void Outbox::listen(Token token, const Listener& listener, Turn& turn) {
  const auto same = [&](const auto& known) { return known.second.session == listener.session; };
  const auto before = std::find_if(listeners_.begin(), listeners_.end(), same);
  if (before != listeners_.end()) listeners_.erase(before);  // on a new link
  if (!std::exchange(keeps_log_, true)) log_.begin(head_);
  listeners_[token] = listener;
  turn.out.push_back(
      Outgoing{listener.link,
               Subscribed{listener.session, token, SubscriptionMode::live, 0, head_, grant_list(), 0, 0, 0, 0},
               {}});
  if (writer_.attached) tell_sources(turn);
}

/// Tells who only listens what it should have heard by now: what it missed last, nothing that follows would show.
void Outbox::tell_published(Turn& turn) {
  for (auto& [token, listener] : listeners_) {
    if (listener.told_to >= log_.to()) continue;
    Published published = log_.wanted(listener.filters, listener.told_to);
    published.token = token;
    listener.told_to = published.to;
    turn.out.push_back(Outgoing{listener.link, std::move(published), {}});
  }
}

void Outbox::dismiss_listeners(const std::string& why, Turn& turn) {
  for (const auto& [token, listener] : listeners_) {
    turn.out.push_back(Outgoing{listener.link, TakenOver{token, why, listener.session}, {}});
  }
  listeners_.clear();
}

/// What of it names blocks that are known here (B3), or messages that `group` knows apart from them. What was said
/// again and had been heard is at or below `floor`, and is not counted as ignored.
namespace {

/// All that is tracked in it is of this grant: rows that come again after a reset may be older than the blocks that are
/// open.
bool is_tracked(const Cursor& cursor, const GrantRange& id) {
  if (id.range.last > cursor.tracked_to()) return false;
  auto at = cursor.entries().upper_bound(id.range.first);
  if (at != cursor.entries().begin()) --at;
  bool any = false;
  for (; at != cursor.entries().end() && at->first <= id.range.last; ++at) {
    const Cursor::Entry& entry = at->second;
    if (entry.range.last < id.range.first || entry.batch == nullptr) continue;
    if (entry.batch->batch.header().grant != id.grant) return false;
    any = true;
  }
  return any;
}

}  // namespace

Settle Outbox::known_of(const Settle& settle, Sequence floor, const ReaderGroup* group) {
  Settle allowed = settle;
  const auto unknown = [&](const GrantRange& range) {
    return !is_granted(range) && (group == nullptr || (!group->knows(range) && !is_tracked(group->cursor(), range)));
  };
  const auto is_strange = [&](const GrantRange& range) { return range.range.last > floor && unknown(range); };
  ignored_acks_ += static_cast<std::uint64_t>(std::count_if(allowed.acks.begin(), allowed.acks.end(), is_strange));
  std::erase_if(allowed.acks, unknown);
  for (auto* ranges : {&allowed.released, &allowed.received}) {
    ignored_acks_ += static_cast<std::uint64_t>(std::erase_if(*ranges, unknown));
  }
  const auto foreign = [&](const auto& one) { return unknown({one.grant, {one.sequence, one.sequence}}); };
  ignored_acks_ += static_cast<std::uint64_t>(std::erase_if(allowed.nacks, foreign));
  ignored_acks_ += static_cast<std::uint64_t>(std::erase_if(allowed.rejects, foreign));
  return allowed;
}

void Outbox::settle(const Settle& settle, Turn& turn) {
  if (const auto replay = replays_.find(settle.token); replay != replays_.end()) {
    settle_replay(settle, replay->second, turn);
    return;
  }
  Subscription* subscription = find(settle.token);
  if (subscription == nullptr) return;
  const Settle allowed = known_of(settle, subscription->durable_floor, &subscription->group);
  // What is parked and not in memory: a late ack, or one that was said again, ends it all the same (X9).
  for (const GrantRange& ack : allowed.acks) {
    const Sequence passed = std::min(ack.range.last, subscription->group.cursor().floor());
    if (subscription->parked_elsewhere == 0 || ack.range.first > passed) continue;
    pending_unparked_.push_back(Unpark{subscription->record.id, ack.range.first, passed, ack.grant});
    prune_needed_ = true;
    cursor_due_ = std::min(cursor_due_, after(turn.now, limits::cursor_delay));
  }
  Cursor::Change change;
  subscription->group.settle(allowed, change, turn);
  apply(change, *subscription, turn.now);
  on_told(settle.missed, *subscription, turn.now);
}

void Outbox::catch_up(const CatchUp& request) {
  if (Subscription* subscription = find(request.token)) subscription->group.catch_up(request.want);
}

void Outbox::leave(Token token, bool in_order, Turn& turn) {
  stop_waiting(token);
  if (listeners_.erase(token) + removed_sessions_.erase(token) + replays_.erase(token) > 0) return;
  Subscription* subscription = find(token);
  if (subscription == nullptr) return;
  const auto& sessions = subscription->group.sessions();
  const auto at = sessions.find(token);
  if (writer_.attached && at != sessions.end() && at->second.announced) {
    turn.out.push_back(Outgoing{
        writer_.holder.link, LiveTarget{writer_.holder.handle, token, at->second.endpoint, 0, 0, true, {}}, {}});
  }
  subscription->group.leave(token, in_order, turn);
  std::erase(pending_admissions_, token);
  std::erase(in_commit_.admissions, token);  // or it would be back if that cannot be written
  std::erase(subscription->waiting, token);
  sessions_.erase(token);
}

}  // namespace restante::core
