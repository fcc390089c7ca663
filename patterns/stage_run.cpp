#include "patterns/stage_run.h"

#include <algorithm>
#include <thread>
#include <utility>

#include <restante/error.h>

#include "core/names.h"
#include "patterns/delivery_state.h"

namespace restante::detail {

namespace {

constexpr Duration look_least = std::chrono::milliseconds{1};
constexpr int looks_a_lease = 4;

ChangeSignal::Clock::time_point after(ChangeSignal::Clock::time_point now, Duration wait) {
  return wait >= ChangeSignal::Clock::time_point::max() - now ? ChangeSignal::Clock::time_point::max() : now + wait;
}

std::string text_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "something that is no std::exception";
  }
}

}  // namespace

StageRun::StageRun(StageState& stage)
    : stage_(stage),
      reader_(stage.in->options().subscription == core::pipeline_subscription ? "" : stage.in->options().subscription),
      look_(std::max(look_least, std::min(stage.in->options().lease, stage.options.wait_max) / looks_a_lease)) {}

void StageRun::run(const std::stop_token& stop) {
  stage_.in->watch(signal_);
  if (stage_.out) {
    const Lock lock(mutex_);
    lane_of(stage_.out);
  }
  const std::stop_callback wake(stop_.get_token(), [this] {
    stage_.in->interrupt();
    signal_->notify();
  });
  const std::stop_callback pass_on(stop, [this] { stop_.request_stop(); });
  std::jthread settler([this] { settle(); });
  std::vector<std::jthread> others;
  try {
    for (unsigned i = 1; i < stage_.options.threads; ++i) others.emplace_back([this] { work(); });
  } catch (...) {
    fail(std::current_exception());
  }
  work();
  others.clear();
  {
    const Lock lock(mutex_);
    workers_ended_ = true;
  }
  signal_->notify();
  settler.join();
  if (failure_) std::rethrow_exception(failure_);
}

// ---- workers

void StageRun::work() noexcept {
  try {
    while (await_turn()) {
      auto input = next();
      if (input && keeps(*input)) {
        handle(std::move(*input), Clock::now());
        continue;
      }
      const Lock lock(mutex_);
      --busy_;
    }
  } catch (...) {
    fail(std::current_exception());
  }
}

/// False if there will be none: the stage or its reader was stopped.
bool StageRun::await_turn() {
  for (;;) {
    const std::uint64_t seen = signal_->count();
    {
      const Lock lock(mutex_);
      if (is_stopping()) return false;
      if (busy_ < stage_.options.in_flight_max && overdue_ == 0) {
        ++busy_;
        return true;
      }
      ++waiting_;
    }
    signal_->wait(seen, Time::max());
    const Lock lock(mutex_);
    --waiting_;
  }
}

std::optional<Delivery> StageRun::next() {
  auto taken = stage_.in->receive(forever, stop_.get_token());
  if (!taken) return std::nullopt;
  return Delivery(std::make_unique<DeliveryState>(stage_.in, std::move(*taken)));
}

/// False if its turn is over: it was waiting for an input while the outputs of others were found to be overdue.
bool StageRun::keeps(Delivery& input) {
  {
    const Lock lock(mutex_);
    if (overdue_ == 0) return true;
  }
  input.release();
  return false;
}

void StageRun::handle(Delivery input, Time taken) {
  stage_.tally.inputs.fetch_add(1, std::memory_order_relaxed);
  stage_.tally.in_flight.fetch_add(1, std::memory_order_relaxed);
  StageOutput made(input, reader_, stage_.out, stage_.options.output_octets_max);
  if (!call(input, made)) {
    leave(input, false);
  } else if (made.items().empty()) {
    stage_.tally.empty.fetch_add(1, std::memory_order_relaxed);
    leave(input, true);
  } else {
    send(std::move(input), made, taken);
  }
}

