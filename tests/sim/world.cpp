#include "tests/sim/world.h"

#include <algorithm>

#include "core/assert.h"

namespace restante::sim {

namespace {
const std::string stream_name = "orders";
constexpr std::uint64_t memory_bound = 64U << 20;
constexpr std::uint64_t unlimited = std::uint64_t{1} << 60;
}  // namespace

WorldOptions WorldOptions::draw(std::uint64_t seed) {
  core::Random random(seed * 2654435761U + 17);
  WorldOptions options;
  options.workers = 1 + random.below(4);
  options.readers = random.chance(1, 2) ? 1 + random.below(2) : 0;
  options.topics = 1 + random.below(4);
  options.rivals = random.chance(1, 2);
  options.crashes = random.chance(7, 8);
  options.cuts = random.chance(7, 8);
  options.live = random.chance(7, 8);
  options.elision = random.chance(7, 8);
  options.full_disk = random.chance(1, 6);
  options.window = std::uint64_t{512} << random.below(6);
  options.credit = std::uint64_t{256} << random.below(7);
  options.payload = 20 + random.below(200);
  options.batch = 1 + random.below(8);
  options.lease = std::chrono::milliseconds(500 + random.below(4000));
  if (random.chance(1, 2)) options.temper.nack = static_cast<unsigned>(random.below(30));
  if (random.chance(1, 3)) options.temper.reject = static_cast<unsigned>(random.below(8));
  if (random.chance(1, 3)) options.temper.release = static_cast<unsigned>(random.below(20));
  if (random.chance(1, 3)) options.temper.hang = static_cast<unsigned>(random.below(10));
  if (random.chance(1, 6)) options.temper.poison = 20 + random.below(60);
  return options;
}

std::string WorldOptions::text() const {
  return "workers " + std::to_string(workers) + ", readers " + std::to_string(readers) + ", topics " +
         std::to_string(topics) + ", rivals " + std::to_string(rivals) + ", crashes " + std::to_string(crashes) +
         ", cuts " + std::to_string(cuts) + ", live " + std::to_string(live) + ", elision " + std::to_string(elision) +
         ", full disk " + std::to_string(full_disk) + ", window " + std::to_string(window) + ", credit " +
         std::to_string(credit) + ", payload " + std::to_string(payload) + ", batch " + std::to_string(batch) +
         ", nack " + std::to_string(temper.nack) + ", reject " + std::to_string(temper.reject) + ", release " +
         std::to_string(temper.release) + ", hang " + std::to_string(temper.hang) + ", poison " +
         std::to_string(temper.poison);
}

World::World(std::uint64_t seed, const WorldOptions& options)
    : random_(seed), options_(options), disk_("simulated", {seed, 1}), sidecar_(disk_) {
  now_ = core::Instant{} + std::chrono::hours{1};
  settings_.elision = options_.elision;
  settings_.retry.attempts_max = 4;
  sidecar_.tell = [this](const std::string& line) { note(line); };
  make_subscriptions();
  sidecar_.start(settings_, random_.next(), now_);
  new_producer();
  for (const Role& role : roles_) workers_.push_back(make_consumer(role));
}

std::string World::topic(std::size_t number) const { return options_.topics == 1 ? "" : "t/" + std::to_string(number); }

/// The stream and its subscriptions are on the disk from the beginning, so that all of them own all messages.
void World::make_subscriptions() {
  core::Transaction made;
  made.number = 1;
  made.streams.push_back(core::StreamRecord{.id = 1, .name = stream_name});
  made.subscriptions.push_back({1, 1, "workers", core::SubscriptionMode::shared, {}, 0, 0});
  ledger_.on_subscription("workers", {});
  for (std::size_t at = 0; at < options_.workers; ++at) roles_.push_back({});
  for (std::size_t at = 0; at < options_.readers; ++at) {
    Role role{"reader-" + std::to_string(at + 1), true, {"#"}};
    std::vector<std::string> topics;
    if (at > 0 && options_.topics > 1) {
      topics = {topic(0), topic(1)};
      role.filters = topics;
    }
    made.subscriptions.push_back({static_cast<core::SubscriptionId>(at + 2), 1, role.subscription,
                                  core::SubscriptionMode::exclusive, role.filters, 0, 0});
    ledger_.on_subscription(role.subscription, topics);
    roles_.push_back(role);
  }
  disk_.commit(made);
}

void World::note(const std::string& text) {
  for (const char octet : text) hash_ = (hash_ ^ static_cast<unsigned char>(octet)) * 1099511628211ULL;
  if (keep_trace_) trace_.push_back(std::to_string((now_ - core::Instant{}).count() / 1000000) + " ms  " + text);
}

// ---- processes

void World::new_producer() {
  producer_ = std::make_unique<SimProducer>(stream_name, random_.next() | 1, next_pid_++, options_.window);
  note("producer " + std::to_string(producer_->client().pid()) + " begins");
}

std::unique_ptr<SimWorker> World::make_consumer(const Role& role) {
  const std::uint64_t session = random_.next() | 1;
  const std::string endpoint = "live-" + std::to_string(next_pid_);
  paths_[endpoint] = {};
  auto made = std::make_unique<SimWorker>(stream_name, session, next_pid_++, endpoint, options_.lease, options_.credit,
                                          role, now_);
  made->tell = [this](const std::string& line) { note(line); };
  note("a consumer of " + role.subscription + " begins as session " + std::to_string(session % 10000));
  return made;
}

void World::crash_worker(std::size_t at) {
  note("A CONSUMER OF " + workers_[at]->role().subscription + " CRASHES");
  ++sometimes_["worker crashed"];
  paths_.erase(workers_[at]->endpoint());
  if (workers_[at]->client().dialled()) workers_[at]->client().link()->cut(random_);
  workers_[at] = make_consumer(workers_[at]->role());
}

/// A second process takes the name of an exclusive subscription while the first still runs.
void World::new_rival(std::size_t at) {
  const Role role = workers_[at]->role();
  if (!role.exclusive || workers_.size() > roles_.size() + 2) return;
  note("A RIVAL FOR " + role.subscription);
  ++sometimes_["rival"];
  workers_.push_back(make_consumer(role));
}

/// Who was taken over ends, as its application would; somebody must be left.
void World::end_taken_over() {
  std::erase_if(workers_, [this](const auto& worker) {
    if (!worker->taken_over()) return false;
    note("session " + std::to_string(worker->session() % 10000) + " was taken over");
    ++sometimes_["taken over"];
    if (worker->client().dialled()) worker->client().link()->cut(random_);
    paths_.erase(worker->endpoint());
    return true;
  });
  for (const Role& role : roles_) {
    const auto is_it = [&](const auto& worker) { return worker->role().subscription == role.subscription; };
    if (std::none_of(workers_.begin(), workers_.end(), is_it)) throw Violation("everybody was taken over");
  }
}

/// As PUB does: every exclusive consumer gets it, or loses it.
void World::broadcast(const Buffer& batch) {
  if (!options_.live) return;
  for (const auto& worker : workers_) {
    if (worker->role().exclusive && !random_.chance(1, 12)) paths_[worker->endpoint()].queue.push_back(batch);
  }
}

void World::dial_all() {
  if (!sidecar_.up()) return;
  if (!producer_->client().dialled()) {
    producer_->client().dial(sidecar_.accept(now_, producer_->client().pid()), now_);
  }
  for (const auto& worker : workers_) {
    if (!worker->client().dialled()) worker->client().dial(sidecar_.accept(now_, worker->client().pid()), now_);
  }
}

void World::send(std::size_t messages) {
  const auto live = [this](core::Token, const std::string& endpoint, const Buffer& batch) {
    const auto path = paths_.find(endpoint);
    if (!options_.live || random_.chance(1, 12)) return false;
    if (path == paths_.end()) return true;  // a socket without its peer takes messages too
    path->second.queue.push_back(batch);
    ++sometimes_["live copy sent"];
    return true;
  };
  const std::uint64_t first = next_number_;
  const SimProducer::Shape shape{topic(random_.below(options_.topics)), messages, options_.payload};
  const Buffer copy = producer_->send(ledger_, next_number_, shape, now_, live);
  if (!copy.empty()) {
    broadcast(copy);
    note("sends " + std::to_string(first) + " to " + std::to_string(next_number_ - 1));
  }
}

// ---- steps

void World::tick_all() {
  const std::int64_t wall_ms = (now_ - core::Instant{}).count() / 1000000;
  if (sidecar_.up()) {
    sidecar_.notice_cuts(healing_ ? nullptr : &random_, now_);
    sidecar_.tick(now_, wall_ms);
  }
  producer_->tick(now_);
  for (const auto& worker : workers_) worker->tick(now_);
}

bool World::live_step() {
  for (auto& worker : workers_) {
    LivePath& path = paths_[worker->endpoint()];
    if (path.queue.empty()) continue;
    const Buffer frame = path.queue.front();
    path.queue.pop_front();
    worker->on_live(frame, now_);
    return true;
  }
  return false;
}

void World::move() {
  const std::uint64_t kind = random_.below(8);
  SimWorker& worker = *workers_[random_.below(workers_.size())];
  if (kind == 0 && sidecar_.up()) sidecar_.receive(random_, now_);
  if (kind == 1 && sidecar_.up()) sidecar_.receive(random_, now_);
  if (kind == 2) producer_->receive(ledger_, now_);
  if (kind == 3) worker.receive(now_);
  if (kind == 4) {
    LivePath& path = paths_[worker.endpoint()];
    if (path.queue.empty()) return;
    const Buffer frame = path.queue.front();
    path.queue.pop_front();
    worker.on_live(frame, now_);
  }
  if (kind == 5 && sidecar_.up()) sidecar_.disk_step();
  if (kind == 6 && sidecar_.up()) sidecar_.answer_step(now_);
  if (kind == 7) {
    const std::size_t at = random_.below(workers_.size());
    if (!workers_[at]->work(ledger_, random_, options_.temper, now_)) crash_worker(at);
  }
}

void World::fault() {
  const std::uint64_t kind = random_.below(8);
  const std::size_t at = random_.below(workers_.size());
  if (kind == 7 && options_.rivals) new_rival(at);
  if (kind == 0 && options_.crashes && sidecar_.up()) {
    note("SIDECAR CRASHES");
    gather();
    sidecar_.crash(random_);
    ++sometimes_["sidecar crashed"];
  } else if (kind == 1 && options_.crashes) {
    note("PRODUCER CRASHES");
    if (producer_->client().dialled()) producer_->client().link()->cut(random_);
    new_producer();
    ++sometimes_["producer crashed"];
  } else if (kind == 2 && options_.crashes) {
    crash_worker(at);
  } else if (kind == 3 && options_.cuts && producer_->client().dialled()) {
    note("PRODUCER'S LINK CUT");
    producer_->client().link()->cut(random_);
  } else if (kind == 4 && options_.cuts && workers_[at]->client().dialled()) {
    note("WORKER'S LINK CUT");
    workers_[at]->client().link()->cut(random_);
    ++sometimes_["control link cut"];
  } else if (kind == 5 && options_.cuts) {
    note("LIVE PATH CUT");
    paths_[workers_[at]->endpoint()].cut(random_);
  } else if (kind == 6 && options_.full_disk) {
    const bool fill = random_.chance(1, 2);
    note(fill ? "DISK FILLS" : "DISK IS FREED");
    disk_.set_capacity(fill ? std::max<std::uint64_t>(1, disk_.snapshot().used) : unlimited);
  }
}

void World::step() {
  now_ += std::chrono::microseconds(random_.below(3000));
  if (random_.chance(1, 200)) now_ += std::chrono::milliseconds(random_.below(1500));
  const std::uint64_t kind = random_.below(100);
  if (kind < 18) {
    send(1 + random_.below(options_.batch));
  } else if (kind < 88) {
    for (int moves = 0; moves < 4; ++moves) move();
  } else if (kind < 92) {
    dial_all();
    if (!sidecar_.up() && random_.chance(1, 3)) {
      note("sidecar starts");
      sidecar_.start(settings_, random_.next(), now_);
    }
  } else if (kind < 98) {
    tick_all();
  } else {
    fault();
  }
  check();
}

void World::check() {
  if (sidecar_.up()) ledger_.on_memory(sidecar_.office().tracked_octets(), memory_bound);
  const core::StoreContents contents = disk_.snapshot();
  for (const auto& [key, dead] : contents.dead) {
    ledger_.on_dead(contents.subscriptions.at(dead.subscription).name, dead.grant, dead.sequence, dead.payload);
  }
  end_taken_over();
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
      sometimes_["dead"] += one.dead;
    }
  }
  for (const auto& [reason, count] : status.counters) sometimes_[reason] += count;
}

