#include "patterns/exactly_once/outbox_pump.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace restante::detail {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t lanes_max = 64;   // writers that are open at once: a sidecar gives a process 256
constexpr std::size_t done_max = 1024;  // then the application does not remove them, and we must
constexpr std::size_t done_limit = 65536;
constexpr Duration poll = 100ms;
constexpr Duration poll_expecting = 1ms;
constexpr int polls_expecting = 100;  // so often after each expect()
constexpr Duration confirm_wait = 5ms;
constexpr Duration trouble_pause = 1s;

}  // namespace

OutboxPump::OutboxPump(const std::string& path, std::shared_ptr<NodeState> node, unsigned instance)
    : node_(std::move(node)), instance_(instance), reader_(path) {
  // The application's signals are for its own threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

OutboxPump::~OutboxPump() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void OutboxPump::expect() {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(expecting_, true)) changed_.notify_all();
}

bool OutboxPump::wait_clear(std::int64_t id, Duration timeout) {
  std::unique_lock lock(mutex_);
  const auto over = [&] { return clear_to_ >= id || drained_; };
  if (!std::exchange(expecting_, true)) changed_.notify_all();
  if (timeout >= Clock::time_point::max() - Clock::now()) cleared_.wait(lock, over);
  else cleared_.wait_for(lock, timeout, over);
  return clear_to_ >= id;
}

std::vector<std::int64_t> OutboxPump::done(std::uint64_t& generation) const {
  const std::lock_guard lock(mutex_);
  if (std::exchange(generation, generation_) == generation_) return {};
  return {done_.begin(), done_.end()};
}

std::string OutboxPump::obstacle() const {
  const std::lock_guard lock(mutex_);
  return obstacle_;
}

// ---- the thread

void OutboxPump::run() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (ending_) return;
    }
    Duration pause{};
    try {
      pass();
      trouble_.clear();
    } catch (const std::exception& error) {  // of the database, or no memory
      if (trouble_ != error.what()) node_->log().warning("outbox: " + std::string(error.what()) + "; its rows wait");
      trouble_ = error.what();
      pause = trouble_pause;
    }
    publish();
    if (pause == Duration{}) {
      rest();
    } else {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, pause, [this] { return ending_; });
    }
  }
}

void OutboxPump::pass() {
  if (!node_->stop_requested()) send();
  collect();
  drop_removed();
}

void OutboxPump::send() {
  const auto now = Clock::now();
  for (const auto& [stream, lane] : lanes_) lane->check(now);
  const bool retries =
      left_out_ || std::any_of(lanes_.begin(), lanes_.end(), [](const auto& each) { return each.second->has_more(); });
  if (reader_.changed()) dirty_ = true;
  if (!dirty_ && !retries) return;
  {
    const std::lock_guard lock(mutex_);
    if (done_.size() > done_limit) return;  // they cannot be removed, and must not fill the memory
  }
  const std::int64_t newest = reader_.newest();  // before the rows: what is committed later is not meant
  left_out_ = false;
  for (const std::string& stream : reader_.streams()) {
    OutboxLane* const lane = lane_of(stream);
    if (lane != nullptr) lane->send(reader_, now);
    else left_out_ = true;
  }
  scanned_to_ = newest;
  dirty_ = false;
}

/// nullptr: too many are at work. It gets its turn when one of them has nothing more to do.
OutboxLane* OutboxPump::lane_of(const std::string& stream) {
  if (const auto known = lanes_.find(stream); known != lanes_.end()) return known->second.get();
  if (lanes_.size() >= lanes_max) {
    const auto idle = std::find_if(lanes_.begin(), lanes_.end(), [](const auto& each) {
      return !each.second->is_sending() && !each.second->has_more();
    });
    if (idle == lanes_.end()) return nullptr;
    sent_to_[idle->first] = idle->second->sent_to();
    lanes_.erase(idle);
  }
  const auto known = sent_to_.extract(stream);
  auto lane = std::make_unique<OutboxLane>(node_, stream, instance_, known.empty() ? 0 : known.mapped());
  return (lanes_[stream] = std::move(lane)).get();
}

void OutboxPump::collect() {
  std::vector<std::int64_t> confirmed;
  for (const auto& [stream, lane] : lanes_) lane->collect(confirmed);
  if (confirmed.empty()) return;
  const std::lock_guard lock(mutex_);
  done_.insert(done_.end(), confirmed.begin(), confirmed.end());
  ++generation_;
}

/// Forgets what the application has removed, and removes what it leaves.
void OutboxPump::drop_removed() {
  std::vector<std::int64_t> first;
  {
    const std::lock_guard lock(mutex_);
    if (done_.empty()) return sent_to_.clear();
    first.assign(done_.begin(), done_.begin() + static_cast<std::ptrdiff_t>(std::min(done_.size(), done_max + 1)));
  }
  std::size_t gone = 0;
  while (gone < first.size() && !reader_.has(first[gone])) ++gone;
  if (gone == 0 && first.size() > done_max && reader_.remove(first)) gone = first.size();
  const std::lock_guard lock(mutex_);
  done_.erase(done_.begin(), done_.begin() + static_cast<std::ptrdiff_t>(gone));
}

void OutboxPump::publish() {
  std::int64_t clear = left_out_ ? 0 : scanned_to_;
  std::string obstacle = trouble_;
  bool is_sending = false;
  for (const auto& [stream, lane] : lanes_) {
    clear = std::min(clear, lane->clear_to());
    is_sending |= lane->is_sending();
    if (obstacle.empty() || (trouble_.empty() && lane->is_grave())) obstacle = lane->obstacle();
  }
  const std::lock_guard lock(mutex_);
  clear_to_ = std::max(clear_to_, clear);
  obstacle_ = std::move(obstacle);
  drained_ = node_->stop_requested() && !is_sending;
  cleared_.notify_all();
}

void OutboxPump::rest() {
  if (!node_->stop_requested()) {
    const auto sending = std::find_if(lanes_.begin(), lanes_.end(), [now = Clock::now()](const auto& each) {
      return each.second->is_worth_waiting_for(now);
    });
    if (sending != lanes_.end()) return sending->second->wait(confirm_wait);
  }
  std::unique_lock lock(mutex_);
  if (std::exchange(expecting_, false)) fast_polls_ = polls_expecting;
  if (fast_polls_ > 0) {
    --fast_polls_;
    changed_.wait_for(lock, poll_expecting, [this] { return ending_; });
  } else {
    changed_.wait_for(lock, poll, [this] { return ending_ || expecting_; });
  }
}

}  // namespace restante::detail
