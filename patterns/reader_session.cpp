#include "patterns/reader_session.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "patterns/link_hub.h"
#include "patterns/reader_state.h"

namespace restante::detail {

namespace {

/// While the application has more to do, its settlements gather for so long: a word for each would cost more than the
/// work itself. When it has done everything they go at once.
constexpr Duration gather_interval = std::chrono::milliseconds{1};

constexpr int live_batches_a_step = 64;  // then the others get their turn
constexpr int source_drain_rounds = 64;  // of these, before another source is connected

}  // namespace

using core::Instant;
using Lock = std::unique_lock<std::mutex>;

ReaderSession::ReaderSession(ReaderState& reader, std::uint64_t session, std::unique_ptr<core::Intake> inbox,
                             std::string upstream, std::unique_ptr<LiveListener> listener)
    : reader_(reader),
      session_(session),
      upstream_(std::move(upstream)),
      inbox_(std::move(inbox)),
      listener_(std::move(listener)) {}

void ReaderSession::on_link_up(const core::Welcome& welcome, Instant now) {
  const Lock lock(reader_.mutex_);
  if (node_ == nullptr || *node_ != welcome.node) {
    reader_.nodes_.push_back(welcome.node);
    node_ = &reader_.nodes_.back();
  }
  inbox_->on_link_up(reader_.advance(now));
  fed();
}

void ReaderSession::on_link_down(Instant now) {
  const Lock lock(reader_.mutex_);
  inbox_->on_link_down(reader_.advance(now));
  awaiting_ = false;
  fed();
}

void ReaderSession::on_message(const core::ControlMessage& message, Instant now) {
  if (const auto* source = std::get_if<core::LiveSource>(&message)) {
    if (!listener_) return;
    // What has come from where it listened so far is not to go down with that connection.
    for (int rounds = source_drain_rounds; rounds > 0 && listen(now); --rounds) {
    }
    listener_->hear(source->endpoint);
    return;
  }
  const Lock lock(reader_.mutex_);
  inbox_->on_message(message, reader_.advance(now));
  if (std::holds_alternative<core::Subscribed>(message)) was_there_ = true;
  if (std::holds_alternative<core::Subscribed>(message) || std::holds_alternative<core::Refused>(message)) {
    awaiting_ = false;
  }
  note_trouble();
  fed();
}

void ReaderSession::on_redelivery(const core::Redelivery& header, std::shared_ptr<const core::Batch> batch,
                                  Instant now) {
  const Lock lock(reader_.mutex_);
  inbox_->on_redelivery(header, std::move(batch), reader_.advance(now));
  fed();
}

void ReaderSession::on_live(std::shared_ptr<const core::Batch> batch, Instant now) {
  const Lock lock(reader_.mutex_);
  inbox_->on_live(std::move(batch), reader_.advance(now));
  fed();
}

/// Some of what was published; true if there may be more.
bool ReaderSession::listen(Instant now) {
  if (!listener_) return false;
  for (int left = live_batches_a_step; left > 0; --left) {
    auto batch = listener_->receive();
    if (!batch) return false;
    if (*batch != nullptr) on_live(std::move(*batch), now);
  }
  return true;
}

bool ReaderSession::step(LinkPort& port, Instant now) {
  const bool more = listen(now);
  const bool touched = dirty_.exchange(false, std::memory_order_acq_rel);
  if (!touched && now < deadline_) return more;
  std::vector<core::ControlMessage> effects;
  {
    const Lock lock(reader_.mutex_);
    deadline_ = known_deadline_ = speaks_at();
    if (now < deadline_ && !reader_.stopped_) return more;
    inbox_->on_time(reader_.advance(now));
    fed();
    dirty_.store(false, std::memory_order_relaxed);
    effects = inbox_->take_effects();
    for (const core::ControlMessage& effect : effects) {
      if (std::holds_alternative<core::Subscribe>(effect)) awaiting_ = true;
    }
    if (!effects.empty()) spoke_at_ = now;
    deadline_ = known_deadline_ = speaks_at();
    note_said();
  }
  for (core::ControlMessage& effect : effects) port.say(std::move(effect));
  if (finished_) listener_.reset();
  return more;
}

// A session stays, after its reader was stopped, until it has said what was settled and that it leaves; over a cut too,
// or acks that the cut swallowed would cost duplicates. One that the sidecar never knew has nothing to say.
void ReaderSession::note_said() {
  stopped_ = reader_.stopped_;
  const bool refused = inbox_->trouble() && inbox_->trouble()->final;
  const bool nothing_to_say = inbox_->has_left() || refused || (!was_there_ && !awaiting_);
  finished_ = stopped_ && inbox_->handed_out() == 0 && nothing_to_say;
}

bool ReaderSession::ready() const {
  const Lock lock(reader_.mutex_);
  return inbox_->subscribed() || stopped_;
}

void ReaderSession::on_stop(Instant) { reader_.stop(); }

void ReaderSession::on_end(const std::string& why, bool failed) {
  listener_.reset();
  reader_.end(why, failed);
}

Instant ReaderSession::speaks_at() const {
  const Instant due = inbox_->next_deadline();
  return inbox_->queued() == 0 ? due : std::max(due, core::after(spoke_at_, gather_interval));
}

void ReaderSession::touched() {
  const Instant deadline = speaks_at();
  if (deadline >= known_deadline_) return;
  known_deadline_ = deadline;
  if (!dirty_.exchange(true, std::memory_order_acq_rel)) reader_.node_->io->notify();
}

void ReaderSession::fed() {
  dirty_.store(true, std::memory_order_release);  // this is the I/O thread, which steps next: no need to wake it
  collect_events();
  if (reader_.waiters_ > 0) reader_.wake_waiters();
  reader_.show_ready();
}

void ReaderSession::collect_events() {
  for (core::Intake::Event& event : inbox_->take_events()) {
    const std::string node = node_ == nullptr ? std::string() : *node_;
    if (event.kind == core::Intake::Event::Kind::taken_over) {
      reader_.node_->log.warning("stream " + reader_.options_.stream + " at " + upstream_ + ": " + event.text);
    } else {
      ++gaps_;
      Gap gap{node, reader_.options_.stream, event.from, event.to, std::move(event.text)};
      reader_.gaps_.push_back({std::move(gap), this, event.number});
    }
  }
}

void ReaderSession::note_trouble() {
  const auto& trouble = inbox_->trouble();
  if (!trouble) {
    trouble_text_.clear();
    return;
  }
  if (trouble->final) listener_.reset();  // nothing that is published is for it any more
  if (trouble->text != trouble_text_) {
    trouble_text_ = trouble->text;
    const std::string line = "receiving " + reader_.options_.stream + " from " + upstream_ + ": " + trouble_text_;
    if (reader_.why_hopeless()) reader_.node_->log.information(line);  // receive() throws it: once is enough
    else reader_.node_->log.warning(line);
  }
}

void ReaderSession::status(JsonText& json) const {
  json.begin_object()
      .member("upstream", upstream_)
      .member("node", node_ == nullptr ? std::string() : *node_)
      .member("subscribed", inbox_->subscribed())
      .member("queued", std::uint64_t{inbox_->queued()})
      .member("handed_out", std::uint64_t{inbox_->handed_out()})
      .member("gaps", gaps_)
      .member("trouble", trouble_text_)
      .end_object();
}

}  // namespace restante::detail
