#include "core/live_inbox.h"

#include <algorithm>
#include <utility>

#include <restante/limits.h>

#include "core/topic_filter.h"

namespace restante::core {
namespace {

std::uint64_t length(Range range) noexcept { return range.last - range.first + 1; }

std::string why(bool lost, bool slow) {
  if (!slow) return "they were published and did not arrive";
  if (!lost) return "they came faster than they were received";
  return "some did not arrive, and some came faster than they were received";
}

}  // namespace

LiveInbox::LiveInbox(const Options& options)
    : options_(options),
      wants_all_(std::find(options.filters.begin(), options.filters.end(), "#") != options.filters.end()) {
  if (options_.queue_octets == 0) options_.queue_octets = limits::consumer_credit;
}

bool LiveInbox::ready() const { return !queue_.empty() || gap_is_next(); }

Instant LiveInbox::next_deadline() const {
  if (!control_.empty() || (stopped_ && token_ != 0)) return now_;
  return std::min(retry_at_, tail_.deadline());
}

// ---- commands

std::optional<Intake::Item> LiveInbox::take(Instant now) {
  now_ = now;
  if (gap_is_next()) {
    const Gap gap = gaps_.front();
    gaps_.pop_front();
    events_.push_back({Event::Kind::gap, gap.range.first, gap.range.last, why(gap.lost, gap.slow)});
    return std::nullopt;
  }
  if (queue_.empty()) return std::nullopt;
  DeliveryQueue::Message message = queue_.pop();
  ++taken_;
  const GrantId grant = message.batch->header().grant;
  return Item{std::move(message.batch), message.view, grant, message.sequence, 1, taken_};
}

bool LiveInbox::settle(std::uint64_t, Verdict, Duration, std::string, Instant now) {
  now_ = now;
  return true;  // there is nobody to tell
}

bool LiveInbox::extend(std::uint64_t, Instant now, Duration) {
  now_ = now;
  return true;
}

void LiveInbox::stop(Instant now) {
  now_ = now;
  stopped_ = true;
  retry_at_ = never;
  queue_.clear();
  gaps_.clear();
  tail_ = LiveTail{};
}

// ---- inputs

void LiveInbox::on_link_up(Instant now) {
  on_link_down(now);
  link_up_ = true;
  subscribe();
}

void LiveInbox::on_link_down(Instant now) {
  now_ = now;
  link_up_ = false;
  awaiting_ = false;
  token_ = 0;
  retry_at_ = never;
  control_.clear();
}

void LiveInbox::subscribe() {
  if (!link_up_ || stopped_ || (trouble_ && trouble_->final)) return;
  Subscribe subscribe;
  subscribe.session = options_.session;
  subscribe.stream = options_.stream;
  subscribe.mode = SubscriptionMode::live;
  subscribe.filters = options_.filters;
  subscribe.listens = true;
  subscribe.host = options_.host;
  subscribe.known = grants_.all();
  constexpr std::ptrdiff_t told = 16;  // the newest show a store that knows less, as those that an Inbox keeps
  if (std::ssize(subscribe.known) > told) subscribe.known.erase(subscribe.known.begin(), subscribe.known.end() - told);
  control_.emplace_back(std::move(subscribe));
  awaiting_ = true;
}

void LiveInbox::on_message(const ControlMessage& message, Instant now) {
  now_ = now;
  if (const auto* subscribed = std::get_if<Subscribed>(&message)) {
    if (subscribed->session != options_.session || !awaiting_ || subscribed->token == 0) return;
    awaiting_ = false;
    token_ = subscribed->token;
    trouble_.reset();
    if (const auto first = grants_.regress_in(subscribed->grants, subscribed->floor)) grants_.erase_from(*first);
    grants_.add(subscribed->grants);
  } else if (const auto* grants = std::get_if<Grants>(&message)) {
    if (token_ != 0 && grants->token == token_) grants_.add(grants->grants);
  } else if (const auto* published = std::get_if<Published>(&message)) {
    if (token_ == 0 || published->token != token_ || stopped_) return;
    Published word = *published;
    // Who wants all is told by the chain of what lies below the newest that it heard.
    if (wants_all_)
      std::erase_if(word.ranges, [this](const GrantRange& one) { return one.range.last <= trail_.newest(); });
    tail_.on_published(word, grants_, now);
  } else if (const auto* dismissed = std::get_if<TakenOver>(&message)) {
    if (token_ == 0 || dismissed->token != token_) return;
    token_ = 0;
    trouble_ = Trouble{ErrorCode::bad_argument, dismissed->text, true};
  } else if (const auto* refused = std::get_if<Refused>(&message)) {
    if (refused->side != Side::session || refused->id != options_.session || !awaiting_) return;
    awaiting_ = false;
    trouble_ = Trouble{refused->code, refused->text, is_final(refused->code)};
    if (!trouble_->final && !stopped_) retry_at_ = after(now, limits::subscribe_interval);
  }
}

void LiveInbox::on_redelivery(const Redelivery&, std::shared_ptr<const Batch>, Instant now) { now_ = now; }

void LiveInbox::on_live(std::shared_ptr<const Batch> batch, Instant now) {
  now_ = now;
  const BatchHeader& header = batch->header();
  const GrantRange heard{header.grant, {header.first, header.last}};
  const std::uint64_t count = length(heard.range);
  if (stopped_) return;
  const bool is_ours = header.stream == options_.stream && !header.skip;
  const bool is_wanted = is_ours && filters_match(options_.filters, header.topic);
  if (is_ours) miss_tail(header.first);
  if (is_wanted || (is_ours && wants_all_)) {
    const TopicTrail::Heard found = wants_all_ ? trail_.note({}, header.before, heard, grants_)
                                               : trail_.note(header.topic, header.prev, heard, grants_);
    if (found.anew) tail_.begin(header.first - 1);
    if (found.again || tail_.is_done(heard.range)) {
      counters_.again += count;
      return;
    }
    if (found.missed) miss_chain(*found.missed);
    tail_.note(heard.range, now);
  }
  if (!is_wanted) {
    counters_.unwanted += count;
  } else if (!queue_.empty() && queue_.octets() + batch->frame().size() > options_.queue_octets) {
    counters_.overrun += count;
    miss(heard.range, true);
  } else {
    queue_.push(std::move(batch), heard.range, 1);
  }
}

void LiveInbox::miss_chain(Range missed) {
  const auto untold = tail_.untold(missed);
  if (!untold) return;
  miss(*untold, false);
  tail_.note(*untold, now_);
}

/// `next`: what was just heard begins there; 0: nothing was.
void LiveInbox::miss_tail(Sequence next) {
  while (const auto missed = tail_.due(next, now_)) {
    miss(*missed, false);
    ++counters_.tails;
  }
}

void LiveInbox::miss(Range range, bool slow) {
  if (gaps_.empty() || gaps_.back().after != pushed()) {
    gaps_.push_back(Gap{range, pushed(), false, false});
    ++counters_.gaps;
  }
  Gap& gap = gaps_.back();
  gap.range = {std::min(gap.range.first, range.first), std::max(gap.range.last, range.last)};
  (slow ? gap.slow : gap.lost) = true;
}

void LiveInbox::on_time(Instant now) {
  now_ = now;
  miss_tail(0);
  if (now < retry_at_) return;
  retry_at_ = never;
  subscribe();
}

// ---- outputs

std::vector<ControlMessage> LiveInbox::take_effects() {
  std::vector<ControlMessage> effects = std::exchange(control_, {});
  if (stopped_ && token_ != 0) effects.emplace_back(Unsubscribe{std::exchange(token_, 0)});
  return effects;
}

std::vector<Intake::Event> LiveInbox::take_events() { return std::exchange(events_, {}); }

}  // namespace restante::core
