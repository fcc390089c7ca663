/// \file
/// What a stream reads from the store: pages of rows for those who catch up, rows of parked messages.

#include <algorithm>
#include <limits>

#include "core/outbox.h"

namespace restante::core {

void Outbox::set_share(std::uint64_t octets) {
  const bool shrinks = octets < share_;
  share_ = octets;
  if (!shrinks) return;
  for (auto& [id, subscription] : subscriptions_) {
    // A page under way begins where the window ended: it would leave a hole now.
    if (subscription.group.shrink(octets, subscription.beyond)) subscription.load_number = 0;
  }
  BacklogCount beyond;  // of no interest: a replay has no limit
  for (auto& [token, replay] : replays_) {
    if (replay.group.shrink(octets, beyond)) replay.load_number = 0;
  }
}

void Outbox::next_loads(std::uint64_t& number, std::vector<LoadRequest>& loads, std::vector<ParkedRequest>& parked,
                        const Turn& turn) {
  for (WaitingForPlace& waiting : waiting_) next_load(waiting, number, loads);
  for (auto& [token, replay] : replays_) next_load(replay, number, loads);
  for (auto& [id, subscription] : subscriptions_) {
    const Cursor& cursor = subscription.group.cursor();
    if (subscription.load_number == 0 && cursor.tracked_to() < head_ && cursor.has_room(share_ / 2)) {
      subscription.load_number = ++number;
      loads.push_back(LoadRequest{number, record_.id, cursor.tracked_to(), limits::sequence_max,
                                  std::min<std::size_t>(limits::page_octets, share_), limits::page_rows});
    }
    next_count(subscription, number, loads);
    if (subscription.fetch_number == 0) {
      if (const auto sequence = subscription.group.next_fetch(turn.now)) {
        subscription.fetch_number = ++number;
        subscription.fetching = *sequence;
        loads.push_back(LoadRequest{number, record_.id, *sequence - 1, *sequence, 1, 1, 0, id});
      }
    }
    // A page now would be full of what is settled and only not yet deleted.
    const bool leaving =
        subscription.group.has_unparked() || !pending_unparked_.empty() || !in_commit_.unparked.empty();
    const bool strict = subscription.group.strict();  // what is not in memory holds nobody knows what
    const bool due = !leaving && subscription.parked_due_ms &&
                     (strict || *subscription.parked_due_ms <= turn.clock_ms) &&
                     subscription.group.loose().size() < limits::loose_messages_max / 4;
    if (subscription.parked_number == 0 && (due || !subscription.parked_known)) {
      subscription.parked_number = ++number;
      const bool all = strict || !subscription.parked_known;
      const std::int64_t due_ms = all ? std::numeric_limits<std::int64_t>::max() : turn.clock_ms;
      parked.push_back(ParkedRequest{number, id, due_ms, limits::loose_messages_max / (strict ? 1 : 2)});
    }
  }
}

BatchRef Outbox::parse_row(const RowRecord& row, const Turn& turn) {
  BatchRef known = in_memory(row.first);
  if (known != nullptr && known->last() == row.last && known->batch.header().grant == row.grant) return known;
  std::string why;
  auto batch = Batch::parse(row.octets.aligned(), why);
  if (!batch || batch->header().first != row.first || batch->header().last != row.last || batch->header().skip) {
    ++damaged_;
    turn.notices.push_back("a stored batch of stream " + record_.name + ", sequences " + std::to_string(row.first) +
                           " to " + std::to_string(row.last) + ", is damaged and is left out: " + why);
    return nullptr;
  }
  auto parsed = std::make_shared<CopiedBatch>(std::move(*batch));
  parsed->place = CopiedBatch::Place::stored;
  // A dead letter that comes again is as old as its operator wants it to be.
  const std::int64_t age_ms = std::clamp<std::int64_t>(turn.clock_ms - row.stored_ms, 0, limits::wait_ms_max);
  if (row.stored_ms != 0) set_age(*parsed, turn.now - std::chrono::milliseconds(age_ms));
  return parsed;
}

void Outbox::note_damage(const LoadReply& reply, const Turn& turn) {
  for (const Range& range : reply.damaged) {
    ++damaged_;
    turn.notices.push_back("sequences " + std::to_string(range.first) + " to " + std::to_string(range.last) +
                           " of stream " + record_.name + " are damaged or missing in the store and are left out");
  }
}

void Outbox::on_loaded(const LoadReply& reply, Turn& turn) {
  if (load_place(reply, turn) || load_replay(reply, turn)) return;
  for (auto& [id, subscription] : subscriptions_) {
    if (reply.number == subscription.fetch_number) {
      subscription.fetch_number = 0;
      const bool found = !reply.rows.empty() && reply.rows.front().first <= subscription.fetching;
      subscription.group.on_fetched(subscription.fetching, found ? parse_row(reply.rows.front(), turn) : nullptr);
      if (!found) note_damage(LoadReply{0, 0, {}, true, {{subscription.fetching, subscription.fetching}}}, turn);
      return;
    }
    if (reply.number == subscription.count_number) return count_page(reply, subscription);
    if (reply.number != subscription.load_number) continue;
    subscription.load_number = 0;
    note_damage(reply, turn);
    const Cursor& cursor = subscription.group.cursor();
    const auto is_owned = [&, own = &subscription](const CopiedBatch& batch) { return owns(*own, batch); };
    const auto track = [&, own = &subscription](const BatchRef& batch) {
      if (batch->owed_by == 0) batch->owed_by = 1;
      own->beyond.on_tracked(batch->last(), batch->messages(), batch->octets());
      Cursor::Change change;
      own->group.track(batch, change, turn);
      apply(change, *own, turn.now);
    };
    if (!take_rows(reply, subscription.group.cursor(), is_owned, track, turn) || !reply.end) return;
    take_fresh(subscription, turn);
    if (cursor.tracked_to() >= head_) count_backlog(subscription);  // else not all of it found room
    return;
  }
}

/// The rows of a page go into the window of whoever asked for it. False if there was no room for all.
bool Outbox::take_rows(const LoadReply& reply, Cursor& cursor, const std::function<bool(const CopiedBatch&)>& is_owned,
                       const std::function<void(const BatchRef&)>& track, const Turn& turn) {
  const Sequence before = cursor.tracked_to();
  for (const RowRecord& row : reply.rows) {
    if (row.last <= cursor.tracked_to()) continue;
    const BatchRef batch = parse_row(row, turn);
    if (batch == nullptr || !is_owned(*batch)) {
      cursor.pass(row.last);
      continue;
    }
    if (!cursor.has_room(share_)) return false;
    track(batch);
  }
  if (!reply.end && cursor.tracked_to() == before && !reply.damaged.empty()) {  // the next page is behind the damage
    const Range& bad = reply.damaged.back();  // its end is less to be trusted than its beginning
    cursor.pass(bad.first > before ? bad.first : bad.last);
  }
  return true;
}

/// The page was the last: what is above it is in the line, fresh or just being written (answers of the store come in
/// the order in which it worked, so nothing can be between the two).
void Outbox::take_fresh(Subscription& subscription, const Turn& turn) {
  Cursor& cursor = subscription.group.cursor();
  for (const BatchRef& batch : line_) {
    if (batch->first() <= cursor.tracked_to() || batch->messages() == 0 || batch->owed_by == 0) continue;
    if (!owns(subscription, *batch)) continue;
    if (!cursor.has_room(share_)) return;
    subscription.beyond.on_tracked(batch->last(), batch->messages(), batch->octets());
    Cursor::Change change;
    subscription.group.track(batch, change, turn);
    apply(change, subscription, turn.now);
  }
  cursor.pass(head_);
}

}  // namespace restante::core
