#include "core/reader_group.h"

#include <algorithm>
#include <iterator>

#include "core/assert.h"
#include "core/attempt_history.h"

namespace restante::core {

namespace {

std::uint64_t share_of(const CopiedBatch& batch) { return batch.octets() / batch.messages(); }

Range overlap(Range a, Range b) { return {std::max(a.first, b.first), std::min(a.last, b.last)}; }
bool is_range(Range range) { return range.first <= range.last; }
std::uint64_t count(Range range) { return range.last - range.first + 1; }

/// Calls `visit(entry, part)` for each unsettled entry that `range` meets.
template <typename Visit>
void each_entry(Cursor& cursor, Range range, Visit visit) {
  auto at = cursor.entries().upper_bound(range.first);
  if (at != cursor.entries().begin()) --at;
  for (; at != cursor.entries().end() && at->first <= range.last; ++at) {
    const Range part = overlap(range, at->second.range);
    if (is_range(part) && at->second.unsettled > 0) visit(at->second, part);
  }
}

}  // namespace

ConsumerSession* ReaderGroup::find(Token token) {
  const auto at = sessions_.find(token);
  return at == sessions_.end() ? nullptr : &at->second;
}

Instant ReaderGroup::next_deadline(Instant now) const {
  const Instant gate = drains_ ? never : drain_.opens();  // shut: something may wait for it
  return std::min({next_scan_, next_expiry_, loose_.next_due_after(now), gate});
}

// ---- holds

void ReaderGroup::hold(Cursor::Entry& entry, Range range, ConsumerSession& session, bool reported, const Turn& turn) {
  entry.holds.push_back(Hold{range, session.token, turn.now, reported});
  session.out.messages += count(range);
  session.out.octets += count(range) * share_of(*entry.batch);
  if (!reported) next_scan_ = std::min(next_scan_, after(turn.now, limits::ack_wait));
  if (strict()) turns_.on_held(topic_of(entry), entry.range.first);
}

void ReaderGroup::unhold(Cursor::Entry& entry, Range part, Token only_of) {
  std::vector<Hold> kept;
  for (const Hold& held : entry.holds) {
    const Range common = overlap(held.range, part);
    if (!is_range(common) || (only_of != 0 && held.session != only_of)) {
      kept.push_back(held);
      continue;
    }
    if (ConsumerSession* session = find(held.session)) {
      session->give_back(count(common), count(common) * share_of(*entry.batch));
    }
    Hold rest = held;
    if (held.range.first < common.first) {
      rest.range = {held.range.first, common.first - 1};
      kept.push_back(rest);
    }
    if (held.range.last > common.last) {
      rest.range = {common.last + 1, held.range.last};
      kept.push_back(rest);
    }
  }
  entry.holds = std::move(kept);
  if (strict() && entry.batch != nullptr) turns_.touch(topic_of(entry));
}

// ---- batches

void ReaderGroup::track(const BatchRef& batch, Cursor::Change& change, const Turn& turn) {
  Cursor::Entry& entry = cursor_.track(batch, change);
  if (entry.unsettled == 0) {
    cursor_.raise_floor();
    return;
  }
  const Sequence first = entry.range.first;
  note_expiry(entry);
  if (ConsumerSession* owner = exclusive() ? live_session(*batch) : find(batch->batch.header().owner)) {
    for (const Range& range : unheld(entry)) hold(entry, range, *owner, reported_early_.contains(range), turn);
  } else if (!is_early(*batch, turn) || !set_aside(entry)) {
    owe(first);
  }
  reported_early_.erase_up_to(cursor_.tracked_to());
}

bool ReaderGroup::shrink(std::uint64_t octets_max, BacklogCount& beyond) {
  bool any = false;
  while (cursor_.octets() > octets_max && cursor_.entries().size() > 1) {
    const auto& [first, entry] = *std::prev(cursor_.entries().end());
    const bool on_disk = entry.batch == nullptr || entry.batch->place == CopiedBatch::Place::stored;
    const auto loose = loose_.all().lower_bound(first);
    const bool has_history = entry.deaths > 0 || (loose != loose_.all().end() && loose->first <= entry.range.last);
    if (!on_disk || has_history || !entry.holds.empty() || !cursor_.can_untrack_last()) break;
    owed_.erase(first);
    if (strict() && entry.batch != nullptr) {
      if (TopicTurns::Books* books = turns_.find(topic_of(entry))) turns_.on_not_owed(*books, first);
      turns_.touch(topic_of(entry));
    }
    if (entry.batch != nullptr)
      beyond.on_untracked(cursor_.tracked_to(), entry.batch->messages(), entry.batch->octets());
    cursor_.untrack_last();
    any = true;
  }
  return any;
}

void ReaderGroup::count_live(Token owner, const CopiedBatch& batch) {
  ConsumerSession* session = find(owner);
  if (session == nullptr) return;
  session->live_used.messages += batch.messages();
  session->live_used.octets += batch.octets();
}

// ---- sessions

void ReaderGroup::join(const ConsumerSession& session, const std::vector<GrantRange>& held, const Turn& turn) {
  live_ = false;
  want_ = 0;
  if (exclusive()) reported_early_.clear();  // another session's
  ConsumerSession& joined = sessions_[session.token] = session;
  std::set<Sequence> cut;  // batches of which it goes on with a part: it was a cut and no death
  for (const GrantRange& claimed : held) {
    each_entry(cursor_, claimed.range, [&](Cursor::Entry& entry, Range part) {
      IntervalSet owed(owed_ranges(entry));
      const std::vector<Range> free = owed.intersection(part);
      for (const Range& range : free) hold(entry, range, joined, true, turn);
      if (!free.empty() && entry.deaths > 0 && cut.insert(entry.range.first).second) --entry.deaths;
    });
    for (auto at = loose_.all().lower_bound(claimed.range.first);
         at != loose_.all().end() && at->first <= claimed.range.last; ++at) {
      LooseMessages::Message& message = *loose_.find(at->first);
      if (message.holder != 0 || message.burying || message.grant != claimed.grant) continue;
      message.deaths -= std::min(message.deaths, 1U);
      message.holder = joined.token;
      loose_.set_due(at->first, message, never);
      joined.out.messages += 1;
      joined.out.octets += message.octets;
    }
  }
}

void ReaderGroup::admit(Token token, Turn& turn) {
  ConsumerSession* session = find(token);
  if (session == nullptr) return;
  session->admitted = true;
  if (!drain_.rate().any() || sessions_.size() > 1) return;
  // Of many nodes that have waited for one consumer not all begin at once.
  const auto start = std::chrono::duration_cast<Duration>(limits::drain_start).count();
  const auto wait = turn.random.next() % static_cast<std::uint64_t>(start);
  drain_.shut_until(after(turn.now, Duration{static_cast<std::int64_t>(wait)}));
}

void ReaderGroup::leave(Token token, bool in_order, const Turn& turn) {
  if (find(token) == nullptr) return;
  for (auto& [first, entry] : cursor_.entries()) {
    const bool holds =
        std::any_of(entry.holds.begin(), entry.holds.end(), [&](const Hold& held) { return held.session == token; });
    if (!holds) continue;
    unhold(entry, entry.range, token);
    if (!in_order) ++entry.deaths;
    owe(first);
  }
  std::vector<Sequence> held;
  for (const auto& [sequence, message] : loose_.all()) {
    if (message.holder == token) held.push_back(sequence);
  }
  for (const Sequence sequence : held) {
    LooseMessages::Message& message = *loose_.find(sequence);
    message.holder = 0;
    loose_.set_due(sequence, message, turn.now);
    touch(message);
    if (in_order) continue;
    if (++message.deaths >= limits::suspect_deaths && !message.alone) {
      message.alone = true;
    } else if (message.alone) {
      end_attempt(sequence, message, find(token)->who, "the worker died with only this message in hand", Duration{},
                  turn);
    }
  }
  if (!in_order) ++counters_.deaths;
  gaps_.on_left(token);
  sessions_.erase(token);
  live_ = false;
}

// ---- settling

void ReaderGroup::drop_loose(Sequence sequence, bool settled) {
  LooseMessages::Message* message = loose_.find(sequence);
  if (message == nullptr) return;
  if (ConsumerSession* holder = find(message->holder)) {
    holder->give_back(1, message->octets);
    if (message->alone) holder->alone = false;
  }
  if (settled && (message->parked || message->parking)) unparked_.push_back({sequence, message->grant});
  const std::optional<std::string> topic = std::exchange(message->topic, std::nullopt);
  unplaced_.erase(sequence);
  fetches_.erase(sequence);
  fetched_.erase(sequence);
  loose_.erase(sequence);
  if (topic) turns_.on_loose_gone(*topic, sequence);
}

/// False if a part of it is ahead of its copies and there was no room to remember that (B2). A message that an operator
/// put in the place of another has its sequence and not its grant.
bool ReaderGroup::settle_range(const GrantRange& ids, Cursor::Change& change) {
  const Range range = ids.range;
  each_entry(cursor_, range, [&](Cursor::Entry& entry, Range part) { unhold(entry, part, 0); });
  for (auto at = loose_.all().lower_bound(range.first); at != loose_.all().end() && at->first <= range.last;) {
    const Sequence sequence = at->first;
    const bool parked = at->second.parked;
    const bool is_it = at->second.grant == ids.grant;
    ++at;
    if (!is_it) continue;
    drop_loose(sequence, true);
    counters_.acked += parked ? 1U : 0U;
  }
  const std::uint64_t before = change.messages + change.early;
  const bool is_all = cursor_.settle(range, change);
  counters_.acked += change.messages + change.early - before;
  cursor_.raise_floor();
  if (cursor_.settled_entries() > limits::tracked_batches_max / 2) aside_wanted_ = true;
  return is_all;
}

void ReaderGroup::settle(const Settle& settle, Cursor::Change& change, const Turn& turn) {
  ConsumerSession* session = find(settle.token);
  RESTANTE_ASSERT(session != nullptr);
  ++session->heard;
  for (const GrantRange& ack : settle.acks) {
    // If there is no room to remember the ack, its copy must not be taken for one that waits in a queue there (B2).
    reported_early_.erase(ack.range);
    if (!settle_range(ack, change)) session->doubt_to = std::max(session->doubt_to, ack.range.last);
  }
  for (const Reject& rejected : settle.rejects) reject(rejected, *session, turn);
  for (const GrantRange& released : settle.released) release(settle.token, released);
  for (const Nack& nack : settle.nacks) {
    reported_early_.erase(nack.sequence);
    const auto delay =
        nack.delay_ms < 0 ? std::nullopt : std::optional<Duration>(std::chrono::milliseconds(nack.delay_ms));
    end_attempt(nack.sequence, nack.grant, *session, nack.lease_ended ? "the lease ended" : "nack", delay, turn);
  }
  for (const GrantRange& received : settle.received) report(settle.token, received.range, turn);
  session->credit = settle.credit;
}

void ReaderGroup::reject(const Reject& reject, ConsumerSession& session, const Turn& turn) {
  const Sequence sequence = reject.sequence;
  reported_early_.erase(sequence);
  Cursor::Entry* entry = cursor_.find(sequence);
  LooseMessages::Message* message = loose_.find(sequence);
  if (message == nullptr) {
    // Its row is not in memory: it comes again, and its consumer must not have forgotten by then what it said (X9).
    if (sequence > cursor_.tracked_to()) session.doubt_to = std::max(session.doubt_to, sequence);
    if (entry == nullptr || cursor_.settled(sequence)) return;
    loosen(*entry, sequence, session.token);
    message = loose_.find(sequence);
  }
  if (message->grant != reject.grant || message->burying) return;
  // Said of it before it was a dead letter, and said again: whoever has it now is yet to judge.
  if (message->revived && message->holder != session.token) return;
  ++message->attempts;
  add_attempt(message->history, turn.wall_ms, session.who, "rejected: " + reject.reason);
  bury(sequence, "rejected: " + reject.reason);
}

void ReaderGroup::release(Token token, const GrantRange& ids) {
  const Range range = ids.range;
  reported_early_.erase(range);
  each_entry(cursor_, range, [&](Cursor::Entry& entry, Range part) {
    unhold(entry, part, token);
    owe(entry.range.first);
  });
  ConsumerSession& session = *find(token);
  for (auto at = loose_.all().lower_bound(range.first); at != loose_.all().end() && at->first <= range.last; ++at) {
    LooseMessages::Message& message = *loose_.find(at->first);
    if (message.holder != token || message.grant != ids.grant) continue;
    message.holder = 0;
    session.give_back(1, message.octets);
    if (message.alone) session.alone = false;
    loose_.set_due(at->first, message, Instant{});
    touch(message);
  }
}

void ReaderGroup::report(Token token, Range range, const Turn& turn) {
  if (range.last > cursor_.tracked_to() && reported_early_.size() < limits::early_ranges_max) {
    // A live copy may arrive before its copy does; each is reported once.
    reported_early_.insert(Range{std::max(range.first, cursor_.tracked_to() + 1), range.last});
  }
  each_entry(cursor_, range, [&](Cursor::Entry& entry, Range part) {
    if (exclusive()) {  // it came live although the books have it as owed: it need not be sent
      for (const Range& free : IntervalSet(owed_ranges(entry)).intersection(part)) {
        hold(entry, free, *find(token), true, turn);
      }
    }
    std::vector<Hold> split;
    for (Hold& held : entry.holds) {
      const Range common = overlap(held.range, part);
      if (held.session != token || held.reported || !is_range(common)) continue;
      Hold rest = held;
      if (held.range.last > common.last) {
        rest.range = {common.last + 1, held.range.last};
        split.push_back(rest);
      }
      if (held.range.first < common.first) {
        rest.range = {held.range.first, common.first - 1};
        split.push_back(rest);
      }
      held.range = common;
      held.reported = true;
    }
    entry.holds.insert(entry.holds.end(), split.begin(), split.end());
  });
}

void ReaderGroup::loosen(Cursor::Entry& entry, Sequence sequence, Token holder) {
  unhold(entry, Range{sequence, sequence}, 0);
  LooseMessages::Message& message = loose_.add(sequence);
  message.grant = entry.batch->batch.header().grant;
  message.batch = entry.batch;
  message.octets = share_of(*entry.batch);
  if (strict()) place(sequence, *entry.batch);
  message.holder = 0;
  ConsumerSession* session = find(holder);
  if (session == nullptr) return;
  message.holder = holder;
  session->out.messages += 1;
  session->out.octets += message.octets;
}

// ---- time

void ReaderGroup::on_time(const Turn& turn) {
  if (turn.now >= next_expiry_) {
    next_expiry_ = never;  // found anew when it is looked at
    expiry_due_ = true;
  }
  if (turn.now < next_scan_) return;
  next_scan_ = never;
  for (auto& [first, entry] : cursor_.entries()) {
    std::vector<Hold> lost;
    for (const Hold& held : entry.holds) {
      if (held.reported) continue;
#ifdef RESTANTE_PLANT_NO_ACK_WAIT
      continue;  // the planted bug of a campaign's control: a lost live copy is never missed
#endif
      const Instant end = after(held.since, limits::ack_wait);
      if (end <= turn.now) lost.push_back(held);
      else next_scan_ = std::min(next_scan_, end);
    }
    for (const Hold& held : lost) {
      unhold(entry, held.range, held.session);
      counters_.live_lost += count(held.range);
      owe(first);
    }
  }
}

}  // namespace restante::core