/// True if its outputs are to be sent.
bool StageRun::call(Delivery& input, StageOutput& made) {
  std::exception_ptr thrown;
  try {
    Output output(made);
    stage_.function(input, output);
  } catch (...) {
    thrown = std::current_exception();
  }
  const bool refused = thrown && !made.refusal().empty() && text_of(thrown) == made.refusal();
  if (!thrown && !made.rejected()) return true;
  if (refused || !thrown) {
    stage_.tally.rejected.fetch_add(1, std::memory_order_relaxed);
    input.reject(refused ? made.refusal() : *made.rejected());
    return false;
  }
  stage_.tally.failed.fetch_add(1, std::memory_order_relaxed);
  const bool comes_again = input.nack() && !stage_.in->options().live;
  stage_.in->node().log.warning("the function of a stage of " + stage_.in->options().stream + " threw, the message " +
                                (comes_again ? "comes again: " : "is gone, or in other hands: ") + text_of(thrown));
  return false;
}

/// Of an input that waits for nothing.
void StageRun::leave(Delivery& input, bool acked) {
  stage_.tally.in_flight.fetch_sub(1, std::memory_order_relaxed);
  if (acked) {
    stage_.tally.acked.fetch_add(1, std::memory_order_relaxed);
    input.ack();
  }
  bool wakes = false;
  {
    const Lock lock(mutex_);
    --busy_;
    wakes = waiting_ > 0;
  }
  if (wakes) signal_->notify();
}

void StageRun::send(Delivery input, const StageOutput& made, Time taken) {
  const Time now = Clock::now();
  auto entry = std::make_shared<Entry>(std::move(input), now);
  entry->extended = taken;
  {
    const Lock lock(mutex_);
    // The function may have taken long, and the next look at the leases may be too late for this one.
    if (now - taken >= look_) {
      entry->input.extend();
      entry->extended = now;
    }
    entry->place = held_.insert(held_.end(), entry);
  }
  for (const StageOutput::Item& item : made.items()) {
    if (!send_one(entry, item)) break;
  }
  const Lock lock(mutex_);
  drop_pending(entry, sent_);
  if (!sent_.empty() || waiting_ > 0) signal_->notify();
}

/// False if the rest of its input's outputs need not be sent: it will come again.
bool StageRun::send_one(const EntryRef& entry, const StageOutput::Item& item) {
  for (;;) {
    const std::uint64_t seen = signal_->count();
    Time deadline = Time::max();
    {
      const Lock lock(mutex_);
      if (entry->given_up) return false;
      if (try_one(entry, item)) return true;
      const Time now = Clock::now();
      if (is_stopping()) deadline = stop_deadline(now);
      // A node that was stopped takes nothing more.
      if (now >= deadline || stage_.in->node().io->stop_requested()) {
        give_up(entry);
        return false;
      }
    }
    signal_->wait(seen, deadline);
  }
}

