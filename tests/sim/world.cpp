#include "tests/sim/world.h"

#include <algorithm>

#include <restante/limits.h>

#include "core/assert.h"
#include "core/topic_filter.h"

namespace restante::sim {

namespace {
// Windows of the subscriptions, and what some writers, one after the other, had unconfirmed.
constexpr std::uint64_t memory_bound = limits::tracked_octets_all + 4 * limits::writer_window;
}  // namespace

World::World(std::uint64_t seed, const WorldOptions& options)
    : random_(seed), options_(options), disk_("simulated", {seed, 1}), sidecar_(disk_) {
  now_ = core::Instant{} + std::chrono::hours{1};
  sidecar_.commits = options_.commits;
  sidecar_.tell = [this](const std::string& line) { note(line); };
  sidecar_.count = [this](const std::string& what) { ++sometimes_[what]; };
  sidecar_.is_alive = [this](std::uint32_t pid) { return alive_.contains(pid); };
  sidecar_.on_removed = [this](const std::string& name) {
    note("REMOVED ON THE DISK: " + name);
    ++sometimes_["subscription removed"];
    ledger_.on_removed(name);
  };
  sidecar_.on_reset = [this](const core::SubscriptionRecord& record) { on_reset(record); };
  sidecar_.on_raised = [this](const core::DeadRecord& letter, const core::ParkedRecord* parked) {
    on_raised(letter, parked);
  };
  sidecar_.on_replay = [this](const core::Subscribed& told) { on_replay(told); };
  make_subscriptions();
  start_sidecar();
  for (const Role& role : roles_) workers_.push_back(make_consumer(role));
}

Duration World::passed() const { return now_ - (core::Instant{} + std::chrono::hours{1}); }

std::int64_t World::wall_ms() const {
  constexpr std::int64_t in_2023 = 1'700'000'000'000;
  return in_2023 + wall_offset_ms_ + (now_ - core::Instant{}).count() / 1000000;
}

void World::note(const std::string& text) {
  for (const char octet : text) hash_ = (hash_ ^ static_cast<unsigned char>(octet)) * 1099511628211ULL;
  if (keep_trace_) trace_.push_back(std::to_string((now_ - core::Instant{}).count() / 1000000) + " ms  " + text);
}

void World::start_sidecar() {
  note("sidecar starts");
  sidecar_.start(options_.outbox, random_.next(), now_, wall_ms());
}

// ---- paths

/// As PUB does: every exclusive consumer gets it, or loses it; and who listens there.
void World::broadcast(const SimProducer& producer, const Buffer& batch) {
  if (!options_.live) return;
  for (const auto& worker : workers_) {
    if (!worker->role().hears_live() || worker->role().stream != producer.stream() || random_.chance(1, 12)) continue;
    paths_[worker->endpoint()].queue.push_back(batch);
  }
  for (const auto& listener : listeners_) {
    if (listener->stream() != producer.stream()) continue;
    listener->on_published(producer.endpoint(), batch, random_.chance(1, 12));
  }
}

/// A worker gets no live copy that its filters do not want: it would drop it, and has spent credit on it.
void World::check_wanted(const std::string& endpoint, const Buffer& batch) const {
  std::string why;
  const auto parsed = core::Batch::parse(batch, why);
  RESTANTE_ASSERT(parsed.has_value());
  for (const auto& worker : workers_) {
    if (worker->endpoint() != endpoint) continue;
    const std::string& topic = parsed->header().topic;
    if (core::filters_match(worker->role().filters, topic)) continue;
    throw Violation("live copy: a worker of " + worker->role().subscription + " gets topic \"" + topic + "\"");
  }
}

void World::dial_all() {
  if (!sidecar_runs()) return;
  for (const auto& producer : producers_) {
    if (!runs(*producer) || producer->client().dialled()) continue;
    producer->client().dial(sidecar_.accept(now_, producer->client().pid()), now_);
  }
  for (const auto& worker : workers_) {
    if (!runs(*worker) || worker->client().dialled()) continue;
    if (worker->dialled_store != 0) ledger_.on_session_lost(worker->role().subscription);
    worker->dialled_store = store_number_;
    worker->client().dial(sidecar_.accept(now_, worker->client().pid()), now_);
  }
  for (const auto& listener : listeners_) {
    if (listener->client().dialled()) continue;
    listener->client().dial(sidecar_.accept(now_, listener->client().pid()), now_);
  }
  for (const auto& replay : replays_) {
    if (replay->client().dialled()) continue;
    replay->client().dial(sidecar_.accept(now_, replay->client().pid()), now_);
  }
}

void World::send(std::size_t messages) {
  const auto live = [this](core::Token, const std::string& endpoint, const Buffer& batch) {
    const auto path = paths_.find(endpoint);
    if (!options_.live || random_.chance(1, 12)) return false;
    if (path == paths_.end()) return true;  // a socket without its peer takes messages too
    check_wanted(endpoint, batch);
    path->second.queue.push_back(batch);
    ++sometimes_["live copy sent"];
    return true;
  };
  SimProducer& producer = *producers_[random_.below(producers_.size())];
  if (!runs(producer)) return;
  const std::uint64_t first = next_number_;
  SimProducer::Shape shape{topic(random_.below(options_.topics)), messages, options_.payload, 0};
  if (options_.expiry && !healing_ && random_.chance(1, 4)) {
    shape.times.expire_after_ms = static_cast<std::int64_t>(100 + random_.below(6000));
  }
  if (options_.delays && !healing_ && producer.stream() == "orders" && random_.chance(1, 4)) {
    shape.times.deliver_after_ms = static_cast<std::int64_t>(1 + random_.below(random_.chance(1, 2) ? 900 : 8000));
    if (shape.times.expire_after_ms > 0) shape.times.expire_after_ms += shape.times.deliver_after_ms;
    shape.judges_delay = !options_.jumps;
  }
  const Buffer copy = producer.send(ledger_, next_number_, shape, now_, live);
  if (copy.empty()) return;
  for (std::uint64_t number = first; number < next_number_; ++number) sent_ms_[number] = wall_ms();
  sometimes_["message delayed"] += shape.times.deliver_after_ms > 0 ? 1U : 0U;
  broadcast(producer, copy);
  note("sends " + std::to_string(first) + " to " + std::to_string(next_number_ - 1) + " on " + producer.stream());
}

bool World::live_step(SimWorker& worker) {
  LivePath& path = paths_[worker.endpoint()];
  if (!path.gives() || !runs(worker)) return false;
  const Buffer frame = path.queue.front();
  path.queue.pop_front();
  worker.on_live(frame, now_);
  return true;
}

// ---- steps

void World::tick_all() {
  if (sidecar_runs()) {
    sidecar_.notice_cuts(healing_ ? nullptr : &random_, now_);
    sidecar_.tick(now_, wall_ms());
  }
  for (const auto& producer : producers_) {
    if (runs(*producer)) producer->tick(now_);
  }
  for (const auto& worker : workers_) {
    if (runs(*worker)) worker->tick(now_);
  }
  for (const auto& listener : listeners_) listener->tick(now_);
  for (const auto& replay : replays_) replay->tick(now_);
}

void World::move(SimListener& listener) {
  const std::uint64_t kind = random_.below(4);
  if (kind == 0) listener.receive(now_);
  if (kind == 1) listener.live_step(now_);
  if (kind >= 2 && listener.take(ledger_, now_)) ++sometimes_["live subscriber: took something"];
}

void World::move() {
  if (!replays_.empty() && random_.chance(1, 5)) {
    move(*replays_[random_.below(replays_.size())]);
    return;
  }
  if (!listeners_.empty() && random_.chance(1, 8)) {
    move(*listeners_[random_.below(listeners_.size())]);
    return;
  }
  const std::uint64_t kind = random_.below(8);
  const std::size_t at = random_.below(workers_.size());
  SimWorker& worker = *workers_[at];
  SimProducer& producer = *producers_[random_.below(producers_.size())];
  if (kind <= 1 && sidecar_runs()) sidecar_.receive(random_, now_);
  if (kind == 2 && runs(producer)) producer.receive(ledger_, now_);
  if (kind == 3 && runs(worker)) worker.receive(now_);
  if (kind == 4) live_step(worker);
  if (kind == 5 && sidecar_runs()) sidecar_.disk_step();
  if (kind == 6 && sidecar_runs()) sidecar_.answer_step(now_);
  if (kind == 7 && options_.strict) note_dead();
  if (kind == 7 && runs(worker) && !worker.work(ledger_, random_, options_.temper, now_)) crash_worker(at);
}

void World::step() {
  now_ += std::chrono::microseconds(random_.below(3000));
  if (random_.chance(1, 80)) now_ += std::chrono::milliseconds(random_.below(1500));
  const std::uint64_t kind = random_.below(100);
  if (kind < 18) {
    send(1 + random_.below(options_.batch));
  } else if (kind < 88) {
    for (int moves = 0; moves < 4; ++moves) move();
  } else if (kind < 92) {
    dial_all();
    if (!sidecar_.up() && random_.chance(1, 3)) start_sidecar();
  } else if (kind < 97) {
    tick_all();
  } else {
    if (options_.replays && random_.chance(1, 2)) replay_fault();
    if (options_.undead) change_dead();
    fault();
  }
  check();
}

void World::note_dead() {
  for (const auto& [key, dead] : disk_.contents().dead) {
    const auto subscription = disk_.contents().subscriptions.find(dead.subscription);
    if (subscription == disk_.contents().subscriptions.end()) continue;  // it was removed, and they stay
    ledger_.on_dead(subscription->second.name, dead.grant, dead.sequence, dead.payload);
  }
}

void World::check() {
  if (sidecar_.failed()) crash_sidecar();
  if (sidecar_.up()) {
    Ledger::on_memory(sidecar_.office().tracked_octets(), memory_bound);
    sidecar_.check_books();
  }
  note_dead();
  for (const auto& worker : workers_) {
    if (!worker->core().subscribed() || worker->dialled_store != store_number_) continue;
    if (!is_there(worker->made())) continue;  // it was removed or reset, which it does not know
    ledger_.on_subscribed(worker->role().subscription, next_number_);
    if (worker->role().is_changed) ledger_.on_changed(worker->role().subscription, next_number_);
  }
  end_fenced();
  end_taken_over();
  hear_of_removals();
  end_removed();
  end_replays();
  note_retention();
}

void World::run(std::size_t steps) {
  for (std::size_t at = 0; at < steps; ++at) step();
  heal();
}

}  // namespace restante::sim
