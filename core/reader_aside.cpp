/// \file
/// Messages that leave the common path of a shared subscription: to the dead letters, or parked.

#include <algorithm>

#include "core/attempt_history.h"
#include "core/reader_group.h"

namespace restante::core {

void ReaderGroup::end_attempt(Sequence sequence, GrantId grant, ConsumerSession& session, const std::string& reason,
                              std::optional<Duration> delay, const Turn& turn) {
  LooseMessages::Message* message = loose_.find(sequence);
  if (message == nullptr) {
    Cursor::Entry* entry = cursor_.find(sequence);
    if (entry == nullptr || cursor_.settled(sequence)) return;
    const bool held = std::any_of(entry->holds.begin(), entry->holds.end(), [&](const Hold& hold) {
      return hold.session == session.token && hold.range.first <= sequence && sequence <= hold.range.last;
    });
    // The one reader may have had it live, and the books have it as owed again by now.
    if ((!held && !exclusive()) || entry->batch->batch.header().grant != grant) return;
    if (loose_.size() >= loose_max()) {  // no room for a history: owed again, the attempt is not counted
      unhold(*entry, Range{sequence, sequence}, session.token);
      owe(entry->range.first);
      return;
    }
    loosen(*entry, sequence, session.token);
    message = loose_.find(sequence);
  }
  if (message->burying || message->grant != grant) return;
  if (message->holder != session.token) return;
  session.give_back(1, message->octets);
  if (message->alone) session.alone = false;
  message->tried = true;
  end_attempt(sequence, *message, session.who, reason, delay, turn);
}

/// Of a message that is nobody's any more.
void ReaderGroup::end_attempt(Sequence sequence, LooseMessages::Message& message, const std::string& who,
                              const std::string& reason, std::optional<Duration> delay, const Turn& turn) {
  message.holder = 0;
  message.reason = reason;
  ++message.attempts;
  ++counters_.attempts;
  add_attempt(message.history, turn.wall_ms, who, reason);
  if (retry_.gives_up(message.attempts)) {
    bury(sequence, reason);
    return;
  }
  const Duration wait = delay ? *delay : retry_.delay(message.attempts, turn.random.next());
  loose_.set_due(sequence, message, after(turn.now, wait));
  touch(message);
  if (wait > limits::park_after) aside_wanted_ = true;
}

void ReaderGroup::bury(Sequence sequence, const std::string& reason) {
  LooseMessages::Message& message = *loose_.find(sequence);
  if (message.burying) return;
  if (ConsumerSession* holder = find(message.holder)) {
    holder->give_back(1, message.octets);
    if (message.alone) holder->alone = false;
  }
  message.holder = 0;
  message.burying = true;
  message.reason = reason;
  // A parked one without its row in memory is fetched first; it is due at once for that.
  loose_.set_due(sequence, message, message.batch == nullptr ? Instant{} : never);
  burials_.push_back(sequence);
  aside_wanted_ = true;
}

std::vector<ReaderGroup::Aside> ReaderGroup::take_burials() {
  aside_wanted_ = buries_parked_ = false;
  std::vector<Aside> asides;
  std::vector<Sequence> later;
  for (const Sequence sequence : burials_) {
    const LooseMessages::Message* message = loose_.find(sequence);
    if (message == nullptr || !message->burying) continue;
    if (message->batch == nullptr) {
      later.push_back(sequence);
      continue;
    }
    buries_parked_ = buries_parked_ || message->parked || message->parking;
    asides.push_back(Aside{sequence, message->grant, message->batch, message->attempts, message->reason,
                           message->history, 0, message->revived});
  }
  burials_ = std::move(later);
  return asides;
}

std::vector<std::pair<Token, std::uint64_t>> ReaderGroup::heard() const {
  std::vector<std::pair<Token, std::uint64_t>> all;
  if (!burials_.empty() || buries_parked_)
    return all;  // its row is to be fetched, or its record goes with the next one
  for (const auto& [token, session] : sessions_) {
    const bool is_settled =
        cursor_.floor() >= session.doubt_to && (loose_.all().empty() || loose_.all().begin()->first > session.doubt_to);
    if (session.doubt_to > 0 && !is_settled) continue;
    if (session.heard > session.heard_disk) all.emplace_back(token, session.heard);
  }
  return all;
}

void ReaderGroup::on_heard(Token token, std::uint64_t count) {
  if (ConsumerSession* session = find(token)) session->heard_disk = std::max(session->heard_disk, count);
}

bool ReaderGroup::has_unwritten_words() const {
  return std::any_of(sessions_.begin(), sessions_.end(),
                     [](const auto& known) { return known.second.heard > known.second.heard_disk; });
}

bool ReaderGroup::has_heard_more() const {
  return std::any_of(sessions_.begin(), sessions_.end(),
                     [](const auto& known) { return known.second.heard_disk > known.second.heard_told; });
}

std::uint64_t ReaderGroup::tell_heard(Token token) {
  ConsumerSession* session = find(token);
  return session == nullptr ? 0 : session->heard_told = session->heard_disk;
}

void ReaderGroup::on_buried(Sequence sequence, Cursor::Change& change) {
  drop_loose(sequence, false);  // the record that it was parked by went in the same commit
  cursor_.settle(Range{sequence, sequence}, change);
  cursor_.raise_floor();
}

void ReaderGroup::on_not_written(Sequence sequence) {
  LooseMessages::Message* message = loose_.find(sequence);
  if (message == nullptr) return;
  message->parking = false;
  message->written_attempts = ~std::uint32_t{0};
  aside_wanted_ = true;
  const bool is_known = std::find(burials_.begin(), burials_.end(), sequence) != burials_.end();
  if (message->burying && !is_known) burials_.push_back(sequence);
  touch(*message);
}

/// What stands in the way of the floor while half of the window above it is settled is parked where it is: held or not.
void ReaderGroup::park_old(const Turn& turn) {
  if (!is_crowded() || cursor_.entries().empty()) return;
  Cursor::Entry& entry = cursor_.entries().begin()->second;
  const std::vector<Hold> holds = entry.holds;
  for (const Hold& held : holds) {
    if (!held.reported) continue;  // it may be lost: on_time() tells soon
    for (Sequence sequence = held.range.first; sequence <= held.range.last; ++sequence) {
      if (loose_.size() >= loose_max()) return;
      loosen(entry, sequence, held.session);
    }
  }
  if (exclusive()) return;  // what was never sent goes in its order, however long it waits for credit
  for (const Range& range : owed_ranges(entry)) {
    for (Sequence sequence = range.first; sequence <= range.last; ++sequence) {
      if (loose_.size() >= loose_max()) return;
      loosen(entry, sequence, 0);
      loose_.set_due(sequence, *loose_.find(sequence), turn.now);
    }
  }
}

/// What waits for its time (deliver_after) is loose until then, and parked if that takes long. False if there was no
/// room for all of it: the rest is owed, and set aside when it would be handed out.
bool ReaderGroup::set_aside(Cursor::Entry& entry) {
  for (const Range& range : owed_ranges(entry)) {
    for (Sequence sequence = range.first; sequence <= range.last; ++sequence) {
      if (loose_.size() >= loose_max()) {
        next_scan_ = std::min(next_scan_, entry.batch->deliverable);
        return false;
      }
      loosen(entry, sequence, 0);
      loose_.set_due(sequence, *loose_.find(sequence), entry.batch->deliverable);
      aside_wanted_ = true;
    }
  }
  return true;
}

std::vector<ReaderGroup::Aside> ReaderGroup::take_parkings(const Turn& turn) {
  park_old(turn);
  const bool crowded = is_crowded();
  const Sequence oldest = cursor_.entries().empty() ? 0 : cursor_.entries().begin()->second.range.last;
  std::vector<Aside> asides;
  for (const auto& [sequence, known] : loose_.all()) {
    if (known.parking || known.burying) continue;
    const bool waits = known.holder == 0 && known.due != never && known.due > after(turn.now, limits::park_after);
    const bool stands = crowded && sequence <= oldest;
    if (known.parked ? !waits || known.attempts == known.written_attempts : !waits && !stands) continue;
    if (asides.size() >= limits::ranges_max) {
      aside_wanted_ = true;  // the rest goes with the next transaction
      break;
    }
    LooseMessages::Message& message = *loose_.find(sequence);
    message.parking = true;
    message.written_attempts = message.attempts;
    const Duration wait = known.due == never || known.due < turn.now ? Duration{} : known.due - turn.now;
    const auto wait_ms = std::chrono::duration_cast<std::chrono::milliseconds>(wait).count();
    asides.push_back(Aside{sequence, known.grant, known.batch, known.attempts, known.reason, known.history,
                           turn.clock_ms + wait_ms, known.revived});
  }
  return asides;
}

std::optional<Instant> ReaderGroup::on_parked(Sequence sequence, Cursor::Change& change) {
  LooseMessages::Message* message = loose_.find(sequence);
  if (message == nullptr) return std::nullopt;  // settled meanwhile: unparked_ has it
  loose_.set_parked(*message);
  if (!message->burying) message->batch = nullptr;  // its row is fetched when it is due
  touch(*message);
  fetched_.erase(sequence);
  cursor_.settle(Range{sequence, sequence}, change);
  cursor_.raise_floor();
  aside_wanted_ = aside_wanted_ || is_crowded();  // the next one stands in the way
  if (loose_.size() <= limits::loose_messages_max / 2 || message->due == never || message->burying) return std::nullopt;
  if (strict() || (exclusive() && !message->tried)) return std::nullopt;  // what is behind it waits for it (X8)
  const Instant due = message->due;
  loose_.erase(sequence);
  return due;
}

std::size_t ReaderGroup::on_parked_loaded(const std::vector<ParkedRecord>& parked, const Turn& turn) {
  const std::size_t before = loose_.size();
  for (const ParkedRecord& record : parked) {
    if (loose_.find(record.sequence) != nullptr) continue;
    LooseMessages::Message& message = loose_.add(record.sequence);
    message.grant = record.grant;
    message.attempts = message.written_attempts = record.attempts;
    message.tried = record.attempts > 0 || record.revived;  // what is behind it did not wait for it
    message.reason = record.reason;
    message.history = record.history;
    message.revived = record.revived;
    loose_.set_parked(message);
    if (strict()) unplaced_.insert(record.sequence);
    const auto wait = std::chrono::milliseconds(std::max<std::int64_t>(0, record.due_ms - turn.clock_ms));
    loose_.set_due(record.sequence, message, after(turn.now, wait));
  }
  return loose_.size() - before;
}

std::optional<Sequence> ReaderGroup::next_fetch(Instant now) const {
  const bool wanted = std::any_of(sessions_.begin(), sessions_.end(), [](const auto& known) {
    return known.second.admitted && known.second.out.messages < known.second.credit.messages;
  });
  if (strict()) return next_fetch_in_turn(wanted);
  if (exclusive() && wanted && loose_.first_untried() > 0) {  // what is behind it waits for it (X8)
    const Sequence first = loose_.first_untried();
    if (loose_.all().at(first).batch == nullptr) return first;
  }
  std::optional<Sequence> next;
  std::size_t waiting = 0;
  for (const auto& [at, sequence] : loose_.by_due()) {
    if (at > now || (at > Instant{} && (next || !wanted || waiting >= fetched_ahead_max))) break;
    const LooseMessages::Message& message = loose_.all().at(sequence);
    if (message.burying && message.batch == nullptr) return sequence;  // due at Instant{}
    if (message.batch != nullptr) {
      waiting += message.parked ? 1U : 0U;
    } else if (!next) {
      next = sequence;
    }
  }
  return wanted && waiting < fetched_ahead_max ? next : std::nullopt;
}

void ReaderGroup::on_fetched(Sequence sequence, const BatchRef& batch) {
  LooseMessages::Message* message = loose_.find(sequence);
  if (message == nullptr) return;
  if (batch == nullptr) {
    drop_loose(sequence, true);
    return;
  }
  fetches_.erase(sequence);
  // Its record is another's, that an operator put in its place before it came again (a reset): that is what it is now.
  if (message->parked) message->grant = batch->batch.header().grant;
  if (place_all(sequence, *batch) && !message->burying) return;  // it is fetched again in its turn
  const std::uint64_t octets = batch->octets() / batch->messages();
  if (ConsumerSession* holder = find(message->holder)) holder->out.octets += octets - message->octets;
  message->octets = octets;
  message->batch = batch;
  aside_wanted_ = aside_wanted_ || message->burying;
  if (strict() && message->parked && message->holder == 0 && !message->burying) fetched_.insert(sequence);
  if (message->holder == 0 && !message->burying) loose_.set_due(sequence, *message, Instant{});  // the first to go
  touch(*message);
}

}  // namespace restante::core