/// With the mutex held, so that the line is in the order of the ordinals. Throws Error if it will never go.
bool StageRun::try_one(const EntryRef& entry, const StageOutput::Item& item) {
  if (stage_.in->node().io->stop_requested()) return false;
  Lane& lane = lane_of(item.to);  // before it sends, or the confirm might come before anybody watches
  const auto payload = item.payload.empty() ? entry->input.payload() : std::string_view(item.payload);
  std::optional<std::uint64_t> ordinal;
  try {
    ordinal = item.to->try_send_checked(item.topic, payload, item.attributes, item.marker, item.times);
  } catch (const Error&) {
    if (!stage_.in->node().io->stop_requested()) throw;  // else it has been stopped just now
  }
  if (!ordinal) return false;
  lane.line.push_back({*ordinal, entry});
  ++entry->pending;
  stage_.tally.outputs.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void StageRun::fail(std::exception_ptr why) noexcept {
  {
    const Lock lock(mutex_);
    if (!failure_) failure_ = std::move(why);
  }
  stop_.request_stop();
  signal_->notify();
}

// ---- with the mutex held

StageRun::Lane& StageRun::lane_of(const std::shared_ptr<WriterState>& writer) {
  const auto found =
      std::find_if(lanes_.begin(), lanes_.end(), [&](const Lane& lane) { return lane.writer == writer; });
  if (found != lanes_.end()) return *found;
  writer->watch(signal_);
  return lanes_.emplace_back(Lane{writer, {}});
}

void StageRun::drop_pending(const EntryRef& entry, std::vector<EntryRef>& done) {
  if (--entry->pending > 0) return;
  if (entry->given_up) {
    --overdue_;
  } else {
    done.push_back(entry);
  }
}

void StageRun::give_up(EntryRef entry) {
  entry->given_up = true;
  ++overdue_;
  held_.erase(entry->place);
  --busy_;
  stage_.tally.released.fetch_add(1, std::memory_order_relaxed);
  stage_.tally.in_flight.fetch_sub(1, std::memory_order_relaxed);
  entry->input.release();
}

bool StageRun::is_stopping() const { return stop_.stop_requested() || stage_.in->stopped(); }

StageRun::Time StageRun::stop_deadline(Time now) {
  if (failure_) return now;
  if (!stop_at_) stop_at_ = after(now, stage_.options.stop_wait);
  return *stop_at_;
}

// ---- the settler

void StageRun::settle() noexcept {
  try {
    std::vector<EntryRef> done;
    for (bool over = false; !over;) {
      const std::uint64_t seen = signal_->count();
      Time wake = Time::max();
      over = settle_once(done, wake);
      stage_.tally.acked.fetch_add(done.size(), std::memory_order_relaxed);
      stage_.tally.in_flight.fetch_sub(done.size(), std::memory_order_relaxed);
      for (const EntryRef& entry : done) entry->input.ack();
      done.clear();
      if (!warning_.empty()) stage_.in->node().log.warning(std::exchange(warning_, {}));
      if (!over) signal_->wait(seen, wake);
    }
  } catch (...) {
    fail(std::current_exception());
  }
}

/// True when there is nothing more to do. `done` are to be acked, and `wake` is when to look again.
bool StageRun::settle_once(std::vector<EntryRef>& done, Time& wake) {
  const Lock lock(mutex_);
  const Time now = Clock::now();
  const std::size_t overdue = overdue_;
  take_confirmed(done);
  find_refusal();
  keep_leases(now);
  if (failure_ || is_stopping()) {
    const Time deadline = stop_deadline(now);
    if (now < deadline) wake = deadline;
    while (now >= deadline && !held_.empty()) give_up(held_.front());
  }
  if (!held_.empty()) wake = std::min(wake, looked_ + look_);
  if (waiting_ > 0 && (!done.empty() || overdue_ < overdue)) signal_->notify();
  return workers_ended_ && held_.empty();
}

void StageRun::take_confirmed(std::vector<EntryRef>& done) {
  done.swap(sent_);
  for (Lane& lane : lanes_) {
    const std::uint64_t confirmed = lane.writer->confirmed();
    while (!lane.line.empty() && lane.line.front().ordinal <= confirmed) {
      drop_pending(lane.line.front().entry, done);
      lane.line.pop_front();
    }
  }
  for (const EntryRef& entry : done) held_.erase(entry->place);
  busy_ -= done.size();
}

/// An out that was refused for good ends the stage: what waits for it will never be confirmed.
void StageRun::find_refusal() {
  for (const Lane& lane : lanes_) {
    if (failure_ || lane.line.empty()) continue;
    const auto refusal = lane.writer->refusal();
    if (!refusal) continue;
    failure_ = std::make_exception_ptr(*refusal);
    stop_.request_stop();
  }
}

void StageRun::keep_leases(Time now) {
  if (now - looked_ < look_) return;
  looked_ = now;
  for (auto at = held_.begin(); at != held_.end();) {
    const EntryRef entry = *at++;
    if (now >= after(entry->since, stage_.options.wait_max)) {
      give_up(entry);
      if (overdue_ == 1) warning_ = overdue_text();
    } else if (now - entry->extended >= look_) {
      entry->input.extend();
      entry->extended = now;
    }
  }
}

std::string StageRun::overdue_text() const {
  std::string why;
  for (const Lane& lane : lanes_) {
    if (!lane.line.empty()) why += "; " + lane.writer->stream() + ": " + lane.writer->back_pressure();
  }
  return "a stage of " + stage_.in->options().stream +
         " releases what it has in hand, and takes nothing more until its outputs are confirmed" + why;
}

}  // namespace restante::detail