bool World::settled_all() const {
  if (!producer_->finished() || !sidecar_.quiet() || !ledger_.missing().empty()) return false;
  return std::all_of(workers_.begin(), workers_.end(), [](const auto& worker) { return worker->idle(); });
}

/// No faults any more, and every application works: all that is confirmed must be done within bounded virtual time.
void World::heal() {
  note("--- heal");
  healing_ = true;
  options_.temper.nack = options_.temper.reject = options_.temper.release = options_.temper.hang = 0;
  disk_.set_capacity(unlimited);
  constexpr int rounds_max = 4000;
  for (int round = 0; round < rounds_max; ++round) {
    now_ += std::chrono::milliseconds(25);
    if (!sidecar_.up()) sidecar_.start(settings_, random_.next(), now_);
    dial_all();
    tick_all();
    if (round < 40 && random_.chance(1, 2)) send(1 + random_.below(options_.batch));
    sidecar_.receive_all(now_);
    while (sidecar_.disk_step()) {
    }
    while (sidecar_.answer_step(now_)) {
    }
    while (producer_->receive(ledger_, now_)) {
    }
    for (const auto& worker : workers_) {
      while (worker->receive(now_)) {
      }
    }
    while (live_step()) {
    }
    for (std::size_t at = 0; at < workers_.size(); ++at) {
      for (int taken = 0; taken < 40; ++taken) {
        if (workers_[at]->work(ledger_, random_, options_.temper, now_)) continue;
        crash_worker(at);
        break;
      }
    }
    check();
    if (round > 60 && settled_all()) return gather();
  }
  const auto missing = ledger_.missing();
  describe();
  if (missing.empty()) throw Violation("stall after heal: something never came to rest");
  throw Violation("confirmed and lost (or stalled) after heal: " + std::to_string(missing.size()) +
                  " messages, first " + std::to_string(missing.front()));
}

