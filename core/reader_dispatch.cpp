/// \file
/// Handing out: what is owed goes to whoever has credit, what is left of the credit is lent to the producer.

#include <algorithm>
#include <limits>
#include <utility>

#include "core/assert.h"
#include "core/reader_group.h"

namespace restante::core {

namespace {

std::uint64_t less(std::uint64_t from, std::uint64_t what) { return from - std::min(from, what); }

}  // namespace

std::vector<Range> ReaderGroup::owed_ranges(const Cursor::Entry& entry) const {
  std::vector<Range> ranges = unheld(entry);
  auto at = loose_.all().lower_bound(entry.range.first);
  if (at == loose_.all().end() || at->first > entry.range.last || ranges.empty()) return ranges;
  IntervalSet owed(ranges);
  for (; at != loose_.all().end() && at->first <= entry.range.last; ++at) owed.erase(at->first);
  return owed.ranges();
}

/// The session with the most free credit that can take a part of `octets`, or nullptr; also if it is too early for
/// more.
ConsumerSession* ReaderGroup::most_free(std::uint64_t octets) {
  ConsumerSession* best = nullptr;
  if (!drains_) return nullptr;
  for (auto& [token, session] : sessions_) {
    if (session.free_messages() == 0 || !session.has_octets(octets)) continue;
    if (best == nullptr || session.free_messages() > best->free_messages()) best = &session;
  }
  return best;
}

/// Is anything below `sequence` in the hand of the session?
bool ReaderGroup::holds_below(Token token, Sequence sequence) const {
  for (const auto& [at, message] : loose_.all()) {
    if (at >= sequence) break;
    if (message.holder == token) return true;
  }
  for (const auto& [first, entry] : cursor_.entries()) {
    if (first >= sequence) break;
    const auto is_below = [&](const Hold& held) { return held.session == token && held.range.first < sequence; };
    if (std::any_of(entry.holds.begin(), entry.holds.end(), is_below)) return true;
  }
  return false;
}

/// A session with nothing in hand for a suspect. If there is none, the one with the least in hand gets nothing more
/// until it is done, or suspects would wait for ever beside a busy stream. The live copies of an exclusive reader are
/// nobody's choice, and its hand may never be empty: a suspect is then the only message that is *sent* to it, and the
/// first of all in its hand, so that it is what the reader is at if it dies.
ConsumerSession* ReaderGroup::idle_or_drain(Sequence suspect) {
  ConsumerSession* least = nullptr;
  if (!drains_) return nullptr;
  bool draining = false;
  for (auto& [token, session] : sessions_) {
    if (!session.admitted || session.alone || session.credit.messages == 0) continue;
    const bool is_free =
        exclusive() ? session.free_messages() > 0 && !holds_below(token, suspect) : session.out.messages == 0;
    if (is_free) return &session;
    if (exclusive()) continue;
    draining = draining || session.draining;
    if (least == nullptr || session.out.messages < least->out.messages) least = &session;
  }
  if (least != nullptr && !draining) least->draining = true;
  suspect_waits_ = true;
  return nullptr;
}

void ReaderGroup::send_loose(Sequence sequence, LooseMessages::Message& message, ConsumerSession& session,
                             Sequence covers, Turn& turn) {
  message.holder = session.token;
  loose_.set_due(sequence, message, never);
  session.out.messages += 1;
  session.out.octets += message.octets;
  if (message.alone) {
    session.alone = true;
    session.draining = false;
    ++counters_.alone;
  }
  ++counters_.redelivered;
  Redelivery header{
      session.token, message.grant, {Owed{{sequence, sequence}, message.attempts}}, covers, message.revived};
  turn.out.push_back(Outgoing{session.link, std::move(header), message.batch->batch.frame()});
  drained(1, message.octets, turn);
  if (message.parked) message.batch = nullptr;  // it is fetched again if need be (C5)
  fetched_.erase(sequence);
}

/// What the one reader may never have had in its hand goes to it in order (X8): after all that is owed below it, before
/// all that is behind it. True if one was sent.
bool ReaderGroup::deliver_untried(Turn& turn) {
  if (!exclusive() || loose_.first_untried() == 0) return false;
  const Sequence sequence = loose_.first_untried();
  LooseMessages::Message& message = *loose_.find(sequence);
  if (message.batch == nullptr || message.parking) return false;  // its row, or its transaction, is under way
  if (is_expired(message, turn)) {
    bury(sequence, expired_text);
    return true;
  }
  ConsumerSession* session = message.alone ? idle_or_drain(sequence) : most_free(message.octets);
  if (session == nullptr) return false;
  send_loose(sequence, message, *session, 0, turn);
  return true;
}

void ReaderGroup::deliver_loose(Turn& turn) {
  std::vector<Sequence> due;
  std::size_t seen = 0;
  for (const auto& [at, sequence] : loose_.by_due()) {
    if (at > turn.now || ++seen > limits::ranges_max) break;
    const LooseMessages::Message& message = loose_.all().at(sequence);
    if (exclusive() && !message.tried) continue;
    if (message.batch != nullptr && !message.burying && !message.parking) due.push_back(sequence);
  }
  bool anyone = true;  // has credit
  for (const Sequence sequence : due) {
    LooseMessages::Message& message = *loose_.find(sequence);
    if (is_expired(message, turn)) {
      bury(sequence, expired_text);
      continue;
    }
    ConsumerSession* session = message.alone ? idle_or_drain(sequence) : anyone ? most_free(message.octets) : nullptr;
    if (session != nullptr) {
      send_loose(sequence, message, *session, 0, turn);  // out of its order, so it covers nothing
      continue;
    }
    loose_waits_ = true;
    if (!message.alone) anyone = most_free(0) != nullptr;
  }
}

bool ReaderGroup::deliver_alone(Cursor::Entry& entry, Sequence sequence, Turn& turn) {
  ConsumerSession* session = idle_or_drain(sequence);
  if (session == nullptr) return false;
  loosen(entry, sequence, 0);
  LooseMessages::Message& message = *loose_.find(sequence);
  message.alone = true;
  message.deaths = entry.deaths;
  send_loose(sequence, message, *session, exclusive() ? sequence : 0, turn);
  return true;
}

void ReaderGroup::deliver(Cursor::Entry& entry, const std::vector<Range>& ranges, Sequence covers,
                          ConsumerSession& session, Turn& turn) {
  std::uint64_t room = session.free_messages();
  if (strict()) room = (room + 3) / 4;  // a topic that is worked on for long leaves some to the others
  const std::uint64_t share = entry.batch->octets() / entry.batch->messages();
  room = std::min(room, drain_.burst(share));
  Redelivery header{session.token, entry.batch->batch.header().grant, {}, 0, false};
  for (const Range& range : ranges) {
    if (room == 0 || header.owed.size() >= limits::ranges_max) break;
    const std::uint64_t part = std::min(room, range.last - range.first + 1);
    const Range given{range.first, range.first + part - 1};
    header.owed.push_back(Owed{given, 0});
    hold(entry, given, session, true, turn);
    counters_.redelivered += part;
    room -= part;
    drained(part, part * share, turn);
  }
  if (exclusive()) {  // all below is settled, held, or was sent before (X4)
    const bool all = header.owed.size() == ranges.size() && header.owed.back().range == ranges.back();
    header.covers = all ? covers : header.owed.back().range.last;
  }
  turn.out.push_back(Outgoing{session.link, std::move(header), entry.batch->batch.frame()});
}

/// Of what is owed the oldest goes first, to whoever is the most free: in an exclusive subscription there is only one,
/// so that this is the order of the stream, up to the message that is next to come (X8). False if something waits.
bool ReaderGroup::deliver_owed(Turn& turn) {
  if (exclusive() && parked_awaited_ && loose_.first_untried() == 0) return true;  // they come first
  const Sequence untried = exclusive() && loose_.first_untried() > 0 ? loose_.first_untried() : ~Sequence{0};
  const Sequence end = std::min(untried, cutting_from_);
  for (auto at = owed_.begin(); at != owed_.end() && *at < end;) {
    const auto found = cursor_.entries().find(*at);
    const std::vector<Range> ranges =
        found == cursor_.entries().end() ? std::vector<Range>{} : owed_ranges(found->second);
    if (ranges.empty()) {
      at = owed_.erase(at);
      continue;
    }
    Cursor::Entry& entry = found->second;
    if (ranges.front().first >= end) break;
    if (exclusive() && !send_gaps(ranges.front().first, turn)) return false;
    const Sequence gap = exclusive() ? gaps_.first_unsent() : 0;  // comes before what is behind it, and is not covered
    const Sequence stop = gap > 0 ? std::min(end, gap) : end;
    const std::vector<Range> next = IntervalSet(ranges).intersection({0, stop - 1});
    if (is_expired(*entry.batch, turn)) {
      if (exclusive()) return false;  // its gap comes first
      ++at;
      continue;
    }
    if (is_early(*entry.batch, turn)) {
      if (!set_aside(entry)) ++at;
      continue;
    }
    if (entry.deaths >= limits::suspect_deaths) {
      if (deliver_alone(entry, next.front().first, turn)) continue;
      if (exclusive()) return false;  // what is behind it has to wait
      ++at;
      continue;
    }
    const std::uint64_t share = entry.batch->octets() / entry.batch->messages();
    ConsumerSession* session = most_free(share);
    if (session == nullptr) return false;
    deliver(entry, next, entry.range.last < stop ? entry.range.last : next.back().last, *session, turn);
  }
  return !exclusive() || send_gaps(end, turn);
}

/// The gate counts what went together: what follows waits for it.
void ReaderGroup::drained(std::uint64_t messages, std::uint64_t octets, const Turn& turn) {
  drain_.take(messages, octets, turn.now);
  drains_ = drain_.is_open(turn.now);
}

void ReaderGroup::dispatch(Turn& turn) {
  if (sessions_.empty()) return;
  drains_ = drain_.is_open(turn.now);
  suspect_waits_ = loose_waits_ = false;
  if (live_ && (!owed_.empty() || loose_.first_untried() > 0 || gaps_.anything_unsent())) catch_up(0);
  if (!exclusive()) send_gaps(~Sequence{0}, turn);
  if (strict()) {
    deliver_in_turn(turn);
  } else {
    deliver_loose(turn);
    while (deliver_owed(turn) && deliver_untried(turn)) {
    }
  }
  if (!suspect_waits_) {
    for (auto& [token, session] : sessions_) session.draining = false;
  }
}

// ---- exclusive: live or catching up

/// The session that a fresh copy is on its way to on the live path.
ConsumerSession* ReaderGroup::live_session(const CopiedBatch& batch) {
  if (!live_ || batch.place != CopiedBatch::Place::fresh) return nullptr;
  for (auto& [token, session] : sessions_) {
    if (session.admitted && !session.endpoint.empty()) return &session;
  }
  return nullptr;
}

void ReaderGroup::catch_up(Sequence want) {
  if (!exclusive()) return;
  want_ = std::max(want_, want);
  counters_.gaps += want > 0 ? 1U : 0U;
  live_ = false;
  // What is only believed to come live is owed again: a batch that is sent now covers all below it.
  for (auto& [first, entry] : cursor_.entries()) {
    const std::vector<Hold> holds = entry.holds;
    for (const Hold& held : holds) {
      if (held.reported || held.session == 0) continue;  // 0: it is being cut
      unhold(entry, held.range, held.session);
      owed_.insert(first);
    }
  }
}

bool ReaderGroup::goes_live(Sequence head, bool hot, bool want_is_open) {
  if (!exclusive() || live_ || !hot || !owed_.empty() || loose_.first_untried() > 0) return false;
  if (parked_awaited_ || gaps_.anything_unsent() || cutting_from_ != ~Sequence{0}) return false;
  if (want_ > head && want_is_open) return false;
  const auto serves = [](const auto& known) { return known.second.admitted && !known.second.alone; };
  if (std::none_of(sessions_.begin(), sessions_.end(), serves)) return false;
  live_ = true;
  want_ = 0;
  ++counters_.gone_live;
  return true;
}

Sequence ReaderGroup::covered_to(Sequence head) const {
  Sequence floor = cursor_.floor();
  if (first_in_order() > 0) floor = std::min(floor, first_in_order() - 1);
  if (!exclusive() || !live_ || cursor_.tracked_to() < head || !owed_.empty()) return floor;
  for (const auto& [first, entry] : cursor_.entries()) {
    const auto is_reported = [](const Hold& held) { return held.reported; };
    if (!std::all_of(entry.holds.begin(), entry.holds.end(), is_reported)) return std::max(floor, first - 1);
  }
  return std::max(floor, head);
}

void ReaderGroup::forget_lending() {
  for (auto& [token, session] : sessions_) {
    session.live_used = {};
    session.live_limit = {};
    session.announced = false;
  }
}

bool ReaderGroup::lend(Turn& turn, LinkId link, std::uint64_t handle, const std::vector<std::string>& filters,
                       bool allowed) {
  bool taken_back = false;
  if (exclusive()) return false;  // it gets every live copy; there is nothing to choose
  for (auto& [token, session] : sessions_) {
    if (session.endpoint.empty() || !session.admitted) continue;
    Credit give;
    if (allowed && !session.draining && !session.alone) {
      give = {less(session.credit.messages, session.out.messages), less(session.credit.octets, session.out.octets)};
      if (!owed_.empty() || loose_waits_) {  // a quarter stays for redelivery (G2)
        give.messages = give.messages / 4 * 3;
        give.octets = give.octets / 4 * 3;
      }
    }
    const Credit limit{session.live_used.messages + give.messages, session.live_used.octets + give.octets};
    // What is lent and unspent is in the way of what is owed, or of a suspect: taken back. The race costs little.
    const bool wanted = !owed_.empty() || loose_waits_ || give.messages == 0;
    const bool lowered = wanted &&
                         (limit.messages < session.live_limit.messages || limit.octets < session.live_limit.octets) &&
                         session.live_limit.messages > session.live_used.messages;
    const std::uint64_t step = std::max<std::uint64_t>(1, session.credit.messages / 8);
    const bool risen =
        limit.messages >= session.live_limit.messages + step ||
        (limit.messages > session.live_limit.messages && session.unspent().messages == 0) ||
        (limit.octets > session.live_limit.octets && session.unspent().octets < session.credit.octets / 4);
    const bool quiet = session.announced && !risen && !lowered;
    taken_back = taken_back || lowered;
    if (quiet || (!session.announced && give.messages == 0)) continue;
    session.live_limit = limit;
    LiveTarget target{handle, token, session.endpoint, limit.messages, limit.octets, false, {}};
    if (!std::exchange(session.announced, true)) target.filters = filters;  // those of a session stay as they are
    turn.out.push_back(Outgoing{link, std::move(target), {}});
  }
  return taken_back && (!owed_.empty() || loose_waits_);
}

}  // namespace restante::core
