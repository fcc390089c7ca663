/// \file
/// The end of a run: no faults any more, and everything that was promised must come true in bounded time.

#include <algorithm>

#include "tests/sim/world.h"

namespace restante::sim {

/// All that is confirmed must be done within bounded virtual time.
void World::heal() {
  note("--- heal");
  healing_ = true;
  options_.temper.nack = options_.temper.reject = options_.temper.release = options_.temper.hang = 0;
  disk_.set_capacity(std::uint64_t{1} << 60);
  unclog_all();
  begin_long_job();
  if (comes_to_rest()) {
    check_retained();
    last_replays();
    gather();
    for (const auto& worker : workers_) gather(*worker);
    for (const auto& listener : listeners_) gather(*listener);
    return;
  }
  const auto missing = ledger_.missing();
  describe();
  const std::string which = missing.empty()
                                ? ""
                                : std::to_string(missing.size()) + " messages (or they are stalled), first " +
                                      ledger_.text_of(missing.front());
  const auto has_job = [](const auto& worker) { return worker->long_job().has_value(); };
  const bool had_job = std::any_of(workers_.begin(), workers_.end(), has_job);
  for (const auto& worker : workers_) worker->end_long_job();
  if (had_job && comes_to_rest()) throw Violation("long job: until its end its group had not done " + which);
  if (!all_listen()) throw Violation("listener: it hears nobody, though somebody publishes");
  if (!all_are_told()) throw Violation("listener: nobody said what it had missed last");
  if (!replays_.empty()) throw Violation("replay does not end: all else is at rest");
  if (missing.empty()) throw Violation("stall after heal: something never came to rest");
  throw Violation("confirmed and lost: " + which);
}

/// What is still kept comes again to whoever asks for all of it.
void World::last_replays() {
  if (!options_.replays) return;
  for (const auto& [name, outbox] : sidecar_.office().streams()) new_replay(name, true);
  constexpr int rounds_max = 4000;
  for (int round = 0; !replays_.empty(); ++round) {
    if (round == rounds_max) throw Violation("replay does not end: of all that is kept");
    heal_round();
  }
}

/// Is all done in bounded virtual time? A long run may leave a backlog, and poison kills a consumer five times for each
/// message: as long as less is missing than before, there is another 100 seconds.
bool World::comes_to_rest() {
  constexpr int rounds_max = 4000;
  std::size_t fewest = ledger_.missing().size();
  // Else nothing that follows shows what is missing. The last copy may be lost on a link that stays, and is not missed.
  const bool goes_on = options_.cuts || random_.chance(1, 3);
  for (int round = 0, since = 0; since < rounds_max; ++round, ++since) {
    if (goes_on && round < 40 && random_.chance(1, 2)) send(1 + random_.below(options_.batch));
    heal_round();
    if (round > 60 && end_long_job() && settled_all()) return true;
    if (since != rounds_max - 1) continue;
    const std::size_t missing = ledger_.missing().size();
    if (missing < fewest) since = 0;
    fewest = std::min(fewest, missing);
  }
  return false;
}

/// One worker is at one message until all else is done (B4). It needs a colleague for what only an idle one gets, and
/// credit for more than a batch.
void World::begin_long_job() {
  if (options_.workers < 2 || options_.credit < 2048 || options_.temper.poison != 0 || !random_.chance(1, 2)) return;
  const auto at =
      std::find_if(workers_.begin(), workers_.end(), [](const auto& worker) { return !worker->role().exclusive; });
  if (at != workers_.end()) (*at)->begin_long_job();
}

/// True if there is none, or no more: it ends when nothing else is missing.
bool World::end_long_job() {
  for (const auto& worker : workers_) {
    const auto job = worker->long_job();
    if (!job) continue;
    const auto missing = ledger_.missing();
    if (std::any_of(missing.begin(), missing.end(), [&](Ledger::Number number) { return number != *job; }))
      return false;
    worker->end_long_job();
    ++sometimes_["long jobs"];
  }
  return true;
}

void World::heal_round() {
  now_ += std::chrono::milliseconds(25);
  if (!sidecar_.up()) start_sidecar();
  dial_all();
  tick_all();
  sidecar_.receive_all(now_);
  while (sidecar_.disk_step()) {
  }
  while (sidecar_.answer_step(now_)) {
  }
  for (const auto& producer : producers_) {
    while (producer->receive(ledger_, now_)) {
    }
  }
  for (const auto& worker : workers_) {
    while (worker->receive(now_)) {
    }
    while (live_step(*worker)) {
    }
  }
  for (const auto& listener : listeners_) {
    while (listener->receive(now_) || listener->live_step(now_) || listener->take(ledger_, now_)) {
    }
  }
  for (const auto& replay : replays_) {
    while (replay->receive(now_) || replay->work(ledger_, random_, true, now_)) {
    }
  }
  note_dead();  // what is behind a dead letter may be handed out now
  for (std::size_t at = 0; at < workers_.size(); ++at) {
    for (int taken = 0; taken < 40; ++taken) {
      if (workers_[at]->work(ledger_, random_, options_.temper, now_)) continue;
      crash_worker(at);
      break;
    }
  }
  check();
}

bool World::settled_all() const {
  const auto is_finished = [](const auto& producer) { return producer->finished(); };
  if (!std::all_of(producers_.begin(), producers_.end(), is_finished)) return false;
  if (!all_listen() || !all_are_told() || !replays_.empty()) return false;
  if (!sidecar_.up() || !sidecar_.quiet() || !ledger_.missing().empty()) return false;
  return std::all_of(workers_.begin(), workers_.end(), [](const auto& worker) { return worker->idle(); });
}

/// Has who listens found the writer that there is?
bool World::all_listen() const {
  return std::all_of(listeners_.begin(), listeners_.end(), [this](const auto& listener) {
    const auto is_heard = [&](const auto& producer) { return producer->endpoint() == listener->source(); };
    return std::any_of(producers_.begin(), producers_.end(), is_heard);
  });
}

bool World::all_are_told() const {
  return std::all_of(listeners_.begin(), listeners_.end(), [](const auto& listener) { return listener->told_all(); });
}

void World::gather(const SimListener& listener) {
  sometimes_["live subscriber: gap"] += listener.core().counters().gaps;
  sometimes_["live subscriber: gap that only the sidecar knew"] += listener.core().counters().tails;
  sometimes_["live subscriber: overrun"] += listener.core().counters().overrun;
}

void World::gather() {
  if (!sidecar_.up()) return;
  const core::NodeStatus status = sidecar_.office().status(now_);
  for (const core::StreamStatus& stream : status.streams) {
    sometimes_["elided"] += stream.elided;
    sometimes_["stored"] += stream.stored;
    for (const core::SubscriptionStatus& one : stream.subscriptions) {
      sometimes_["redelivered"] += one.redelivered;
      sometimes_["attempts"] += one.attempts;
      sometimes_["dead letters"] += one.dead;
    }
  }
  for (const auto& [reason, count] : status.counters) {
    sometimes_[reason] += count;
    if (reason == "rows damaged or missing" && count > 0 && !options_.damage) {
      throw Violation("damage where there was none: " + std::to_string(count) + " rows");
    }
  }
}

void World::gather(const SimWorker& worker) {
  const core::Inbox::Counters counters = worker.core().counters();
  sometimes_["consumer: held or settled already"] += counters.again;
  sometimes_["consumer: live copy below the floor"] += counters.below_floor;
  sometimes_["consumer: live copy of an unannounced grant"] += counters.unannounced;
  sometimes_["consumer: unwanted topic"] += counters.unwanted;
  sometimes_["consumer: frame of another link"] += counters.stale;
  sometimes_["consumer: refused"] += counters.refused;
  sometimes_["consumer: hold overflow"] += counters.gate_refused;
}

/// What the books say when something is stuck, into the trace.
void World::describe() {
  for (const auto& producer : producers_) {
    note("producer of " + producer->stream() + ": unconfirmed octets " +
         std::to_string(producer->core().unconfirmed_octets()) + ", obstacle: " + producer->core().obstacle());
  }
  for (const auto& worker : workers_) {
    note(worker->role().subscription + ": queued " + std::to_string(worker->core().queued()) + ", handed out " +
         std::to_string(worker->core().handed_out()) + ", subscribed " + std::to_string(worker->core().subscribed()) +
         (worker->core().trouble() ? ", trouble: " + worker->core().trouble()->text : ""));
  }
  if (!sidecar_.up()) return;
  for (const core::StreamStatus& stream : sidecar_.office().status(now_).streams) {
    note(stream.name + ": head " + std::to_string(stream.head) + ", confirmed to " +
         std::to_string(stream.confirmed_to) + ", rows " + std::to_string(stream.rows) + ", writer " + stream.writer);
    for (const core::SubscriptionStatus& one : stream.subscriptions) {
      note(one.name + ": floor " + std::to_string(one.floor) + ", backlog " + std::to_string(one.backlog_messages) +
           ", in flight " + std::to_string(one.in_flight) + ", loose " + std::to_string(one.loose) + ", parked " +
           std::to_string(one.parked) + ", why " + one.why);
    }
  }
  for (const auto& [name, outbox] : sidecar_.office().streams()) {
    for (const auto& [id, subscription] : outbox.subscriptions()) {
      describe(subscription.group, subscription.record.name + " of " + name);
    }
  }
}

void World::describe(const core::ReaderGroup& group, const std::string& whose) {
  const auto text = [](core::Range range) { return std::to_string(range.first) + "-" + std::to_string(range.last); };
  for (const auto& [token, session] : group.sessions()) {
    note(whose + ": session " + std::to_string(token) + ", credit " + std::to_string(session.credit.messages) +
         " and " + std::to_string(session.credit.octets) + ", out " + std::to_string(session.out.messages) + " and " +
         std::to_string(session.out.octets) + (session.alone ? ", alone" : "") +
         (session.draining ? ", draining" : "") + (session.admitted ? "" : ", not admitted"));
  }
  for (const auto& [first, entry] : group.cursor().entries()) {
    std::string line = whose + ": batch " + text(entry.range) + ", unsettled " + std::to_string(entry.unsettled) +
                       ", deaths " + std::to_string(entry.deaths);
    for (const core::Hold& hold : entry.holds) {
      line += ", " + std::to_string(hold.session) + (hold.reported ? " has " : " may have ") + text(hold.range);
    }
    note(line);
  }
  for (const auto& [sequence, message] : group.loose().all()) {
    note(whose + ": loose " + std::to_string(sequence) + ", attempts " + std::to_string(message.attempts) +
         ", holder " + std::to_string(message.holder) + (message.parked ? ", parked" : "") +
         (message.alone ? ", alone" : "") + (message.burying ? ", to the dead letters" : "") +
         (message.batch == nullptr ? ", not in memory" : ""));
  }
}

}  // namespace restante::sim
