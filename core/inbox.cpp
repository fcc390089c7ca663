#include "core/inbox.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <restante/limits.h>

namespace restante::core {
namespace {

/// The delay of a nack as it is said: rounded up, so that nothing comes before its time; -1 by the retry policy.
std::int64_t delay_ms(Duration delay) {
  if (delay < Duration{}) return -1;
  const std::int64_t ms = std::chrono::duration_cast<std::chrono::milliseconds>(delay).count();
  return std::min(ms + (delay % std::chrono::milliseconds(1) > Duration{} ? 1 : 0), limits::wait_ms_max);
}

/// Worth a message of its own: it became 0 or stopped being it, or moved by a quarter.
bool differs(std::uint64_t told, std::uint64_t present) {
  if ((told == 0) != (present == 0)) return true;
  const std::uint64_t difference = std::max(told, present) - std::min(told, present);
  return difference > 0 && difference >= told / 4;
}

}  // namespace

Inbox::Inbox(const Options& options, Instant now) : options_(options), now_(now), window_(now) {
  if (options_.credit_octets == 0) options_.credit_octets = limits::consumer_credit;
  if (options_.lease <= Duration{}) options_.lease = limits::lease;
}

// ---- getters

bool Inbox::ready() const {
  if (!strict()) return !queue_.empty();
  return queue_.has_one_of([this](const std::string& topic) { return !topics_.contains(topic); });
}
std::size_t Inbox::queued() const { return queue_.count(); }
std::size_t Inbox::handed_out() const { return handed_.active(); }
bool Inbox::subscribed() const { return token_ != 0; }
Token Inbox::token() const { return token_; }
const std::optional<Inbox::Trouble>& Inbox::trouble() const { return trouble_; }

Inbox::Counters Inbox::counters() const {
  Counters counters = counters_;
  counters.gate_refused += gate_.overflowed();
  return counters;
}

Instant Inbox::next_deadline() const {
  if (has_words()) return now_;
  const Instant report_at = token_ == 0 ? never : report_.next_deadline();
  return std::min({handed_.next_deadline(), report_at, retry_at_});
}

Credit Inbox::credit() const {
  const bool too_much = settled_.full() || returned_.size() > limits::settled_ranges_max / 2;
  if (stopped_ || too_much || handed_.anything_hangs() || queue_.octets() > queue_octets()) return {};
  return {window_.messages(), options_.credit_octets};
}

bool Inbox::has_words() const {
  if (!control_.empty()) return true;
  if (token_ == 0) return false;
  const Credit present = credit();
  return !pending_.empty() || gate_.wants() || differs(told_.messages, present.messages) ||
         differs(told_.octets, present.octets) || (stopped_ && handed_.active() == 0);
}

// ---- commands

std::optional<Inbox::Item> Inbox::take(Instant now) {
  now_ = now;
  if (queue_.gap_is_next()) {
    Missed gap = queue_.pop_gap();
    events_.push_back({Event::Kind::gap, gap.range.first, gap.range.last, std::move(gap.reason), gap.number});
    return std::nullopt;
  }
  if (queue_.empty()) {
    window_.on_starved(held_.count(), now);
    return std::nullopt;
  }
  std::optional<DeliveryQueue::Message> message;
  if (strict()) message = queue_.pop_of([this](const std::string& topic) { return !topics_.contains(topic); });
  else message = queue_.pop();
  if (!message) {
    window_.on_starved(held_.count(), now);  // of what it has, nothing may go yet
    return std::nullopt;
  }
  const BatchHeader& header = message->batch->header();
  const GrantId grant = header.grant;
  const std::uint64_t hand = handed_.add(grant, message->sequence, after(now, options_.lease));
  if (strict()) topics_.add(hand, header.topic);
  return Item{std::move(message->batch), message->view, grant, message->sequence, message->attempt, hand};
}

bool Inbox::settle(std::uint64_t number, Verdict verdict, Duration delay, std::string reason, Instant now) {
  now_ = now;
  const std::optional<HandedOut::Hand> hand = handed_.find(number);
  if (!hand) return false;
  handed_.erase(number);
  const std::string topic = topics_.erase(number);
  if (reason.size() > limits::text_size_max) reason.resize(limits::text_size_max);
  if (hand->ended) {
    settle_late(*hand, verdict, reason);
    return false;
  }
  const Range range{hand->sequence, hand->sequence};
  forget_held(hand->grant, range);
  switch (verdict) {
    case Verdict::ack:
    case Verdict::reject: say_settled(*hand, verdict, reason); break;
    case Verdict::nack:
      returned_.insert(hand->grant, range);
      pending_.nack({hand->grant, hand->sequence, delay_ms(delay), false});
      if (strict()) give_back_topic(topic);
      break;
    case Verdict::release:
      give_back(hand->grant, range);
      if (strict()) give_back_topic(topic);
      return true;
  }
  window_.on_settled(held_.count(), now);
  return true;
}

void Inbox::say_settled(const HandedOut::Hand& hand, Verdict verdict, const std::string& reason) {
  const Range range{hand.sequence, hand.sequence};
  returned_.erase(hand.grant, range);
  if (verdict == Verdict::reject) {
    settled_.reject(hand.grant, hand.sequence, reason);
    pending_.reject({hand.grant, hand.sequence, reason});
  } else {
    settled_.ack(hand.grant, hand.sequence);
    pending_.ack(hand.grant, range);
  }
}

void Inbox::settle_late(const HandedOut::Hand& hand, Verdict verdict, const std::string& reason) {
  if (verdict != Verdict::ack && verdict != Verdict::reject) return;  // its lease's end was a nack already
  if (settled_.ids().contains(hand.grant, hand.sequence) || handed_.holds(hand.grant, hand.sequence)) return;
  // The work is done while the message is unsettled, so it counts (X9), also if it has come again and waits here.
  const Range range{hand.sequence, hand.sequence};
  if (held_.contains(hand.grant, hand.sequence)) {
    queue_.erase(hand.grant, range);
    forget_held(hand.grant, range);
  }
  say_settled(hand, verdict, reason);
}

bool Inbox::extend(std::uint64_t hand, Instant now, Duration at_least) {
  now_ = now;
  return handed_.extend(hand, after(now, std::max(options_.lease, at_least)));
}

void Inbox::told(std::uint64_t number, Instant now) {
  now_ = now;
  gaps_.told(number);
  pending_.told(number);
}

void Inbox::stop(Instant now) {
  now_ = now;
  if (stopped_) return;
  stopped_ = true;
  give_back_queue();
  queue_.clear();  // gaps: another consumer is told of them
}

// ---- time

void Inbox::end_leases(Instant now) {
  const std::vector<HandedOut::Hand> ended = handed_.end_leases(now);
  for (const HandedOut::Hand& hand : ended) {
    const Range range{hand.sequence, hand.sequence};
    forget_held(hand.grant, range);
    topics_.erase(hand.number);
    returned_.insert(hand.grant, range);
    pending_.nack({hand.grant, hand.sequence, -1, true});
  }
  if (!ended.empty() && !exclusive()) give_back_queue();  // G3: others can do it meanwhile
}

void Inbox::on_time(Instant now) {
  now_ = now;
  end_leases(now);
  if (token_ != 0) {
    for (const GrantRange& range : report_.take_due(now)) pending_.report(range);
  }
  if (now >= retry_at_) {
    retry_at_ = never;
    subscribe();
  }
}

// ---- outputs

std::vector<ControlMessage> Inbox::take_effects() {
  std::vector<ControlMessage> effects = std::exchange(control_, {});
  if (token_ == 0 || !has_words()) return effects;
  told_ = credit();
  for (ControlMessage& settle : pending_.take(token_, told_)) {
    effects.push_back(std::move(settle));
    ++said_;
  }
  settled_.said(said_);
  if (const auto want = gate_.take_want()) effects.emplace_back(CatchUp{token_, *want});
  if (stopped_ && handed_.active() == 0) {
    effects.emplace_back(Unsubscribe{token_});
    token_ = 0;
    left_ = true;
  }
  return effects;
}

std::vector<Inbox::Event> Inbox::take_events() { return std::exchange(events_, {}); }

}  // namespace restante::core
