/// \file
/// The paths between the processes of a story, and how everything comes to rest.

#include <algorithm>

#include "core/assert.h"
#include "core/wire.h"
#include "tests/scenarios/stage.h"
#include "tests/scenarios/transcript.h"

namespace restante::scenarios {

namespace {

constexpr std::size_t rounds_max = 100'000;

core::Batch parse(const core::Buffer& frame) {
  std::string why;
  auto batch = core::Batch::parse(frame, why);
  RESTANTE_ASSERT(batch.has_value());
  return std::move(*batch);
}

core::ControlMessage decode(const core::Buffer& frame) {
  std::string why;
  auto control = core::decode(frame, why);
  RESTANTE_ASSERT(control.has_value());
  return std::move(control->message);
}

core::Range range_of(const core::Buffer& frame) {
  const core::Batch batch = parse(frame);
  return {batch.header().first, batch.header().last};
}

bool meets(core::Range a, core::Range b) { return a.first <= b.last && b.first <= a.last; }

}  // namespace

// ---- what is under way, in words

std::string Stage::text_up(const sim::Frames& frames) {
  if (core::looks_like_batch(frames.front().octets())) return text_of_copy(parse(frames.front()).header(), names_);
  return text_of(decode(frames.front()), names_, shown);
}

std::string Stage::text_down(const sim::Frames& frames) { return text_of(decode(frames.front()), names_, shown); }

/// Others may be told of a token before the consumer that it was made for.
void Stage::learn_names() {
  for (const auto& one : parties_) {
    if (!one->client().dialled()) continue;
    for (const sim::Frames& frames : one->client().link()->down) names_.learn(one->name, decode(frames.front()));
  }
}

std::string Stage::way_of_live(const Party& party, const core::Buffer& frame) const {
  return names_.producer(parse(frame).header().grant) + " > " + party.name + ": live " + text_of(range_of(frame));
}

// ---- arrivals

bool Stage::arrive_up(Party& party) {
  if (!sidecar_.up() || !party.client().dialled()) return false;
  const sim::LinkRef link = party.client().link();
  if (!link->gives_up()) return false;
  note(party.name + " > sidecar", text_up(link->up.front()));
  return sidecar_.receive_from(link, now_);
}

bool Stage::arrive_down(Party& party) {
  if (party.frozen || !party.client().dialled() || !party.client().link()->gives_down()) return false;
  note("sidecar > " + party.name, text_down(party.client().link()->down.front()));
  return party.producer ? party.producer->receive(ledger_, now_) : party.consumer->receive(now_);
}

bool Stage::arrive_live(Party& party) {
  if (party.frozen || party.live.queue.empty()) return false;
  const core::Buffer frame = party.live.queue.front();
  party.live.queue.pop_front();
  note(way_of_live(party, frame));
  party.consumer->on_live(frame, now_);
  return true;
}

bool Stage::disk_step() {
  const std::size_t before = commits_.size();
  if (!sidecar_.up() || !sidecar_.disk_step()) return false;
  if (commits_.size() > before) note("disk", text_of(commits_.back(), disk_.contents()));
  return true;
}

/// What the application takes at once is one line for each run of sequences.
bool Stage::take(Party& party) {
  if (!party.consumer || party.frozen) return false;
  sim::SimWorker& worker = *party.consumer;
  const std::size_t before = worker.hands().size();
  while (worker.hands().size() < party.hands && worker.take(ledger_, now_)) {
  }
  const auto& hands = worker.hands();
  for (std::size_t at = before; at < hands.size();) {
    const core::Inbox::Item& item = hands[at].item;
    core::Range range{item.sequence, item.sequence};
    const auto goes_on = [&](const core::Inbox::Item& next) {
      return next.sequence == range.last + 1 && next.attempt == item.attempt && next.grant == item.grant;
    };
    for (++at; at < hands.size() && goes_on(hands[at].item); ++at) ++range.last;
    const std::string attempt = item.attempt == 1 ? "" : ", attempt " + std::to_string(item.attempt);
    note(party.name, "takes " + text_of(range) + attempt);
  }
  return hands.size() > before;
}

// ---- coming to rest

void Stage::dial(Party& party) {
  if (!sidecar_.up() || party.is_cut || party.frozen || party.client().dialled()) return;
  party.client().dial(sidecar_.accept(now_, party.client().pid()), now_);
}

void Stage::tick_all() {
  for (const auto& one : parties_) {
    if (one->frozen) continue;
    if (one->producer) one->producer->tick(now_);
    else one->consumer->tick(now_);
    dial(*one);
  }
  if (!sidecar_.up()) return;
  sidecar_.notice_cuts(nullptr, now_);
  constexpr std::int64_t in_2023 = 1'700'000'000'000;
  sidecar_.tick(now_, in_2023 + (now_ - core::Instant{}).count() / 1'000'000);
}

bool Stage::round() {
  tick_all();
  bool any = false;
  for (const auto& one : parties_) any = (!one->holds_up && arrive_up(*one)) || any;
  any = (!holds_disk_ && disk_step()) || any;
  any = (!holds_answers_ && sidecar_.up() && sidecar_.answer_step(now_)) || any;
  learn_names();
  for (const auto& one : parties_) {
    any = (!one->holds_down && arrive_down(*one)) || any;
    any = (!one->holds_live && arrive_live(*one)) || any;
    any = take(*one) || any;
  }
  return any;
}

void Stage::settle_down() {
  for (std::size_t rounds = 0; round(); ++rounds) {
    if (rounds > rounds_max) throw Fault("it never comes to rest");
  }
}

void Stage::tick(Duration duration) {
  const core::Instant end = core::after(now_, duration);
  const Duration step =
      duration > std::chrono::seconds{10} ? std::chrono::milliseconds{10} : std::chrono::milliseconds{1};
  while (now_ < end) {
    now_ = std::min(end, core::after(now_, step));
    settle_down();
  }
}

// ---- held, lost, cut

void Stage::hold(const Path& path, bool held) {
  using Kind = Path::Kind;
  if (path.kind == Kind::disk) holds_disk_ = held;
  else if (path.kind == Kind::answers) holds_answers_ = held;
  else if (path.kind == Kind::live) consumer(path.name).holds_live = held;
  else if (path.kind == Kind::up) party(path.name).holds_up = held;
  else party(path.name).holds_down = held;
}

void Stage::deliver(const Path& path, const std::optional<core::Range>& range) {
  using Kind = Path::Kind;
  if (path.kind == Kind::live) {
    Party& to = consumer(path.name);
    std::deque<core::Buffer> rest;
    const std::deque<core::Buffer> queue = std::exchange(to.live.queue, {});
    for (const core::Buffer& frame : queue) {
      const bool chosen = !range || meets(*range, range_of(frame));
      (chosen ? to.live.queue : rest).push_back(frame);
    }
    while (arrive_live(to)) {
    }
    to.live.queue = std::move(rest);
    return;
  }
  if (path.kind == Kind::disk || path.kind == Kind::answers) {
    const bool is_disk = path.kind == Kind::disk;
    for (std::size_t left = is_disk ? sidecar_.asked() : sidecar_.answered(); left > 0; --left) {
      if (is_disk) disk_step();
      else sidecar_.answer_step(now_);
    }
    return;
  }
  Party& one = party(path.name);
  if (!one.client().dialled()) throw Fault(path.name + " has no link");
  const sim::LinkRef link = one.client().link();
  for (std::size_t left = (path.kind == Kind::up ? link->up : link->down).size(); left > 0; --left) {
    if (path.kind == Kind::up) arrive_up(one);
    else arrive_down(one);
  }
}

void Stage::drop(const Path& path, const std::optional<core::Range>& range) {
  using Kind = Path::Kind;
  if (path.kind == Kind::disk || path.kind == Kind::answers) throw Fault("only a crash loses what the disk has to do");
  Party& one = party(path.name);
  if (path.kind == Kind::up) return lose_up(one);
  if (path.kind == Kind::down) return lose_down(one);
  std::deque<core::Buffer> rest;
  for (const core::Buffer& frame : one.live.queue) {
    if (!range || meets(*range, range_of(frame))) note("lost: " + way_of_live(one, frame));
    else rest.push_back(frame);
  }
  one.live.queue = std::move(rest);
}

void Stage::lose_up(Party& party) {
  if (!party.client().dialled()) throw Fault(party.name + " has no link");
  auto& queue = party.client().link()->up;
  for (const sim::Frames& frames : queue) note("lost: " + party.name + " > sidecar", text_up(frames));
  queue.clear();
}

void Stage::lose_down(Party& party) {
  if (!party.client().dialled()) throw Fault(party.name + " has no link");
  auto& queue = party.client().link()->down;
  for (const sim::Frames& frames : queue) note("lost: sidecar > " + party.name, text_down(frames));
  queue.clear();
}

/// The process ends: its link closes, and what was under way on it is gone.
void Stage::lose(Party& party) {
  if (party.consumer) drop(Path{Path::Kind::live, party.name}, {});
  if (!party.client().dialled()) return;
  lose_up(party);
  lose_down(party);
  party.client().drop();
}

void Stage::cut_link(const std::string& name) {
  Party& one = party(name);
  lose_up(one);
  lose_down(one);
  one.client().link()->open = false;
  one.is_cut = true;
}

}  // namespace restante::scenarios
