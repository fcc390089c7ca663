#include "patterns/io_loop.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include <restante/error.h>

#include "patterns/link/clock.h"

namespace restante::detail {

using core::Instant;
using Lock = std::unique_lock<std::mutex>;

namespace {

constexpr int live_frames_a_turn = 256;  // then the others get their turn

}  // namespace

IoLoop::IoLoop(std::shared_ptr<NodeContext> node)
    : node_(std::move(node)), inlet_(std::make_unique<LiveInlet>(context_, poller_, *node_)) {
  poller_.add(node_->io->wake());
}

IoLoop::~IoLoop() = default;

// ---- any thread

void IoLoop::end() noexcept {
  ending_.store(true, std::memory_order_release);
  node_->io->notify();
}

void IoLoop::add(std::shared_ptr<WriterState> writer) {
  {
    const Lock lock(mutex_);
    if (!ended_.empty()) writer->on_end(ended_, failed_);
    new_writers_.push_back(std::move(writer));
    ready_ = false;
  }
  adoption_waits_.store(true, std::memory_order_release);
  node_->io->notify();
}

void IoLoop::add(std::shared_ptr<ReaderState> reader) {
  {
    const Lock lock(mutex_);
    if (!ended_.empty()) reader->end(ended_, failed_);
    new_readers_.push_back(std::move(reader));
    ready_ = false;
  }
  adoption_waits_.store(true, std::memory_order_release);
  node_->io->notify();
}

bool IoLoop::wait_ready(Duration timeout) {
  using Clock = std::chrono::steady_clock;
  const auto now = Clock::now();
  const auto deadline = timeout >= Clock::time_point::max() - now ? Clock::time_point::max() : now + timeout;
  const auto over = [this] { return ready_ || !ended_.empty() || node_->io->stop_requested(); };
  Lock lock(mutex_);
  ready_ = false;  // what was true once may have ended
  ready_waiters_.fetch_add(1, std::memory_order_acq_rel);
  node_->io->notify();
  if (deadline == Clock::time_point::max()) {
    ready_signal_.wait(lock, over);
  } else {
    ready_signal_.wait_until(lock, deadline, over);
  }
  ready_waiters_.fetch_sub(1, std::memory_order_acq_rel);
  return ready_;
}

void IoLoop::links_status(JsonText& json) const {
  const Lock lock(mutex_);
  json.begin_list();
  for (const auto& hub : hubs_) {
    const ControlLink::Status status = hub->status();
    json.begin_object()
        .member("endpoint", hub->endpoint())
        .member("up", status.up)
        .member("node", status.node)
        .member("times_up", status.times_up)
        .end_object();
  }
  json.end_list();
}

// ---- the thread

void IoLoop::run() noexcept {
  std::string why = "its node has ended";
  bool failed = false;
  try {
    while (!ending_.load(std::memory_order_acquire)) turn();
    say_good_bye();
  } catch (const std::exception& error) {
    why = std::string("the thread of its node failed: ") + error.what();
    node_->log.error(why);
    failed = true;
  }
  end_all(why, failed);
}

void IoLoop::turn() {
  wait_for_work(busy_, link::boot_now());
  const Instant now = link::boot_now();
  if (adoption_waits_.exchange(false, std::memory_order_acq_rel)) adopt(now);
  handle_stop(now);
  // Links first: a grant has to be announced before the live copies that name it.
  busy_ = false;
  for (const auto& hub : hubs_) busy_ = hub->read(now) || busy_;
  busy_ = read_live(now) || busy_;
  for (const auto& hub : hubs_) busy_ = hub->work(now) || busy_;
  if (ready_waiters_.load(std::memory_order_acquire) > 0) tell_ready();
}

void IoLoop::wait_for_work(bool busy, Instant now) {
  Instant deadline = core::never;
  for (const auto& hub : hubs_) deadline = std::min(deadline, hub->next_deadline());
  const bool sleeps = !busy && deadline > now && node_->io->may_sleep();
  poller_.wait(!sleeps ? Duration{} : deadline == core::never ? forever : deadline - now);
  node_->io->woke(sleeps);
}

void IoLoop::adopt(Instant now) {
  std::vector<std::shared_ptr<WriterState>> writers;
  std::vector<std::shared_ptr<ReaderState>> readers;
  {
    const Lock lock(mutex_);
    writers = new_writers_;  // they stay there until they are in a hub: if that fails, end_all() has to tell them
    readers = new_readers_;
  }
  for (const auto& writer : writers) {
    writer->open_outlet(context_, poller_);
    hub(node_->sidecar, now).add(writer, now);
  }
  for (const auto& reader : readers) {
    if (stop_handled_) reader->stop();
    for (const std::string& upstream : reader->options().from) {
      hub(upstream, now).add(add_session(*reader, upstream, now), now);
    }
  }
  const Lock lock(mutex_);
  new_writers_.erase(new_writers_.begin(), new_writers_.begin() + std::ssize(writers));
  new_readers_.erase(new_readers_.begin(), new_readers_.begin() + std::ssize(readers));
}

std::shared_ptr<ReaderSession> IoLoop::add_session(ReaderState& reader, const std::string& upstream, Instant now) {
  const bool hears = reader.options().exclusive || reader.options().live;
  const bool has_no_live_path = reader.options().replays || reader.options().strict;
  if (has_no_live_path) return reader.add_session(upstream, {}, nullptr, now);
  if (!hears) return reader.add_session(upstream, inlet_->endpoints_for(upstream), nullptr, now);
  std::unique_ptr<LiveListener> listener;
  if (node_->live != "none") {
    try {
      listener = std::make_unique<LiveListener>(context_, poller_, *node_, reader.options().filters, upstream);
    } catch (const Error& error) {
      const std::string what = "stream " + reader.options().stream + " is not heard live";
      if (reader.options().live) reader.end(what + ": " + error.what(), true);  // it has no other way
      else node_->log.warning(what + ", it comes from the sidecar: " + error.what());
    }
  }
  return reader.add_session(upstream, {}, std::move(listener), now);
}

LinkHub& IoLoop::hub(const std::string& endpoint, Instant now) {
  const auto found =
      std::find_if(hubs_.begin(), hubs_.end(), [&](const auto& hub) { return hub->endpoint() == endpoint; });
  if (found != hubs_.end()) return **found;
  auto made = std::make_unique<LinkHub>(context_, poller_, *node_, endpoint, now);
  const Lock lock(mutex_);
  hubs_.push_back(std::move(made));
  return *hubs_.back();
}

bool IoLoop::read_live(Instant now) {
  for (int left = live_frames_a_turn; left > 0; --left) {
    const auto frame = inlet_->receive();
    if (!frame) return false;
    if (*frame == nullptr) continue;
    const bool known =
        std::any_of(hubs_.begin(), hubs_.end(), [&](const auto& hub) { return hub->on_live(*frame, now); });
    if (!known) node_->counters.add(Count::live_unknown);
  }
  return true;
}

void IoLoop::handle_stop(Instant now) {
  if (stop_handled_ || !node_->io->stop_requested()) return;
  stop_handled_ = true;
  for (const auto& hub : hubs_) hub->on_stop(now);
  const Lock lock(mutex_);
  ready_signal_.notify_all();
}

void IoLoop::tell_ready() {
  const bool links = std::all_of(hubs_.begin(), hubs_.end(), [](const auto& hub) { return hub->ready(); });
  const Lock lock(mutex_);
  ready_ = links && new_writers_.empty() && new_readers_.empty();
  if (ready_) ready_signal_.notify_all();
}

void IoLoop::say_good_bye() {
  Instant now = link::boot_now();
  adopt(now);
  for (const auto& hub : hubs_) hub->on_stop(now);
  for (const auto& hub : hubs_) hub->leave(now);
  const auto all_left = [this] {
    return std::all_of(hubs_.begin(), hubs_.end(), [](const auto& hub) { return hub->left(); });
  };
  while (!all_left()) {
    Instant deadline = core::never;
    for (const auto& hub : hubs_) deadline = std::min(deadline, hub->next_deadline());
    poller_.wait(std::max(Duration{}, deadline - now));
    node_->io->wake().drain();
    now = link::boot_now();
    for (const auto& hub : hubs_) hub->read(now);
  }
}

void IoLoop::end_all(const std::string& why, bool failed) noexcept {
  const Lock lock(mutex_);
  ended_ = why;
  failed_ = failed;
  for (const auto& hub : hubs_) hub->on_end(why, failed);
  for (const auto& writer : new_writers_) writer->on_end(why, failed);
  for (const auto& reader : new_readers_) reader->end(why, failed);
  ready_signal_.notify_all();
}

}  // namespace restante::detail