/// What the books say when something is stuck, into the trace.
void World::describe() {
  note("producer: unconfirmed octets " + std::to_string(producer_->core().unconfirmed_octets()) +
       ", obstacle: " + producer_->core().obstacle());
  for (const auto& worker : workers_) {
    note(worker->role().subscription + ": queued " + std::to_string(worker->core().queued()) + ", handed out " +
         std::to_string(worker->core().handed_out()) + ", subscribed " + std::to_string(worker->core().subscribed()));
  }
  if (!sidecar_.up()) return;
  for (const core::StreamStatus& stream : sidecar_.office().status(now_).streams) {
    note("stream: head " + std::to_string(stream.head) + ", confirmed to " + std::to_string(stream.confirmed_to) +
         ", rows " + std::to_string(stream.rows) + ", writer " + stream.writer);
    for (const core::SubscriptionStatus& one : stream.subscriptions) {
      note(one.name + ": floor " + std::to_string(one.floor) + ", backlog " + std::to_string(one.backlog_messages) +
           ", in flight " + std::to_string(one.in_flight) + ", loose " + std::to_string(one.loose) + ", parked " +
           std::to_string(one.parked) + ", why " + one.why);
    }
  }
}

void World::run(std::size_t steps) {
  for (std::size_t at = 0; at < steps; ++at) step();
  heal();
}

Sometimes World::sometimes() const { return sometimes_; }

}  // namespace restante::sim
