#include "patterns/writer_state.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "patterns/link/clock.h"
#include "patterns/link_hub.h"
#include "patterns/send_check.h"

namespace restante::detail {

namespace {
constexpr Duration farewell = std::chrono::seconds{5};
constexpr int batches_a_step = 64;  // then confirmations get their turn
}  // namespace

WriterState::WriterState(const Options& options, std::shared_ptr<NodeContext> node)
    : options_(options),
      node_(std::move(node)),
      producer_({options.handle, options.stream, options.kind, options.window, options.pattern, {}, options.retention}),
      queue_(options.stream) {
  if (options.keep_single) queue_.set_batch_messages(1);
}

// ---- application threads

std::uint64_t WriterState::send(std::string_view topic, std::string_view payload, const Attributes& attributes) {
  return *offer(topic, payload, attributes, true);
}

std::optional<std::uint64_t> WriterState::try_send(std::string_view topic, std::string_view payload,
                                                   const Attributes& attributes) {
  return offer(topic, payload, attributes, false);
}

std::optional<std::uint64_t> WriterState::offer(std::string_view topic, std::string_view payload,
                                                const Attributes& attributes, bool wait) {
  node_->fork.check("send");
  if (options_.pattern == core::StreamPattern::pubsub) check_published(topic, attributes, options_.stream);
  check_payload(payload, options_.stream);
  const std::string encoded = encode(attributes, options_.stream);
  return put(topic, payload, encoded, attributes.marker, times_of(attributes, options_.stream), wait);
}

std::optional<std::uint64_t> WriterState::put(std::string_view topic, std::string_view payload,
                                              std::string_view encoded, std::uint64_t marker,
                                              const core::DeliveryTimes& times, bool wait) {
  const std::size_t cost = SendQueue::cost(payload, encoded);
  Lock lock(mutex_);
  check_can_send();
  if (!has_room(cost)) {
    if (!wait) {
      wanted_ = cost;
      return std::nullopt;
    }
    wait_for(lock, std::nullopt, [&] { return phase_ != Phase::open || has_room(cost); });
    check_can_send();
  }
  wanted_ = 0;
  queue_.append(topic, payload, encoded, marker, times);
  const std::uint64_t ordinal = accepted_.load(std::memory_order_relaxed) + 1;
  accepted_.store(ordinal, std::memory_order_relaxed);
  lock.unlock();
  mark_dirty();
  return ordinal;
}

std::string WriterState::back_pressure() const {
  node_->fork.check("back_pressure");
  const Lock lock(mutex_);
  if (const auto hopeless = why_hopeless()) return hopeless->what();
  if (has_room(std::max<std::size_t>(wanted_, 1))) return confirmed() < accepted() ? obstacle_ : std::string();
  std::string text = "the window of " + std::to_string(options_.window) + " octets is full: ";
  return text + (obstacle_.empty() ? "the sidecar has yet to confirm what was sent" : obstacle_);
}

std::string WriterState::why_not_admitted() const {
  const Lock lock(mutex_);
  check_can_wait();
  if (last_marker_) return {};
  return obstacle_.empty() ? "the sidecar has not answered yet" : obstacle_;
}

bool WriterState::flush(Duration timeout) {
  node_->fork.check("flush");
  Lock lock(mutex_);
  const std::uint64_t target = accepted();
  return wait_for(lock, deadline_after(timeout), [&] { return confirmed() >= target; });
}

std::optional<std::uint64_t> WriterState::last_marker(Duration timeout) const {
  node_->fork.check("last_marker");
  Lock lock(mutex_);
  if (!wait_for(lock, deadline_after(timeout), [&] { return last_marker_.has_value(); })) {
    throw Error(ErrorCode::retry_later, "last_marker of " + options_.stream + ": " +
                                            (obstacle_.empty() ? "the sidecar has not told it yet" : obstacle_));
  }
  return *last_marker_ == 0 ? std::nullopt : last_marker_;
}

std::size_t WriterState::close(Duration timeout) {
  if (node_->fork.forked()) return 0;  // the parent has them
  Lock lock(mutex_);
  if (phase_ == Phase::open) {
    phase_ = Phase::closing;
    changed_signal_.notify_all();  // senders that wait for room
  }
  const auto deadline = deadline_after(timeout);
  const auto over = [&] {
    return phase_ == Phase::closed || confirmed() >= accepted() || is_refused() || !ended_.empty();
  };
  ++waiters_;
  while (!over()) {
    if (!deadline) {
      changed_signal_.wait(lock);
    } else if (changed_signal_.wait_until(lock, *deadline) == std::cv_status::timeout) {
      break;
    }
  }
  --waiters_;
  phase_ = Phase::closed;
  queue_.clear();
  changed_signal_.notify_all();
  watchers_.notify();
  const std::size_t left = static_cast<std::size_t>(accepted() - confirmed());
  lock.unlock();
  mark_dirty();
  return left;
}

Outcome WriterState::outcome(std::uint64_t ordinal) const noexcept {
  if (ordinal > confirmed()) return Outcome::pending;
  if (options_.kind == core::StreamKind::live) return Outcome::unkept;
  const Lock lock(mutex_);
  return fates_.of(ordinal, ordinal <= settled_.load() ? Outcome::acked : Outcome::stored);
}

bool WriterState::wait_confirmed(std::uint64_t ordinal, Duration timeout) const {
  if (ordinal <= confirmed()) return true;
  node_->fork.check("wait_confirmed");
  Lock lock(mutex_);
  return wait_for(lock, deadline_after(timeout), [&] { return ordinal <= confirmed(); });
}

bool WriterState::wait_settled(std::uint64_t ordinal, Duration timeout) const {
  const auto done = [&] { return ordinal <= settled_.load(std::memory_order_acquire); };
  if (done()) return true;
  node_->fork.check("wait_processed");
  Lock lock(mutex_);
  return wait_for(lock, deadline_after(timeout), done);
}

std::optional<MessageId> WriterState::id(std::uint64_t ordinal) const {
  node_->fork.check("id");
  std::optional<MessageId> id;
  {
    const std::lock_guard lock(producer_mutex_);
    id = producer_.id(ordinal);
  }
  if (!id) return std::nullopt;
  const Lock lock(mutex_);
  id->node = sidecar_node_;
  return id;
}

void WriterState::status(JsonText& json) const {
  const Lock lock(mutex_);
  json.begin_object()
      .member("stream", options_.stream)
      .member("accepted", accepted())
      .member("confirmed", confirmed())
      .member("settled", settled_.load())
      .member("window", std::uint64_t{options_.window})
      .member("waiting_octets", std::uint64_t{queue_.octets() + taken_octets_})
      .member("unconfirmed_octets", std::uint64_t{unconfirmed_octets_})
      .member("obstacle", obstacle_)
      .end_object();
}

WriterState::Deadline WriterState::deadline_after(Duration timeout) {
  const auto now = std::chrono::steady_clock::now();
  if (timeout >= std::chrono::steady_clock::time_point::max() - now) return std::nullopt;
  return now + timeout;
}

bool WriterState::has_room(std::size_t cost) const {
  const std::size_t held = queue_.octets() + taken_octets_ + unconfirmed_octets_;
  if (held == 0) return true;  // a message larger than the window goes alone
  return cost <= options_.window && held <= options_.window - cost;
}

bool WriterState::is_refused() const {
  return trouble_ && (trouble_->final || trouble_->code == ErrorCode::held_elsewhere);
}

void WriterState::check_can_send() const {
  if (phase_ != Phase::open) throw Error(ErrorCode::bad_state, "send to " + options_.stream + ": the pusher is closed");
  check_can_wait();
}

void WriterState::check_can_wait() const {
  if (const auto hopeless = why_hopeless()) throw *hopeless;
}

std::optional<Error> WriterState::why_hopeless() const {
  if (auto refused = why_refused()) return refused;
  if (!node_->io->stop_requested()) return std::nullopt;
  return Error(ErrorCode::bad_state, "stream " + options_.stream + ": the node was stopped");
}

std::optional<Error> WriterState::why_refused() const {
  const auto error = [&](ErrorCode code, const std::string& why) {
    return Error(code, "stream " + options_.stream + ": " + why);
  };
  if (is_refused()) return error(trouble_->code, trouble_->text);
  if (!ended_.empty()) return error(ErrorCode::bad_state, ended_);
  if (phase_ == Phase::closed && confirmed() < accepted()) {
    return error(ErrorCode::bad_state,
                 "it was closed with " + std::to_string(accepted() - confirmed()) + " messages unconfirmed");
  }
  return std::nullopt;
}

template <typename Done>
bool WriterState::wait_for(Lock& lock, const Deadline& deadline, Done done) const {
  while (!done()) {
    check_can_wait();
    ++waiters_;
    bool expired = false;
    if (deadline) {
      expired = changed_signal_.wait_until(lock, *deadline) == std::cv_status::timeout;
    } else {
      changed_signal_.wait(lock);
    }
    --waiters_;
    if (expired) return done();
  }
  return true;
}

void WriterState::mark_dirty() {
  if (!dirty_.exchange(true, std::memory_order_acq_rel)) node_->io->notify();
}

// ---- I/O thread

void WriterState::open_outlet(link::Context& context, link::Poller& poller) {
  if (options_.pattern != core::StreamPattern::pubsub || node_->live == "none") return;
  try {
    outlet_ = std::make_unique<PublicOutlet>(context, poller, *node_, options_.publish_at);
  } catch (const Error& error) {
    const std::string what = "stream " + options_.stream + " is not published";
    if (options_.kind == core::StreamKind::live) on_end(what + ": " + error.what(), true);  // it has no other way
    else node_->log.warning(what + ", subscribers get it from the sidecar: " + error.what());
    return;
  }
  producer_.publish_at(outlet_->endpoints());
}

void WriterState::on_link_up(const core::Welcome& welcome, core::Instant) {
  {
    const std::lock_guard lock(producer_mutex_);
    producer_.on_link_up();
  }
  const Lock lock(mutex_);
  sidecar_node_ = welcome.node;
  link_up_ = changed_ = true;
}

void WriterState::on_link_down(core::Instant) {
  const std::lock_guard lock(producer_mutex_);
  producer_.on_link_down();
  link_up_ = false;
  changed_ = true;
}

void WriterState::on_message(const core::ControlMessage& message, core::Instant now) {
  const auto* granted = std::get_if<core::Granted>(&message);
  // A PUB drops what nobody is connected for yet, and they were told just now where it is.
  if (granted != nullptr && granted->listeners > 0 && outlet_) held_until_ = core::after(now, limits::listener_wait);
  const std::lock_guard lock(producer_mutex_);
  producer_.on_message(message);
  changed_ = true;
}

bool WriterState::step(LinkPort& port, core::Instant now) {
  const bool touched = dirty_.exchange(false, std::memory_order_acq_rel);
  if (producer_.next_deadline() <= now) {
    const std::lock_guard lock(producer_mutex_);
    producer_.on_time(now);
    changed_ = true;
  }
  const bool holds = now < held_until_;
  if (!holds && std::exchange(held_until_, core::Instant{}) != core::Instant{}) changed_ = true;
  if (!touched && !changed_) return false;
  const bool more = !holds && send_gathered(port);
  {
    const Lock lock(mutex_);
    closed_ = phase_ == Phase::closed;
  }
  if (closed_) {
    const std::lock_guard lock(producer_mutex_);
    producer_.close();
  }
  perform(port);
  publish();
  if (more) changed_ = true;  // the rest goes in the next turn; a live stream has no confirms that would ask for it
  closed_said_ = closed_ && link_up_;
  if (closed_said_) outlet_.reset();
  return more;
}

bool WriterState::send_gathered(LinkPort& port) {
  const auto live = [&port](core::Token target, const std::string& endpoint, const core::Buffer& batch) {
    return port.live(target, endpoint, batch);
  };
  for (int sent = 0; sent < batches_a_step; ++sent) {
    auto gathered = take_sendable();
    if (!gathered) return false;
    core::Buffer sealed;
    const std::string topic = outlet_ ? gathered->builder.topic() : std::string();
    {
      const std::lock_guard lock(producer_mutex_);
      sealed = producer_.send(gathered->builder, gathered->marker, link::wall_ms() * 1000, live);
    }
    if (outlet_) outlet_->send(topic, sealed);
    changed_ = true;
    perform(port);
  }
  return true;
}

std::optional<SendQueue::Gathered> WriterState::take_sendable() {
  const Lock lock(mutex_);
  queue_.set_batch_messages(options_.keep_single ? 1 : producer_.batch_hint());
  if (queue_.empty()) return std::nullopt;
  const core::BatchBuilder& next = queue_.front().builder;
  obstacle_ = producer_.obstacle(next.size(), next.count());
  if (!obstacle_.empty()) return std::nullopt;
  taken_octets_ += next.size();
  return queue_.take();
}

void WriterState::perform(LinkPort& port) {
  std::vector<core::Producer::Effect> effects;
  {
    const std::lock_guard lock(producer_mutex_);
    effects = producer_.take_effects();
  }
  for (core::Producer::Effect& effect : effects) {
    if (effect.batch.empty()) {
      port.say(std::move(effect.message));
    } else {
      port.copy(effect.batch);
    }
  }
}

void WriterState::publish() {
  if (!std::exchange(changed_, false)) return;
  const Lock lock(mutex_);
  taken_octets_ = 0;
  unconfirmed_octets_ = producer_.unconfirmed_octets();
  trouble_ = producer_.trouble();
  last_marker_ = producer_.last_marker();
  if (queue_.empty() || !producer_.attached()) obstacle_ = producer_.obstacle();
  confirmed_.store(producer_.confirmed(), std::memory_order_release);
  if (producer_.fates().changes() != fates_.changes()) fates_ = producer_.fates();
  settled_.store(producer_.settled(), std::memory_order_release);
  if (waiters_ > 0) changed_signal_.notify_all();
  watchers_.notify();
}

void WriterState::on_stop(core::Instant) {
  const Lock lock(mutex_);
  changed_signal_.notify_all();
  watchers_.notify();
}

void WriterState::on_end(const std::string& why, bool) {
  outlet_.reset();
  const Lock lock(mutex_);
  ended_ = why;
  changed_signal_.notify_all();
  watchers_.notify();
}

void leave(WriterState& state) noexcept {
  try {
    const std::size_t left = state.close(farewell);
    if (left == 0) return;
    state.node().log.warning("closed the stream " + state.stream() + " with " + std::to_string(left) +
                             " messages unconfirmed: they are lost with this process");
  } catch (const std::exception& error) {
    state.node().log.error("closing the stream " + state.stream() + ": " + error.what());
  }
}

}  // namespace restante::detail
