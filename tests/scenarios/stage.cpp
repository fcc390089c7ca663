#include "tests/scenarios/stage.h"

#include <algorithm>

#include "tests/scenarios/transcript.h"

namespace restante::scenarios {

namespace {

constexpr const char* stream_name = "orders";
constexpr std::uint64_t producer_window = limits::writer_window;

}  // namespace

Stage::Stage() : now_(core::Instant{} + std::chrono::hours{1}), disk_("n1", {1, 1}), sidecar_(disk_) {
  sidecar_.commits = &commits_;
  sidecar_.count = [](const std::string&) {};
  sidecar_.is_alive = [this](std::uint32_t pid) {
    return std::any_of(parties_.begin(), parties_.end(), [pid](const auto& one) { return one->client().pid() == pid; });
  };
  sidecar_.on_load = [this](const core::LoadReply& reply) { note("disk", text_of(reply)); };
  sidecar_.tell = [this](const std::string& line) {
    constexpr std::string_view notice = "  notice: ";
    if (line == "  disk: full") note("disk", "full, nothing of the commit is kept");
    if (line.starts_with(notice)) note("sidecar", line.substr(notice.size(), line.find(". ") - notice.size()));
  };
}

// ---- processes

Party& Stage::party(const std::string& name) {
  for (const auto& one : parties_) {
    if (one->name == name) return *one;
  }
  throw Fault("there is no process " + name);
}

Party& Stage::consumer(const std::string& name) {
  Party& found = party(name);
  if (!found.consumer) throw Fault(name + " is a producer");
  return found;
}

void Stage::require_free(const std::string& name) const {
  const auto is_it = [&](const auto& one) { return one->name == name; };
  if (std::any_of(parties_.begin(), parties_.end(), is_it)) throw Fault(name + " runs already");
}

Party& Stage::add_party(const std::string& name) {
  parties_.push_back(std::make_unique<Party>());
  parties_.back()->name = name;
  return *parties_.back();
}

void Stage::add_subscription(const sim::Role& role) {
  if (was_started_) throw Fault("subscriptions are declared before anything is started");
  roles_.push_back(role);
  roles_.back().stream = stream_name;
}

/// The stream as it stands on the disk before the story.
void Stage::write_stream() {
  core::Transaction made;
  made.number = 1;
  made.streams.push_back(core::StreamRecord{.id = 1, .name = stream_name});
  for (const sim::Role& role : roles_) {
    const auto id = static_cast<core::SubscriptionId>(made.subscriptions.size() + 1);
    auto mode = role.exclusive ? core::SubscriptionMode::exclusive : core::SubscriptionMode::shared;
    if (role.strict) mode = core::SubscriptionMode::strict;
    made.subscriptions.push_back({id, 1, role.subscription, mode, role.filters, 0, 0});
    const bool plain = std::none_of(role.filters.begin(), role.filters.end(), [](const std::string& filter) {
      return filter.find_first_of("+#") != std::string::npos;
    });
    ledger_.on_subscription(role.subscription, stream_name, plain ? role.filters : std::vector<std::string>{});
  }
  disk_.commit(made);
}

void Stage::start_sidecar(const core::OutboxSettings& settings) {
  if (sidecar_.up()) throw Fault("the sidecar runs already");
  if (!std::exchange(was_started_, true)) {
    if (roles_.empty()) {
      roles_.push_back({stream_name, "workers", false, {}});
      ledger_.on_subscription("workers", stream_name, {});
    } else {
      write_stream();
    }
  }
  constexpr std::int64_t in_2023 = 1'700'000'000'000;
  settings_ = settings;
  sidecar_.start(settings_, next_random_++, now_, in_2023 + (now_ - core::Instant{}).count() / 1'000'000);
}

void Stage::start_producer(const std::string& name) {
  require_free(name);
  const auto is_pipeline = [](const sim::Role& role) { return role.subscription == core::pipeline_subscription; };
  const auto pattern = std::any_of(roles_.begin(), roles_.end(), is_pipeline) ? core::StreamPattern::pipeline
                                                                              : core::StreamPattern::pubsub;
  add_party(name).producer =
      std::make_unique<sim::SimProducer>(stream_name, next_random_++, next_pid_++, producer_window, pattern);
}

void Stage::start_consumer(const std::string& name, const ConsumerSetup& setup) {
  require_free(name);
  if (!was_started_) throw Fault("start the sidecar first: a story begins with it");
  const auto role = std::find_if(roles_.begin(), roles_.end(),
                                 [&](const sim::Role& known) { return known.subscription == setup.subscription; });
  if (role == roles_.end()) throw Fault("there is no subscription " + setup.subscription + "; declare it first");
  Party& added = add_party(name);
  const sim::SimWorker::Setup worker{next_random_++, next_pid_++, "live-" + name, setup.lease, setup.credit};
  added.hands = setup.hands;
  added.consumer = std::make_unique<sim::SimWorker>(*role, worker, now_);
  ledger_.on_session(role->subscription, worker.session);
  added.consumer->on_regress = [this, name, session = worker.session](Sequence from) {
    note(name, "is told of a regress: what it knew from " + std::to_string(from) + " on is gone");
    ledger_.on_regress(session, from);
  };
  added.consumer->count = [this, name](const std::string& what) {
    if (what == "settled after its hold had ended") note(name, "no longer holds it");
  };
}

void Stage::crash(const std::string& name) {
  if (name != "sidecar") {
    Party& gone = party(name);
    lose(gone);
    std::erase_if(parties_, [&](const auto& one) { return one.get() == &gone; });
    return;
  }
  if (!sidecar_.up()) throw Fault("the sidecar does not run");
  if (sidecar_.asked() > 0) note("lost: what the disk had not begun");
  if (sidecar_.answered() > 0) note("lost: the answer of the disk");
  for (const auto& one : parties_) {
    if (!one->client().dialled()) continue;
    lose_up(*one);
    lose_down(*one);
  }
  sidecar_.kill();
}

void Stage::stop(const std::string& name) { consumer(name).consumer->stop(now_); }

// ---- what applications do

void Stage::send(const std::string& name, std::size_t count, std::size_t batch, sim::SimProducer::Shape shape) {
  Party& writer = party(name);
  if (!writer.producer) throw Fault(name + " is a consumer");
  const auto live = [this](core::Token, const std::string& endpoint, const core::Buffer& frame) {
    for (const auto& one : parties_) {
      if (one->consumer && one->consumer->endpoint() == endpoint) one->live.queue.push_back(frame);
    }
    return true;  // a socket without its peer takes messages too
  };
  while (count > 0) {
    shape.messages = std::min(count, batch);
    const core::Buffer copy = writer.producer->send(ledger_, next_number_, shape, now_, live);
    if (copy.empty()) {
      note(name, "cannot send: " +
                     first_clause(writer.producer->core().obstacle(shape.messages * shape.payload, shape.messages)));
      return;
    }
    for (const auto& one : parties_) {  // as PUB does: every exclusive consumer gets it
      if (one->consumer && one->consumer->role().hears_live()) one->live.queue.push_back(copy);
    }
    count -= shape.messages;
  }
}

std::size_t Stage::hand(Party& party, Sequence sequence) {
  const auto& hands = party.consumer->hands();
  for (std::size_t at = hands.size(); at-- > 0;) {
    if (hands[at].item.sequence == sequence) return at;
  }
  throw Fault(party.name + " has no " + std::to_string(sequence) + " in hand");
}

void Stage::settle(const std::string& name, core::Range range, const sim::SimWorker::Decision& decision) {
  Party& reader = consumer(name);
  for (Sequence sequence = range.first; sequence <= range.last; ++sequence) {
    reader.consumer->settle(ledger_, hand(reader, sequence), decision, now_);
  }
}

void Stage::extend(const std::string& name, core::Range range) {
  Party& reader = consumer(name);
  for (Sequence sequence = range.first; sequence <= range.last; ++sequence) {
    if (!reader.consumer->extend(hand(reader, sequence), now_)) {
      note(name, "the lease of " + std::to_string(sequence) + " had ended");
    }
  }
}

// ---- the disk

void Stage::save_store() { backup_ = Backup{disk_.snapshot(), ledger_.confirmed()}; }

void Stage::restore_store() {
  if (!backup_) throw Fault("no store was saved");
  if (sidecar_.up()) throw Fault("the store is in use: crash the sidecar first");
  disk_.restore(backup_->contents);
  std::set<std::string> subscriptions;
  for (const auto& [id, known] : backup_->contents.subscriptions) subscriptions.insert(known.name);
  ledger_.on_store_replaced(backup_->confirmed, subscriptions);
}

// ---- what is told

void Stage::tell_status() {
  if (!sidecar_.up()) throw Fault("the sidecar does not run");
  const core::NodeStatus status = sidecar_.office().status(now_);
  for (const core::StreamStatus& stream : status.streams) {
    note(stream.name, "head " + std::to_string(stream.head) + ", confirmed " + std::to_string(stream.confirmed_to) +
                          ", stored " + std::to_string(stream.stored) + ", elided " + std::to_string(stream.elided) +
                          ", rows " + std::to_string(stream.rows));
    for (const core::SubscriptionStatus& one : stream.subscriptions) {
      std::string text = "floor " + std::to_string(one.floor) + ", backlog " + std::to_string(one.backlog_messages) +
                         ", in flight " + std::to_string(one.in_flight);
      if (one.parked > 0) text += ", parked " + std::to_string(one.parked);
      if (one.dead > 0) text += ", dead letters " + std::to_string(one.dead);
      note(one.name, text + (one.live ? ", live" : ", catching up") + (one.why.empty() ? "" : ": " + one.why));
    }
  }
  for (const auto& [reason, count] : status.counters) {
    if (count > 0) note("sidecar", reason + ": " + std::to_string(count));
  }
}

void Stage::tell_status(const std::string& name) {
  const Party& one = party(name);
  if (one.producer) {
    const core::Producer& core = one.producer->core();
    const std::string obstacle = first_clause(core.obstacle());
    note(name, "sent " + std::to_string(core.sent()) + ", confirmed " + std::to_string(core.confirmed()) +
                   ", settled " + std::to_string(core.settled()) + (obstacle.empty() ? "" : "; " + obstacle));
    return;
  }
  const core::Inbox& core = one.consumer->core();
  std::string text = "in hand " + std::to_string(core.handed_out()) + ", queued " + std::to_string(core.queued());
  const core::Inbox::Counters counters = core.counters();
  const std::pair<const char*, std::uint64_t> reasons[] = {{"again", counters.again},
                                                           {"below the floor", counters.below_floor},
                                                           {"unannounced", counters.unannounced},
                                                           {"unwanted", counters.unwanted},
                                                           {"of another link", counters.stale},
                                                           {"refused", counters.refused},
                                                           {"dropped by the order gate", counters.gate_refused}};
  for (const auto& [reason, count] : reasons) {
    if (count > 0) text += ", " + std::string(reason) + " " + std::to_string(count);
  }
  note(name, core.trouble() ? text + "; " + first_clause(core.trouble()->text) : text);
}

}  // namespace restante::scenarios
