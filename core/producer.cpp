#include "core/producer.h"

#include <algorithm>
#include <utility>

#include <restante/limits.h>

#include "core/assert.h"

namespace restante::core {

namespace {

constexpr std::size_t runs_max = 4096;  // 2^32 messages at the usual size of a block
constexpr Duration ask_again_interval = std::chrono::seconds{1};

bool is_final(ErrorCode code) {
  return code == ErrorCode::incompatible_version || code == ErrorCode::bad_argument || code == ErrorCode::bad_state;
}

/// An empty text would look like no obstacle at all.
std::string reason_of(const std::string& text) { return text.empty() ? "the sidecar gave no reason" : text; }

}  // namespace

Producer::Producer(const Options& options) : options_(options), topics_(limits::writer_topics_max), runs_(runs_max) {}

// ---- getters

bool Producer::can_send(std::size_t octets, std::size_t messages) const {
  if (phase_ != Phase::attached || !blocks_.fits(messages)) return false;
  if (unconfirmed_.empty()) return window_ > 0;
  return octets <= window_ && unconfirmed_octets_ <= window_ - octets;
}

std::string Producer::obstacle(std::size_t octets, std::size_t messages) const {
  if (can_send(octets, messages)) return {};
  if (trouble_) return trouble_->text;
  if (phase_ == Phase::ended) return "the stream is closed";
  if (phase_ == Phase::away) return "no sidecar";
  if (phase_ != Phase::attached) return "waiting for the sidecar to open the stream";
  if (!blocks_.fits(messages)) return "waiting for a block of sequences";
  if (!limit_.empty()) return limit_;
  return "the sidecar's window of " + std::to_string(window_) + " octets is full";
}

std::size_t Producer::batch_hint() const {
  const std::size_t hint = targets_.batch_hint(limits::batch_messages_max);
  const std::size_t room = blocks_.room();
  return room == 0 ? hint : std::min(hint, room);
}

std::optional<MessageId> Producer::id(std::uint64_t ordinal) const {
  const auto place = runs_.find(ordinal);
  if (!place) return std::nullopt;
  return MessageId{{}, options_.stream, place->grant, place->sequence};
}

// ---- commands

Buffer Producer::send(BatchBuilder& builder, std::uint64_t marker, std::int64_t source_time_us, const TryLive& live) {
  RESTANTE_ASSERT(can_send(builder.size(), builder.count()));
  const Grant taken = blocks_.take(builder.count());
  BatchHeader header;
  header.stream = options_.stream;
  header.topic = builder.topic();
  header.grant = taken.grant;
  header.first = taken.range.first;
  header.last = taken.range.last;
  header.prev = topics_.prev(header.topic);
  header.before = before_;
  header.source_time_us = source_time_us;
  header.marker = marker;
  header.times = builder.times();
  Buffer frame = seal_and_send_live(builder, header, live);

  before_ = header.last;
  topics_.note(header.topic, header.last);
  runs_.note(taken);
  if (options_.kind == StreamKind::live) {  // W7: nobody has to have it, so that sending is all there is
    confirmed_ = settled_ = runs_.last_ordinal();
    confirmed_to_ = header.last;
    blocks_.confirmed(confirmed_to_);
    note_marker(marker);
  } else {
    unconfirmed_octets_ += frame.size();
    effects_.push_back(Effect{{}, frame});
    unconfirmed_.push_back(Unconfirmed{taken.range, runs_.last_ordinal(), marker, frame});
  }
  ask_for_grant_if_low();
  return frame;
}

Buffer Producer::seal_and_send_live(BatchBuilder& builder, BatchHeader& header, const TryLive& live) {
  if (header.times.deliver_after_ms > 0) return builder.seal(header);  // who has it to wait for its time is the sidecar
  const auto choice = targets_.choose(builder.topic(), builder.count(), builder.size());
  if (!choice) return builder.seal(header);
  header.owner = choice->token;
  Buffer frame = builder.seal(header);
  if (live(choice->token, choice->endpoint, frame)) {
    targets_.sent(choice->token, builder.count(), frame.size());
    return frame;
  }
  // The copy must not name a worker that never got the batch: the sidecar would wait for its report.
  targets_.pause(choice->token);
  header.owner = 0;
  frame = Buffer{};
  return builder.seal(header);
}

void Producer::close() {
  if (phase_ == Phase::ended) return;
  closed_ = true;
  if (link_up_) effects_.push_back(Effect{CloseWriter{options_.handle}, {}});
  phase_ = Phase::ended;
  targets_.clear();
}

// ---- inputs

void Producer::on_link_up() {
  link_up_ = true;
  if (phase_ != Phase::ended) {
    open();
  } else if (closed_) {
    effects_.push_back(Effect{CloseWriter{options_.handle}, {}});
  }
}

void Producer::on_link_down() {
  link_up_ = false;
  targets_.clear();
  grant_under_way_ = grant_refused_ = false;
  ask_again_.reset();
  effects_.clear();  // of the old link; what matters of them is sent again after Attached
  if (phase_ == Phase::ended) return;
  phase_ = Phase::away;
  trouble_.reset();
}

void Producer::on_message(const ControlMessage& message) {
  if (phase_ == Phase::ended) return;
  std::visit(
      [this](const auto& value) {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, Refused>) {
          if (value.side == Side::handle && value.id == options_.handle) this->on(value);
        } else if constexpr (requires { this->on(value); }) {
          if (value.handle == options_.handle) this->on(value);
        }
      },
      message);
}

