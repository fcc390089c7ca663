/// \file
/// The processes of the simulated world come and go.

#include <algorithm>
#include <utility>

#include <restante/limits.h>

#include "tests/sim/world.h"

namespace restante::sim {

std::string World::topic(std::size_t number) const { return options_.topics == 1 ? "" : "t/" + std::to_string(number); }

/// The streams and their first subscriptions are on the disk from the beginning, so that those own all messages.
void World::make_subscriptions() {
  core::Transaction made;
  made.number = 1;
  core::SubscriptionId id = 1;
  for (std::size_t number = 0; number < options_.streams; ++number) {
    const auto stream_id = static_cast<core::StreamId>(number + 1);
    const std::string tail = number == 0 ? "" : "-of-" + std::to_string(number + 1);
    const std::string stream = "orders" + tail;
    const bool to_dead = options_.expiry && random_.chance(1, 4);
    made.streams.push_back({.id = stream_id, .name = stream, .next = options_.next, .expiry = {0, to_dead}});
    draw_rules(made.streams.back());
    Role work{stream, "workers" + tail, false, false, {}};
    draw_rules(work, number > 0);  // the first is a pipeline's
    made.subscriptions.push_back({id++,
                                  stream_id,
                                  work.subscription,
                                  core::SubscriptionMode::shared,
                                  {},
                                  options_.next - 1,
                                  0,
                                  {},
                                  0,
                                  work.limit,
                                  work.retry});
    ledger_.on_subscription(work.subscription, stream, {});
    on_rules(work);
    for (std::size_t at = 0; at < options_.workers; ++at) roles_.push_back(work);
    for (std::size_t at = 0; at < options_.readers; ++at) {
      Role role{stream,
                "reader-" + std::to_string(at + 1) + tail,
                true,
                options_.strict && at + 1 == options_.readers,
                {"#"}};
      std::vector<std::string> topics;
      if (at > 0 && options_.topics > 1) {
        topics = {topic(0), topic(1)};
        role.filters = topics;
      }
      draw_rules(role, true);
      made.subscriptions.push_back({id++,
                                    stream_id,
                                    role.subscription,
                                    role.strict ? core::SubscriptionMode::strict : core::SubscriptionMode::exclusive,
                                    role.filters,
                                    options_.next - 1,
                                    0,
                                    {},
                                    0,
                                    role.limit,
                                    role.retry});
      ledger_.on_subscription(role.subscription, stream, topics);
      on_rules(role);
      roles_.push_back(role);
    }
    producers_.push_back(make_producer(stream));
    if (number > 0) make_listeners(stream);
  }
  disk_.commit(made);
  if (options_.commits != nullptr) options_.commits->push_back(made);
}

/// So small that somebody who is away for a while reaches it.
BacklogLimit World::draw_limit() {
  BacklogLimit limit;
  if (!options_.limits || random_.chance(1, 4)) return limit;
  if (random_.chance(2, 3)) limit.messages = 1 + random_.below(40);
  if (limit.messages == 0 || random_.chance(1, 3)) limit.octets = 200 + random_.below(6000);
  if (random_.chance(1, 6)) limit.then = OnLimit::refuse;
  return limit;
}

/// Rates at which a backlog is gone within the time that healing takes.
void World::draw_rules(core::StreamRecord& stream) {
  if (options_.limits && random_.chance(1, 3)) stream.limit = stream_limits_[stream.name] = draw_limit();
  if (!options_.drains) return;
  if (random_.chance(2, 3)) stream.drain.messages = 30 + random_.below(500);
  if (stream.drain.messages == 0 || random_.chance(1, 3)) {
    stream.drain.octets = 30 * (options_.payload + 300) + random_.below(50'000);
  }
}

void World::draw_rules(Role& role, bool has_limit) {
  if (has_limit) role.limit = draw_limit();
  if (random_.chance(1, 2)) return;
  role.retry.attempts_max = static_cast<std::int64_t>(1 + random_.below(6));
  role.retry.initial_ms = static_cast<std::int64_t>(random_.below(400));
  if (random_.chance(1, 2)) role.retry.factor_percent = static_cast<std::int64_t>(100 + random_.below(400));
  if (random_.chance(1, 2)) role.retry.max_ms = static_cast<std::int64_t>(random_.below(3000));
}

void World::on_rules(const Role& role) {
  const BacklogLimit limit = role.limit != BacklogLimit{} ? role.limit : stream_limits_[role.stream];
  ledger_.on_limit(role.subscription, limit);
  // With few gaps they are joined over what is still to come.
  constexpr bool has_many_gaps = limits::gaps_max >= 64;
  const bool is_judged =
      has_many_gaps && limit == BacklogLimit{} && !options_.jumps && !options_.resets && !options_.changes;
  if (options_.expiry) ledger_.on_expiry(role.subscription, is_judged);
  const std::int64_t most = role.retry.attempts_max;
  ledger_.on_attempts_max(role.subscription, most > 0 ? most : options_.outbox.retry.attempts_max);
}

std::unique_ptr<SimProducer> World::make_producer(const std::string& stream) {
  const std::uint32_t pid = next_pid_++;
  alive_.insert(pid);
  note("producer " + std::to_string(pid) + " of " + stream + " begins");
  // The first stream has a subscription `workers`, the others have theirs under other names.
  const auto pattern = stream == "orders" ? core::StreamPattern::pipeline : core::StreamPattern::pubsub;
  return std::make_unique<SimProducer>(stream, random_.next() | 1, pid, options_.window, pattern, options_.retention);
}

std::unique_ptr<SimWorker> World::make_consumer(const Role& role) {
  const SimWorker::Setup setup{random_.next() | 1, next_pid_, "live-" + std::to_string(next_pid_), options_.lease,
                               options_.credit};
  alive_.insert(next_pid_++);
  paths_[setup.endpoint] = {};
  ledger_.on_session(role.subscription, setup.session);
  auto made = std::make_unique<SimWorker>(role, setup, now_);
  made->tell = [this](const std::string& line) { note(line); };
  made->count = [this](const char* what) { ++sometimes_[what]; };
  made->on_regress = [this, setup](Sequence from) {
    if (store_number_ == 1) {
      throw Violation("regress of a store that was never replaced: from " + std::to_string(from));
    }
    note("session " + std::to_string(setup.session % 10000) + " is told of a regress from " + std::to_string(from));
    ++sometimes_["regression seen"];
    ledger_.on_regress(setup.session, from);
  };
  made->on_gap = [this, setup, role](std::uint64_t number, core::Range range) {
    note("session " + std::to_string(setup.session % 10000) + " is told of a gap from " + std::to_string(range.first) +
         " to " + std::to_string(range.last));
    ledger_.on_gap({role.subscription, setup.session, role.exclusive && !role.strict}, number, range, now_);
  };
  note("a consumer of " + role.subscription + " begins as session " + std::to_string(setup.session % 10000));
  return made;
}

/// Of a stream that is published: one hears everything, the other a topic or two.
void World::make_listeners(const std::string& stream) {
  for (std::size_t at = 0; at < options_.listeners; ++at) {
    SimListener::Setup setup{stream, {"#"}, random_.next() | 1, next_pid_, options_.credit, true};
    if (at > 0) {
      setup.filters = {topic(0).empty() ? "#" : topic(0),
                       topic(options_.topics - 1).empty() ? "+" : topic(options_.topics - 1)};
      setup.judges_gaps = options_.topics <= limits::writer_topics_max;
    }
    alive_.insert(next_pid_++);
    listeners_.push_back(std::make_unique<SimListener>(setup));
    listeners_.back()->tell = [this](const std::string& line) { note(line); };
  }
}

void World::crash_sidecar() {
  note("SIDECAR CRASHES");
  gather();
  sidecar_.crash(random_);
  ++sometimes_["sidecar crashed"];
}

/// Its successor starts at once. With zombies it may only have been stopped, and wakes up beside it.
void World::crash_producer(std::size_t at) {
  ++sometimes_["producer crashed"];
  SimProducer& old = *producers_[at];
  const std::string stream = old.stream();
  if (options_.zombies && producers_.size() < options_.streams + 2 && random_.chance(1, 2)) {
    note("PRODUCER " + std::to_string(old.client().pid()) + " IS STOPPED AND REPLACED");
    ++sometimes_["zombie producer"];
    old.frozen_until = now_ + std::chrono::milliseconds(random_.below(8000));
    producers_.push_back(make_producer(stream));
    return;
  }
  note("PRODUCER " + std::to_string(old.client().pid()) + " CRASHES");
  if (old.client().dialled()) old.client().link()->cut(random_);
  alive_.erase(old.client().pid());
  producers_[at] = make_producer(stream);
}

/// A producer that was told that it is fenced ends. The last one of its stream is started again by its service.
void World::end_fenced() {
  for (std::size_t at = producers_.size(); at-- > 0;) {
    if (!producers_[at]->fenced()) continue;
    const std::string stream = producers_[at]->stream();
    note("producer " + std::to_string(producers_[at]->client().pid()) + " is fenced");
    ++sometimes_["writer fenced"];
    if (producers_[at]->client().dialled()) producers_[at]->client().link()->cut(random_);
    alive_.erase(producers_[at]->client().pid());
    producers_.erase(producers_.begin() + static_cast<std::ptrdiff_t>(at));
    const auto is_of = [&](const auto& other) { return other->stream() == stream; };
    if (std::none_of(producers_.begin(), producers_.end(), is_of)) producers_.push_back(make_producer(stream));
  }
}

void World::crash_worker(std::size_t at) {
  note("A CONSUMER OF " + workers_[at]->role().subscription + " CRASHES");
  ++sometimes_["worker crashed"];
  end_consumer(*workers_[at]);
  workers_[at] = make_consumer(workers_[at]->role());
}

void World::end_consumer(SimWorker& worker) {
  ledger_.on_session_lost(worker.role().subscription);
  gather(worker);
  paths_.erase(worker.endpoint());
  alive_.erase(worker.client().pid());
  if (worker.client().dialled()) worker.client().link()->cut(random_);
}

/// A second process takes the name of an exclusive subscription while the first still runs.
void World::new_rival(std::size_t at) {
  const Role role = workers_[at]->role();
  if (!role.exclusive || workers_.size() > roles_.size() + 2) return;
  note("A RIVAL FOR " + role.subscription);
  ++sometimes_["rival"];
  workers_.push_back(make_consumer(role));
}

/// Somebody subscribes for the first time while all is under way.
void World::new_subscription() {
  if (late_ == 2) return;
  ++late_;
  const std::string stream = producers_[random_.below(producers_.size())]->stream();
  Role role{stream, "late-" + std::to_string(late_), random_.chance(1, 2), false, {}};
  role.strict = options_.strict && role.exclusive && random_.chance(1, 2);
  std::vector<std::string> topics;
  if (options_.topics > 1 && random_.chance(1, 2)) topics = {topic(1)};
  role.filters = topics.empty() ? std::vector<std::string>{"#"} : topics;
  draw_rules(role, true);
  note("A NEW SUBSCRIPTION " + role.subscription + " OF " + stream);
  ++sometimes_["subscription made on the way"];
  ledger_.on_subscribing(role.subscription, stream, topics);
  on_rules(role);
  roles_.push_back(role);
  workers_.push_back(make_consumer(role));
}

/// The one consumer of a subscription is replaced by one with other filters (N2). Not where a store may be put back
/// that knows nothing of it.
void World::change_filters() {
  if (options_.topics == 1 || options_.backups) return;
  Role& role = roles_[random_.below(roles_.size())];
  const auto is_it = [&](const auto& other) { return other.subscription == role.subscription; };
  if (role.stream == "orders" && !role.exclusive && !role.subscription.starts_with("late")) return;  // a pipeline
  if (std::count_if(roles_.begin(), roles_.end(), is_it) > 1) return;  // it is shared by more
  std::vector<std::string> topics;
  for (std::size_t number = 0; number < options_.topics; ++number) {
    if (random_.chance(1, 2)) topics.push_back(topic(number));
  }
  role.filters = topics.empty() ? std::vector<std::string>{"#"} : topics;
  role.is_changed = true;
  note("THE FILTERS OF " + role.subscription + " CHANGE");
  ++sometimes_["filters changed"];
  ledger_.on_changing(role.subscription, topics);
  bool is_first = true;
  for (std::size_t at = workers_.size(); at-- > 0;) {
    if (!is_it(workers_[at]->role())) continue;
    end_consumer(*workers_[at]);
    if (std::exchange(is_first, false)) workers_[at] = make_consumer(role);
    else workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(at));  // a rival, which has the old ones
  }
}

/// Who was taken over ends, as its application would, but not at once: what comes live until then is not handed out.
/// Somebody must be left. Only a store that was replaced may know of a newer consumer that has died since (X7); then
/// somebody starts one again.
void World::end_taken_over() {
  std::erase_if(workers_, [this](const auto& worker) {
    if (!worker->taken_over() || (!healing_ && random_.chance(9, 10))) return false;
    note("session " + std::to_string(worker->session() % 10000) + " was taken over");
    ++sometimes_["taken over"];
    gather(*worker);
    if (worker->client().dialled()) worker->client().link()->cut(random_);
    paths_.erase(worker->endpoint());
    alive_.erase(worker->client().pid());
    return true;
  });
  for (const Role& role : roles_) {
    const auto is_it = [&](const auto& worker) { return worker->role().subscription == role.subscription; };
    if (std::any_of(workers_.begin(), workers_.end(), is_it)) continue;
    // Or the one who took it over was told that it is removed, and has ended.
    if (store_number_ == 1 && removed_and_told_.erase(role.subscription) == 0)
      throw Violation("takeover: everybody of " + role.subscription + " was taken over");
    workers_.push_back(make_consumer(role));
  }
}

}  // namespace restante::sim
