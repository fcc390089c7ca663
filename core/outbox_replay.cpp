/// \file
/// Sessions that read what is kept, without a subscription and without moving anybody's cursor.

#include <algorithm>

#include "core/outbox.h"
#include "core/topic_filter.h"

namespace restante::core {

void Outbox::replay(const Subscribe& subscribe, const ConsumerSession& session, Turn& turn) {
  const Start start = *parse_start(subscribe.start);
  if (start.kind == Start::Kind::time) {
    waiting_.push_back({0, start.time_ms, WaitingSession{subscribe, 0, session}});
    return;
  }
  if (const auto text = problem_of(start)) {
    const std::string what = "cannot replay stream " + record_.name + ": " + *text;
    turn.out.push_back(
        Outgoing{session.link, Refused{Side::session, session.session, ErrorCode::bad_argument, what}, {}});
    return;
  }
  std::erase_if(replays_, [&](const auto& known) { return known.second.session == session.session; });  // another link
  // What is not confirmed may not be in the store yet; but what was there at the start is, though its writer was not
  // told.
  const Sequence stored_to = std::max(confirmed_to_, restart_head_);
  const Sequence from = std::min(place_of(start), stored_to);
  const Sequence until = subscribe.until == 0 ? stored_to : std::min(subscribe.until, stored_to);
  const std::vector<Range> unwanted{
      {std::max(from, until) + 1, limits::sequence_max}};  // of the batch that has `until`
  Replay replay{ReaderGroup(Cursor(from, unwanted), settings_.retry, SubscriptionMode::exclusive), session.session,
                session.link, subscribe.filters, std::max(from, until)};
  replay.group.ignore_age();
  replay.told_floor = from;
  replay.tells_gone = start.kind == Start::Kind::sequence;
  std::vector<GrantRange> held;
  std::copy_if(subscribe.held.begin(), subscribe.held.end(), std::back_inserter(held),
               [&](const GrantRange& range) { return is_granted(range); });
  replay.group.join(session, held, turn);
  replay.group.admit(session.token, turn);
  const Sequence last = replay.until;
  replays_.emplace(session.token, std::move(replay));
  turn.out.push_back(Outgoing{session.link,
                              Subscribed{session.session, session.token, SubscriptionMode::replay, 0, from,
                                         grant_list(), first_of_other_store(subscribe.known), 0, 0, 0, last},
                              {}});
}

void Outbox::settle_replay(const Settle& settle, Replay& replay, const Turn& turn) {
  Cursor::Change change;
  replay.group.settle(known_of(settle, replay.told_floor), change, turn);
  replay.group.on_heard(settle.token, replay.group.sessions().at(settle.token).heard);  // there is no disk to wait for
}

void Outbox::next_load(Replay& replay, std::uint64_t& number, std::vector<LoadRequest>& loads) const {
  const Cursor& cursor = replay.group.cursor();
  if (replay.load_number != 0 || cursor.tracked_to() >= replay.until || !cursor.has_room(share_ / 2)) return;
  replay.load_number = ++number;
  loads.push_back(LoadRequest{number, record_.id, cursor.tracked_to(), replay.until,
                              std::min<std::size_t>(limits::page_octets, share_), limits::page_rows});
}

/// A page for a replay; false if it is for nobody here.
bool Outbox::load_replay(const LoadReply& reply, Turn& turn) {
  const auto at = std::find_if(replays_.begin(), replays_.end(),
                               [&](const auto& known) { return known.second.load_number == reply.number; });
  if (at == replays_.end()) return false;
  Replay& replay = at->second;
  replay.load_number = 0;
  note_damage(reply, turn);
  Cursor& cursor = replay.group.cursor();
  const Sequence gone_to = std::min(reply.pruned_to, replay.until);
  if (gone_to > cursor.tracked_to()) {
    if (replay.tells_gone) {
      const Range gone{cursor.tracked_to() + 1, gone_to};
      turn.out.push_back(Outgoing{replay.link, Missed{at->first, turn.random.next() | 1, gone, not_kept, gone_to}, {}});
    }
    cursor.pass(gone_to);
  }
  replay.tells_gone = true;
  const auto is_owned = [&](const CopiedBatch& batch) {
    return filters_match(replay.filters, batch.batch.header().topic);
  };
  const auto track = [&](const BatchRef& batch) {
    Cursor::Change change;
    replay.group.track(batch, change, turn);
  };
  if (take_rows(reply, cursor, is_owned, track, turn) && reply.end) cursor.pass(replay.until);
  return true;
}

void Outbox::finish_replays(Turn& turn) {
  for (auto& [token, replay] : replays_) {
    ReaderGroup& group = replay.group;
    for (const ReaderGroup::Aside& aside :
         group.wants_commit() ? group.take_burials() : std::vector<ReaderGroup::Aside>{}) {
      Cursor::Change change;
      group.on_buried(aside.sequence, change);  // it is still there for whoever owns it
    }
    group.dispatch(turn);
    const Cursor& cursor = group.cursor();
    const bool all_sent = cursor.tracked_to() >= replay.until && group.goes_live(replay.until, true, false);
    const bool ends = cursor.floor() >= replay.until && !replay.has_ended;
    if (all_sent || ends) tell_checkpoint(token, replay, turn);
    replay.has_ended = replay.has_ended || ends;
  }
}

void Outbox::tell_checkpoint(Token token, Replay& replay, Turn& turn) {
  const Sequence floor = replay.told_floor = replay.group.cursor().floor();
  const Sequence to = replay.group.covered_to(replay.until);
  turn.out.push_back(Outgoing{replay.link, Checkpoint{token, to, floor, replay.group.tell_heard(token)}, {}});
}

}  // namespace restante::core