void Producer::on_time(Instant now) {
  if (!asks_again()) return;
  if (!ask_again_) {
    ask_again_ = after(now, ask_again_interval);
  } else if (now < *ask_again_) {
    return;
  } else if (phase_ == Phase::refused) {
    open();
  } else {
    ask_for_grant();
  }
}

Instant Producer::next_deadline() const {
  if (!asks_again()) return never;
  return ask_again_.value_or(Instant{});
}

void Producer::on(const Granted& granted) {
  const bool first = blocks_.empty();
  if (first ? phase_ != Phase::opening : phase_ != Phase::attached) return;
  if (!blocks_.add(granted.grant)) return;
  window_ = granted.window;
  if (!last_marker_) last_marker_ = granted.last_marker;
  grant_under_way_ = grant_refused_ = false;
  trouble_.reset();
  if (!first) return;
  before_ = confirmed_to_ = granted.grant.range.first - 1;
  topics_.set_floor(before_);
  phase_ = Phase::attached;
}

void Producer::on(const Attached& attached) {
  if (phase_ != Phase::opening || blocks_.empty()) return;
  phase_ = Phase::attached;
  trouble_.reset();
  window_ = attached.window;
  if (!last_marker_) last_marker_ = attached.last_marker;
  copy_all_after(0);
  ask_for_grant_if_low();
}

void Producer::on(const Confirmed& confirmed) {
  if (phase_ != Phase::attached) return;
  window_ = confirmed.window;
  limit_ = confirmed.limit;
  while (!unconfirmed_.empty() && unconfirmed_.front().range.last <= confirmed.to) {
    const Unconfirmed& done = unconfirmed_.front();
    unconfirmed_octets_ -= done.frame.size();
    confirmed_ = done.last_ordinal;
    confirmed_to_ = done.range.last;
    note_marker(done.marker);
    unconfirmed_.pop_front();
  }
  blocks_.confirmed(confirmed_to_);
  settled_ = std::max(settled_, std::min(runs_.ordinal_to(confirmed.settled_to), confirmed_));
  for (const Fate& fate : confirmed.fates) {
    // Of a range that reaches over several blocks the holes between them have no ordinals.
    const Range ordinals{runs_.ordinal_to(fate.range.first - 1) + 1, runs_.ordinal_to(fate.range.last)};
    if (fate.range.first > 0 && ordinals.first <= ordinals.last) fates_.note(ordinals, fate.outcome);
  }
}

void Producer::on(const Resend& resend) {
  if (phase_ == Phase::attached) copy_all_after(resend.after);
}

void Producer::on(const Fenced& fenced) { end(Trouble{ErrorCode::bad_state, reason_of(fenced.text), true}); }

void Producer::on(const Refused& refused) {
  if (is_final(refused.code)) {
    end(Trouble{refused.code, reason_of(refused.text), true});
    return;
  }
  trouble_ = Trouble{refused.code, reason_of(refused.text), false};
  ask_again_.reset();
  if (phase_ == Phase::attached && grant_under_way_) {  // only the next block is refused
    grant_under_way_ = false;
    grant_refused_ = true;
    return;
  }
  phase_ = Phase::refused;
  targets_.clear();
}

void Producer::on(const LiveTarget& target) {
  if (phase_ == Phase::attached) targets_.on_target(target);
}

// ---- outputs and parts

std::vector<Producer::Effect> Producer::take_effects() { return std::exchange(effects_, {}); }

void Producer::open() {
  phase_ = Phase::opening;
  ask_again_.reset();
  OpenWriter message;
  message.handle = options_.handle;
  message.stream = options_.stream;
  message.kind = options_.kind;
  message.resume = !blocks_.empty();
  message.grants = blocks_.all();
  message.confirmed_to = confirmed_to_;
  message.window = options_.window;
  message.pattern = options_.pattern;
  message.live_endpoints = options_.live_endpoints;
  message.retention = options_.retention;
  effects_.push_back(Effect{std::move(message), {}});
}

void Producer::ask_for_grant_if_low() {
  if (!grant_under_way_ && !grant_refused_ && blocks_.runs_low()) ask_for_grant();
}

void Producer::ask_for_grant() {
  grant_under_way_ = true;
  grant_refused_ = false;
  ask_again_.reset();
  effects_.push_back(Effect{RequestGrant{options_.handle}, {}});
}

void Producer::copy_all_after(Sequence after) {
  for (const Unconfirmed& batch : unconfirmed_) {
    if (batch.range.first > after) effects_.push_back(Effect{{}, batch.frame});
  }
}

void Producer::end(Trouble trouble) {
  trouble_ = std::move(trouble);
  phase_ = Phase::ended;
  targets_.clear();
}

/// The newest confirmed marker, not the highest: an application may begin its numbering anew.
void Producer::note_marker(std::uint64_t marker) {
  if (marker != 0) last_marker_ = marker;
}

}  // namespace restante::core
