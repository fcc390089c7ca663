/// \file
/// Handing out in a strict subscription (X8): of each topic one part at a time, and what waits for another attempt
/// holds what is behind it.

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/reader_group.h"

namespace restante::core {

namespace {

constexpr Sequence no_sequence = ~Sequence{0};

/// So many may have a history of their own before new topics are begun: all of them are in memory, or a restart could
/// not tell which topics they hold.
constexpr std::size_t strict_loose_max = limits::loose_messages_max / 4;

}  // namespace

/// Of a batch something may be owed.
void ReaderGroup::owe(Sequence first) {
  const auto at = cursor_.entries().find(first);
  if (at != cursor_.entries().end()) note_expiry(at->second);
  if (!strict()) {
    owed_.insert(first);
    return;
  }
  if (at != cursor_.entries().end() && at->second.batch != nullptr) turns_.on_owed(topic_of(at->second), first);
}

/// In somebody's hand, or in that of a transaction that cuts it.
bool ReaderGroup::is_held(Sequence first) const {
  const auto at = cursor_.entries().find(first);
  return at != cursor_.entries().end() && !at->second.holds.empty();
}

/// Nothing of it is in hand.
bool ReaderGroup::is_free(TopicTurns::Books& books) const {
  std::erase_if(books.held, [this](Sequence first) { return !is_held(first); });
  const auto is_in_hand = [this](Sequence sequence) { return loose_.all().at(sequence).holder != 0; };
  return books.held.empty() && std::none_of(books.loose.begin(), books.loose.end(), is_in_hand);
}

/// The parts of the oldest batch of which something is owed.
std::vector<Range> ReaderGroup::first_owed(TopicTurns::Books& books) {
  while (!books.owed.empty()) {
    const Sequence first = *books.owed.begin();
    const auto found = cursor_.entries().find(first);
    if (found != cursor_.entries().end()) {
      std::vector<Range> ranges = owed_ranges(found->second);
      if (!ranges.empty()) return ranges;
    }
    turns_.on_not_owed(books, first);
  }
  return {};
}

ReaderGroup::TurnResult ReaderGroup::send_first_loose(Sequence sequence, Turn& turn) {
  LooseMessages::Message& message = *loose_.find(sequence);
  const bool waits = message.burying || message.parking || message.due > turn.now;
  if (waits) {
    ++counters_.held_topics;
    return TurnResult::over;
  }
  if (message.batch == nullptr) {
    forget_rows();
    fetches_.insert(sequence);
    return TurnResult::over;
  }
  if (is_expired(message, turn)) {
    bury(sequence, expired_text);
    return TurnResult::over;
  }
  ConsumerSession* session = message.alone ? idle_or_drain(sequence) : most_free(message.octets);
  if (session == nullptr) return message.alone ? TurnResult::waits : TurnResult::no_credit;
  send_loose(sequence, message, *session, 0, turn);
  return TurnResult::over;
}

/// Rows that were fetched for a turn that is another's now make room for those that have theirs.
void ReaderGroup::forget_rows() {
  std::erase_if(fetched_, [this](Sequence sequence) {
    LooseMessages::Message& message = *loose_.find(sequence);
    if (message.holder != 0 || message.burying) return true;
    const TopicTurns::Books* books = turns_.find(*message.topic);
    if (books != nullptr && *books->loose.begin() == sequence) return false;
    message.batch = nullptr;
    return true;
  });
}

/// The oldest of it, and of its batch what is owed up to the next one that waits for an attempt of its own. `place` is
/// where its turn comes, and becomes the right one if that is later.
ReaderGroup::TurnResult ReaderGroup::take_turn(TopicTurns::Books& books, TopicTurns::Place& place, Turn& turn) {
  if (!is_free(books)) return TurnResult::over;
  const std::vector<Range> ranges = first_owed(books);
  const Sequence loose = books.loose.empty() ? no_sequence : *books.loose.begin();
  if (ranges.empty() && loose == no_sequence) return TurnResult::over;
  const Sequence first = ranges.empty() ? loose : std::min(loose, ranges.front().first);
  if (std::exchange(place.turn, first) < first) return TurnResult::later;
  if (first == loose) return send_first_loose(loose, turn);
  // But a topic that has one of them goes on to it, or none would ever be settled.
  if (books.loose.empty() && loose_.size() >= strict_loose_max) return TurnResult::waits;
  Cursor::Entry& entry = *cursor_.find(first);
  const std::vector<Range> next = IntervalSet(ranges).intersection({0, loose - 1});
  if (is_expired(*entry.batch, turn)) return TurnResult::over;
  if (entry.deaths >= limits::suspect_deaths) {
    return deliver_alone(entry, first, turn) ? TurnResult::over : TurnResult::waits;
  }
  ConsumerSession* session = most_free(entry.batch->octets() / entry.batch->messages());
  if (session == nullptr) return TurnResult::no_credit;
  deliver(entry, next, 0, *session, turn);
  if (owed_ranges(entry).empty()) turns_.on_not_owed(books, entry.range.first);
  return TurnResult::over;
}

void ReaderGroup::deliver_in_turn(Turn& turn) {
  if (parked_awaited_ || !unplaced_.empty()) return;  // nobody knows which topics they hold
  for (auto at = loose_.by_due().upper_bound({woken_to_, no_sequence}); at != loose_.by_due().end(); ++at) {
    if (at->first > turn.now) break;
    turns_.touch(*loose_.all().at(at->second).topic);
  }
  woken_to_ = turn.now;
  std::vector<TopicTurns::Place> waiting;
  TopicTurns::Place place;
  while (turns_.take_next(place)) {
    TopicTurns::Place again = place;
    const TurnResult result = take_turn(*turns_.find(place.topic), again, turn);
    if (result == TurnResult::later) turns_.is_ready(again);
    else if (result != TurnResult::over) waiting.push_back(again);
    else turns_.tidy(place.topic);
    if (result == TurnResult::no_credit && !is_draining()) break;  // the suspect that it is drained for may be behind
  }
  for (const TopicTurns::Place& one : waiting) turns_.is_ready(one);
}

/// Its topic is known from now on.
void ReaderGroup::place(Sequence sequence, const CopiedBatch& batch) {
  unplaced_.erase(sequence);
  LooseMessages::Message& message = *loose_.find(sequence);
  message.topic = batch.batch.header().topic;
  const std::uint64_t octets = batch.octets() / batch.messages();
  if (ConsumerSession* holder = find(message.holder)) holder->out.octets += octets - message.octets;
  message.octets = octets;
  turns_.on_loose(*message.topic, sequence);
}

/// A row was fetched: the topic of all that is parked of it is known. True if it was for that.
bool ReaderGroup::place_all(Sequence sequence, const CopiedBatch& batch) {
  if (!unplaced_.contains(sequence)) return false;
  const auto begin = unplaced_.lower_bound(batch.first());
  const std::vector<Sequence> of_it(begin, unplaced_.upper_bound(batch.last()));
  for (const Sequence one : of_it) place(one, batch);
  return true;
}

/// What is to be buried, then what is parked on the disk and holds a topic that nobody knows yet, then what has its
/// turn.
std::optional<Sequence> ReaderGroup::next_fetch_in_turn(bool wanted) const {
  const auto is_buried = [this](Sequence sequence) { return loose_.all().at(sequence).burying; };
  const auto buried = std::find_if(burials_.begin(), burials_.end(), [&](Sequence sequence) {
    const auto at = loose_.all().find(sequence);
    return at != loose_.all().end() && at->second.burying && at->second.batch == nullptr;
  });
  if (buried != burials_.end()) return *buried;
  if (!unplaced_.empty()) return sessions_.empty() ? std::nullopt : std::optional(*unplaced_.begin());
  const auto at = std::find_if_not(fetches_.begin(), fetches_.end(), is_buried);
  return wanted && fetched_.size() < fetched_ahead_max && at != fetches_.end() ? std::optional(*at) : std::nullopt;
}

/// A part of a batch was cut: perhaps nothing of it is owed any more.
void ReaderGroup::forget_owed(Sequence first, const std::string& topic) {
  const auto at = cursor_.entries().find(first);
  const bool is_there = at != cursor_.entries().end() && at->second.unsettled > 0;
  if (is_there && !owed_ranges(at->second).empty()) return;
  owed_.erase(first);
  TopicTurns::Books* books = strict() ? turns_.find(topic) : nullptr;
  if (books == nullptr) return;
  turns_.on_not_owed(*books, first);
  if (!is_held(first)) books->held.erase(first);
  turns_.tidy(topic);
}

}  // namespace restante::core
