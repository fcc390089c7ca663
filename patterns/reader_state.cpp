#include "patterns/reader_state.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <restante/error.h>

#include "patterns/link/clock.h"
#include "patterns/link/process.h"

namespace restante::detail {

ReaderState::ReaderState(Options options, std::shared_ptr<NodeContext> node)
    : options_(std::move(options)), node_(std::move(node)) {}

ReaderState::~ReaderState() {
  if (ready_fd_ >= 0) ::close(ready_fd_);
}

// ---- application threads

std::optional<ReaderState::Taken> ReaderState::receive(Duration timeout, const std::stop_token& stop) {
  node_->fork.check("receive");
  using Clock = std::chrono::steady_clock;
  std::optional<Clock::time_point> deadline;  // read only if there is something to wait for
  Lock lock(mutex_);
  for (;;) {
    tell_events(lock);
    if (!failure_.empty()) {  // not as if it had been stopped: the application would take it for the end of the work
      throw Error(ErrorCode::bad_state, "receive from stream " + options_.stream + ": " + failure_ +
                                            "; make a new Node, or end the process and start it again");
    }
    if (stopped_ || stop.stop_requested()) return std::nullopt;
    if (auto taken = take()) return taken;
    if (has_ended()) {
      stopped_ = true;
      return std::nullopt;
    }
    if (!gaps_.empty()) continue;  // one comes before the next message
    if (const auto hopeless = why_hopeless()) throw *hopeless;
    if (timeout <= Duration::zero()) return std::nullopt;
    if (!deadline) {
      const auto now = Clock::now();
      deadline = timeout >= Clock::time_point::max() - now ? Clock::time_point::max() : now + timeout;
    }
    ++waiters_;
    bool expired = false;
    if (*deadline == Clock::time_point::max()) {
      arrived_.wait(lock);
    } else {
      expired = arrived_.wait_until(lock, *deadline) == std::cv_status::timeout;
    }
    --waiters_;
    if (expired) timeout = Duration::zero();  // one more look
  }
}

void ReaderState::interrupt() noexcept {
  const Lock lock(mutex_);
  arrived_.notify_all();
}

void ReaderState::watch(const std::shared_ptr<ChangeSignal>& signal) {
  const Lock lock(mutex_);
  watchers_.add(signal);
}

std::optional<ReaderState::Taken> ReaderState::take() {
  advance(link::boot_now());
  for (std::size_t i = 0; i < sessions_.size(); ++i) {
    ReaderSession& session = *sessions_[turn_ % sessions_.size()];
    turn_ = (turn_ + 1) % sessions_.size();
    auto item = session.inbox_->take(now_);
    session.touched();  // a lease began, or it was found empty
    if (!item) {
      session.collect_events();  // something may come before what is next
      continue;
    }
    if (waiters_ > 0) wake_waiters();
    show_ready();
    return Taken{std::move(*item), &session, session.node_};
  }
  show_ready();
  return std::nullopt;
}

bool ReaderState::settle(ReaderSession& session, std::uint64_t hand, core::Intake::Verdict verdict, Duration delay,
                         std::string reason) {
  const Lock lock(mutex_);
  // The time of the last look will do, and reading the clock costs as much as all the rest here.
  const bool counted = session.inbox_->settle(hand, verdict, delay, std::move(reason), now_);
  session.touched();
  if (options_.strict) {  // its topic may go on
    if (waiters_ > 0) wake_waiters();
    show_ready();
  }
  return counted;
}

bool ReaderState::extend(ReaderSession& session, std::uint64_t hand, Duration at_least) {
  const Lock lock(mutex_);
  advance(link::boot_now());
  const bool held = session.inbox_->extend(hand, now_, at_least);
  session.touched();
  return held;
}

void ReaderState::stop() noexcept {
  if (node_->fork.forked()) return;
  const Lock lock(mutex_);
  if (std::exchange(stopped_, true)) return;
  advance(link::boot_now());
  for (const auto& session : sessions_) {
    session->inbox_->stop(now_);
    session->dirty_.store(true, std::memory_order_release);
  }
  node_->io->notify();
  arrived_.notify_all();
  watchers_.notify();
  show_ready();
}

void ReaderState::end(const std::string& why, bool failed) noexcept {
  if (failed) {
    const Lock lock(mutex_);
    if (!stopped_) failure_ = why;
  }
  for (const auto& session : sessions_) session->listener_.reset();  // on the I/O thread, or there are none
  stop();
}

bool ReaderState::stopped() const noexcept {
  if (node_->fork.forked()) return true;
  const Lock lock(mutex_);
  return stopped_;
}

int ReaderState::ready_fd() {
  node_->fork.check("ready_fd");
  const Lock lock(mutex_);
  if (ready_fd_ < 0) {
    ready_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (ready_fd_ < 0) {
      throw Error(ErrorCode::retry_later, std::string("ready_fd: cannot open an event descriptor: ") +
                                              std::strerror(errno) + "; raise the limit of open files (ulimit -n)");
    }
    show_ready();
  }
  return ready_fd_;
}

void ReaderState::status(JsonText& json) const {
  const Lock lock(mutex_);
  json.begin_object().member("stream", options_.stream).member("stopped", stopped_).key("sessions").begin_list();
  for (const auto& session : sessions_) session->status(json);
  json.end_list().end_object();
}

// Application threads and the I/O thread read the clock apart from the lock, and time must not go back for an inbox.
core::Instant ReaderState::advance(core::Instant now) { return now_ = std::max(now_, now); }

void ReaderState::tell_events(Lock& lock) {
  while (!gaps_.empty()) {
    const Untold next = std::move(gaps_.front());
    const Gap& gap = next.gap;
    gaps_.pop_front();
    lock.unlock();  // the application may call anything
    if (options_.on_gap) {
      options_.on_gap(gap);
    } else {
      node_->log.warning("stream " + gap.stream + " of node " + gap.node + ": messages " + std::to_string(gap.from) +
                         " to " + std::to_string(gap.to) + " are gone: " + gap.reason);
    }
    lock.lock();
    if (next.number == 0) continue;
    next.session->inbox_->told(next.number, now_);  // only now: if the application dies before, another is told
    next.session->touched();
  }
}

std::optional<Error> ReaderState::why_hopeless() const {
  const core::Intake::Trouble* why = nullptr;
  for (const auto& session : sessions_) {
    const auto& trouble = session->inbox_->trouble();
    if (!trouble || !trouble->final) return std::nullopt;
    why = &*trouble;
  }
  if (why == nullptr) return std::nullopt;
  return Error(why->code, "receive from stream " + options_.stream + ": " + why->text);
}

/// A replay is over at every sidecar.
bool ReaderState::has_ended() const {
  return options_.replays && gaps_.empty() && !sessions_.empty() &&
         std::all_of(sessions_.begin(), sessions_.end(),
                     [](const auto& session) { return session->inbox_->has_ended(); });
}

bool ReaderState::has_something() const {
  return stopped_ || has_ended() || !gaps_.empty() || why_hopeless() ||
         std::any_of(sessions_.begin(), sessions_.end(), [](const auto& session) { return session->inbox_->ready(); });
}

void ReaderState::show_ready() {
  if (ready_fd_ < 0) return;
  const bool ready = has_something();
  if (ready == ready_shown_) return;
  ready_shown_ = ready;
  std::uint64_t count = 1;
  const ssize_t done = ready ? ::write(ready_fd_, &count, sizeof count) : ::read(ready_fd_, &count, sizeof count);
  static_cast<void>(done);  // neither can fail: the counter goes between 0 and 1
}

void ReaderState::wake_waiters() {
  if (has_something()) arrived_.notify_one();
}

// ---- I/O thread

core::LiveInbox::Options ReaderState::live_options(std::uint64_t session) const {
  core::LiveInbox::Options options;
  options.session = session;
  options.stream = options_.stream;
  options.filters = options_.filters;
  options.host = node_->hello.host;
  options.queue_octets = options_.credit;
  return options;
}

core::Inbox::Options ReaderState::inbox_options(std::uint64_t session, std::vector<std::string> live_endpoints,
                                                bool listens) const {
  core::Inbox::Options options;
  options.session = session;
  options.stream = options_.stream;
  options.live_endpoints = std::move(live_endpoints);
  options.host = node_->hello.host;
  options.credit_octets = options_.credit;
  options.lease = options_.lease;
  options.subscription = options_.subscription;
  options.mode = options_.exclusive ? core::SubscriptionMode::exclusive : core::SubscriptionMode::shared;
  if (options_.strict) options.mode = core::SubscriptionMode::strict;
  if (options_.replays) options.mode = core::SubscriptionMode::replay;
  options.until = options_.until;
  options.filters = options_.filters;
  options.start = options_.start;
  options.limit = options_.limit;
  options.retry = options_.retry;
  options.listens = listens;
  return options;
}

std::shared_ptr<ReaderSession> ReaderState::add_session(const std::string& upstream,
                                                        std::vector<std::string> live_endpoints,
                                                        std::unique_ptr<LiveListener> listener, core::Instant now) {
  const std::uint64_t id = link::random64();
  std::unique_ptr<core::Intake> inbox;
  if (options_.live) inbox = std::make_unique<core::LiveInbox>(live_options(id));
  else inbox = std::make_unique<core::Inbox>(inbox_options(id, std::move(live_endpoints), listener != nullptr), now);
  auto session = std::make_unique<ReaderSession>(*this, id, std::move(inbox), upstream, std::move(listener));
  ReaderSession* const added = session.get();
  const Lock lock(mutex_);
  if (stopped_) added->inbox_->stop(advance(now));
  sessions_.push_back(std::move(session));
  return {shared_from_this(), added};
}

}  // namespace restante::detail
