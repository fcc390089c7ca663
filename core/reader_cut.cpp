/// \file
/// What a limit takes from a subscription, and the gaps that its consumers are told of for it (B7).

#include <algorithm>

#include "core/reader_group.h"

namespace restante::core {

namespace {

constexpr Token cutter = 0;  // holds what is being cut: no session has this token
constexpr Sequence no_sequence = ~Sequence{0};

Range overlap(Range a, Range b) { return {std::max(a.first, b.first), std::min(a.last, b.last)}; }

std::uint64_t less(std::uint64_t from, std::uint64_t what) { return from - std::min(from, what); }

}  // namespace

/// Of what nobody has in hand the oldest, message by message: neither what has a history of its own nor what is parked.
std::vector<Range> ReaderGroup::take_cut(std::uint64_t messages, std::uint64_t octets) {
  std::vector<Range> cut;
  const std::set<Sequence> of_topics = turns_.all_owed();
  for (const Sequence first : strict() ? of_topics : owed_) {
    const auto found = cursor_.entries().find(first);
    if (found == cursor_.entries().end() || found->second.unsettled == 0) continue;
    Cursor::Entry& entry = found->second;
    const std::uint64_t share = std::max<std::uint64_t>(1, entry.octets / entry.unsettled);
    for (const Range& range : owed_ranges(entry)) {
      const std::uint64_t wanted = std::max(messages, (octets + share - 1) / share);
      if (wanted == 0 || cut.size() >= limits::ranges_max) break;
      const Range part{range.first, std::min(range.last, range.first + wanted - 1)};
      const std::uint64_t taken = part.last - part.first + 1;
      messages = less(messages, taken);
      octets = less(octets, taken * share);
      cut_out(entry, part);
      cut.push_back(part);
    }
  }
  if (exclusive() && !cut.empty()) cutting_from_ = std::min(cutting_from_, cut.front().first);
  return cut;
}

void ReaderGroup::cut_out(Cursor::Entry& entry, Range part) {
  entry.holds.push_back(Hold{part, cutter, never, false});
  if (strict()) turns_.on_held(topic_of(entry), entry.range.first);
}

/// Looked at when it may be so: at its time, and when it would be handed out.
bool ReaderGroup::is_expired(const CopiedBatch& batch, const Turn& turn) {
  const bool is_over = ages_ && batch.expires <= turn.now;
  expiry_due_ = expiry_due_ || is_over;
  return is_over;
}

/// What has a history of its own is looked at when it would be handed out.
std::vector<Range> ReaderGroup::take_expired(bool to_dead, const Turn& turn) {
  std::vector<Range> cut;
  expiry_due_ = false;
  next_expiry_ = never;
  const std::set<Sequence> owed = strict() ? turns_.all_owed() : owed_;
  for (const Sequence first : owed) {
    const auto found = cursor_.entries().find(first);
    if (found == cursor_.entries().end() || found->second.unsettled == 0) continue;
    Cursor::Entry& entry = found->second;
    const bool is_over = entry.batch->expires <= turn.now && cut.size() < limits::ranges_max;
    if (!is_over) note_expiry(entry);
    for (const Range& range : is_over ? owed_ranges(entry) : std::vector<Range>{}) {
      if (!to_dead) {
        cut_out(entry, range);
        cut.push_back(range);
        continue;
      }
      for (Sequence sequence = range.first; sequence <= range.last && loose_.size() < loose_max(); ++sequence) {
        loosen(entry, sequence, 0);
        bury(sequence, expired_text);
      }
    }
    if (is_over && to_dead && !owed_ranges(entry).empty()) note_expiry(entry);  // there was no room for its history
  }
  if (exclusive() && !cut.empty()) cutting_from_ = std::min(cutting_from_, cut.front().first);
  return cut;
}

void ReaderGroup::on_cut(Range range, Cursor::Change& change) {
  std::vector<std::pair<Sequence, std::string>> cut;
  for (const Sequence first : let_go_of(range)) cut.emplace_back(first, topic_of(cursor_.entries().at(first)));
  for (auto at = loose_.all().lower_bound(range.first); at != loose_.all().end() && at->first <= range.last;) {
    const Sequence sequence = at->first;  // a late word about it, in the meantime
    ++at;
    drop_loose(sequence, true);
  }
  cursor_.settle(range, change);
  cursor_.raise_floor();
  for (const auto& [first, topic] : cut) forget_owed(first, topic);
}

void ReaderGroup::on_not_cut(Range range) {
  for (const Sequence first : let_go_of(range)) owe(first);
}

/// Takes it out of the cutter's hand; the entries of it.
std::vector<Sequence> ReaderGroup::let_go_of(Range range) {
  cutting_from_ = no_sequence;
  std::vector<Sequence> entries;
  auto at = cursor_.entries().upper_bound(range.first);
  if (at != cursor_.entries().begin()) --at;
  for (; at != cursor_.entries().end() && at->first <= range.last; ++at) {
    Cursor::Entry& entry = at->second;
    const Range part = overlap(entry.range, range);
    if (part.first > part.last || entry.unsettled == 0) continue;
    unhold(entry, part, 0);
    entries.push_back(at->first);
  }
  return entries;
}

bool ReaderGroup::is_clear(Range between) const {
  if (between.first > between.last) return true;
  if (between.last > cursor_.tracked_to()) return false;  // nobody knows yet
  const auto loose = loose_.all().lower_bound(between.first);
  if (loose != loose_.all().end() && loose->first <= between.last) return false;
  auto at = cursor_.entries().upper_bound(between.first);
  if (at != cursor_.entries().begin()) --at;
  for (; at != cursor_.entries().end() && at->first <= between.last; ++at) {
    const Cursor::Entry& entry = at->second;
    const Range part = overlap(entry.range, between);
    if (part.first > part.last || entry.unsettled == 0) continue;
    IntervalSet gone = entry.settled;
    for (const Hold& held : entry.holds) {
      if (held.session == cutter) gone.insert(held.range);
    }
    if (!gone.contains(part)) return false;
  }
  return true;
}

Sequence ReaderGroup::first_in_order() const {
  if (!exclusive()) return 0;
  if (parked_awaited_) return 1;  // nobody knows yet
  const Sequence untried = loose_.first_untried();
  const Sequence gap = gaps_.first_unsent();
  return untried == 0 || gap == 0 ? std::max(untried, gap) : std::min(untried, gap);
}

/// Those that begin up to `end`, if all that is owed below that was handed out; a message may still be there at which a
/// gap begins, and comes behind it. The one reader is told in order; of workers anyone. False if one has to wait, and
/// with it what is behind it.
bool ReaderGroup::send_gaps(Sequence end, Turn& turn) {
  const auto serves = [](const auto& known) { return known.second.admitted; };
  const auto session = std::find_if(sessions_.begin(), sessions_.end(), serves);
  if (session == sessions_.end()) return true;
  while (OwedGaps::Gap* gap = gaps_.next_unsent()) {
    const bool is_next = !exclusive() || (gap->range.first <= end && gap->range.first <= cursor_.tracked_to());
    if (!is_next) return true;
    if (gaps_.enough_sent()) return false;
    gap->sent_to = session->first;
    gap->was_sent = true;
    const Sequence covers = exclusive() ? std::min({gap->range.last, end - 1, cursor_.tracked_to()}) : 0;
    turn.out.push_back(
        Outgoing{session->second.link, Missed{session->first, gap->number, gap->range, gap->reason, covers}, {}});
  }
  return true;
}

}  // namespace restante::core
