/// \file
/// An inbox and its link: subscribing, what the sidecar says, and what is remembered from one link to the next.

#include <algorithm>
#include <chrono>
#include <variant>

#include <restante/limits.h>

#include "core/inbox.h"

namespace restante::core {
// ---- the link

void Inbox::on_link_up(Instant now) {
  on_link_down(now);
  link_up_ = true;
  // A stopped one comes back only for what it still has to say, of which a goodbye is a part.
  const bool owes_words = (introduced_ && !left_) || handed_.active() > 0 || !pending_.empty();
  if (!stopped_ || owes_words) subscribe();
}

void Inbox::on_link_down(Instant now) {
  now_ = now;
  link_up_ = false;
  awaiting_ = false;
  token_ = 0;
  retry_at_ = never;
  control_.clear();
  pending_.on_session_lost();
  gate_.on_link_down();
}

void Inbox::subscribe() {
  if (!link_up_ || (trouble_ && trouble_->final)) return;
  Subscribe subscribe;
  subscribe.session = options_.session;
  subscribe.stream = options_.stream;
  subscribe.subscription = options_.subscription;
  subscribe.mode = options_.mode;
  subscribe.filters = options_.filters;
  subscribe.start = under_way_ ? std::to_string(floor_ + 1) : options_.start;
  subscribe.until = options_.until;
  subscribe.limit = options_.limit;
  subscribe.retry = options_.retry;
  subscribe.claim = claim_;
  subscribe.live_endpoints = options_.live_endpoints;
  subscribe.listens = options_.listens;
  subscribe.host = options_.host;
  subscribe.held = list_held();
  subscribe.known = grants_.all();
  subscribe.made = made_;
  told_ = credit();
  subscribe.credit = told_;
  control_.emplace_back(std::move(subscribe));
  awaiting_ = true;
  introduced_ = true;
}

/// What this session holds from an earlier link: first what is in hand, then what a nack is to be said of (only of what
/// is held is an attempt counted), then the queue. What does not fit is another's to do; in an exclusive session it is
/// sent again and ignored.
std::vector<GrantRange> Inbox::list_held() {
  IdSet first;
  for (const HandedOut::Hand& hand : handed_.all_active()) first.insert(hand.grant, {hand.sequence, hand.sequence});
  for (const GrantRange& nacked : pending_.nacked()) first.insert(nacked.grant, nacked.range);
  std::vector<GrantRange> listed = first.ranges(limits::ranges_max);
  IdSet queued;
  for (const GrantRange& range : queue_.ranges()) queued.insert(range.grant, range.range);
  for (const GrantRange& range : queued.ranges()) {
    if (listed.size() < limits::ranges_max) {
      listed.push_back(range);
    } else if (!exclusive()) {
      queue_.erase(range.grant, range.range);
      forget_held(range.grant, range.range);
      counters_.refused += range.range.last - range.range.first + 1;
    }
  }
  for (const GrantRange& range : listed) report_.erase(range.grant, range.range);
  return listed;
}

// ---- what the sidecar says

void Inbox::on_message(const ControlMessage& message, Instant now) {
  now_ = now;
  if (const auto* subscribed = std::get_if<Subscribed>(&message)) on(*subscribed, now);
  else if (const auto* refused = std::get_if<Refused>(&message)) on(*refused, now);
  else if (const auto* grants = std::get_if<Grants>(&message)) on(*grants);
  else if (const auto* checkpoint = std::get_if<Checkpoint>(&message)) on(*checkpoint, now);
  else if (const auto* missed = std::get_if<Missed>(&message)) on(*missed, now);
  else if (const auto* taken = std::get_if<TakenOver>(&message)) on(*taken);
}

void Inbox::on(const Subscribed& subscribed, Instant now) {
  if (subscribed.session != options_.session || !awaiting_ || subscribed.token == 0) return;
  awaiting_ = false;
  token_ = subscribed.token;
  claim_ = subscribed.claim;
  made_ = subscribed.made;
  trouble_.reset();
  const Sequence baseline =
      subscribed.untried == 0 ? subscribed.floor : std::min(subscribed.floor, subscribed.untried - 1);
  std::optional<Sequence> first = grants_.regress_in(subscribed.grants, pinned_from(subscribed.floor));
  if (subscribed.regressed_at != 0) first = std::min(first.value_or(subscribed.regressed_at), subscribed.regressed_at);
  if (first) {
    regress(*first);
    // A copy that was put back owes again what is above its floor, and new messages must not overtake that (decision
    // 0008).
    gate_.on_regress(std::min(*first, baseline + 1));
  }
  grants_.add(subscribed.grants);
  floor_ = subscribed.floor;
  filters_since_ = subscribed.filters_since;
  if (replays()) {
    under_way_ = true;
    options_.until = subscribed.until;
  }
  said_ = 0;
  settled_.begin(subscribed.floor, pending_);
  if (pending_.empty()) settled_.said(said_);
  if (exclusive()) {
    gate_.begin(baseline);
    gate_.drop_unannounced(grants_);
    accept_passed(now);
  } else {
    drop_below_floor();
    returned_.erase_up_to(floor_);
  }
  for (const std::uint64_t number : gaps_.all_told()) pending_.told(number);
  grants_.trim(subscribed.floor);
}

/// What is queued and below the floor of a new link was done by another meanwhile, or is parked: then it comes again.
void Inbox::drop_below_floor() {
  if (strict()) {  // with all that is behind it
    for (const std::string& topic : queue_.topics_up_to(floor_)) give_back_topic(topic);
  }
  for (const GrantRange& queued : queue_.ranges()) {
    if (queued.range.first > floor_) continue;
    const Range below{queued.range.first, std::min(queued.range.last, floor_)};
    forget_held(queued.grant, below);
    give_back(queued.grant, below);
  }
  queue_.erase_up_to(floor_);
}

void Inbox::on(const Grants& grants) {
  if (token_ == 0 || grants.token != token_) {
    ++counters_.stale;
    return;
  }
  std::vector<GrantRange> dropped;
  if (const auto first = grants_.regress_in_update(grants.grants, pinned_from(floor_))) {
    dropped = held_.ranges(SIZE_MAX, *first == 0 ? 0 : *first - 1);
    regress(*first);
  }
  grants_.add(grants.grants);
  for (const GrantRange& one : dropped) {  // some of it may be of this store, whose books say that it is here
    if (grants_.announced(one.grant, one.range)) give_back(one.grant, one.range);
  }
  if (exclusive()) gate_.drop_unannounced(grants_);
}

void Inbox::on(const Checkpoint& checkpoint, Instant now) {
  if (token_ == 0 || checkpoint.token != token_) {
    ++counters_.stale;
    return;
  }
  if (exclusive()) {
    gate_.on_checkpoint(checkpoint.to);
    accept_passed(now);
  }
  floor_ = std::max(floor_, checkpoint.floor);
  returned_.erase_up_to(checkpoint.floor);
  if (pending_.empty() && checkpoint.heard >= said_) settled_.pass_all(checkpoint.floor);
  else settled_.pass(checkpoint.floor, checkpoint.heard);
  if (pending_.empty()) settled_.said(said_);
  grants_.trim(checkpoint.floor);
  if (replays() && floor_ >= options_.until) stopped_ = ended_ = true;
}

/// A gap stands in the order of what the control link brings, and what comes live after it need not wait for what is
/// not there any more.
void Inbox::on(const Missed& missed, Instant now) {
  if (token_ == 0 || missed.token != token_) {
    ++counters_.stale;
    return;
  }
  const ToldGaps::State state = gaps_.state(missed.number);
  if (state == ToldGaps::State::told) pending_.told(missed.number);
  if (state == ToldGaps::State::unheard && !stopped_ && !gaps_.full()) {
    gaps_.queued(missed.number);
    for (const std::uint64_t part : queue_.push_gap(missed, strict())) gaps_.forget(part);
  }
  if (!exclusive()) return;
  gate_.on_control(std::min(missed.covers, missed.range.last));
  accept_passed(now);
}

void Inbox::on(const Refused& refused, Instant now) {
  if (refused.side != Side::session || refused.id != options_.session) return;
  if (refused.code == ErrorCode::bad_state) {  // it was removed, now or while this session was away
    end(Trouble{refused.code, refused.text, true});
    return;
  }
  if (!awaiting_) return;
  awaiting_ = false;
  pending_.on_session_lost();
  if ((exclusive() || strict()) && claim_ != 0 && refused.code == ErrorCode::held_elsewhere) {
    end_taken_over(refused.text);
    return;
  }
  trouble_ = Trouble{refused.code, refused.text, is_final(refused.code)};
  if (!trouble_->final) retry_at_ = after(now, limits::subscribe_interval);
}

void Inbox::on(const TakenOver& taken) {
  const bool told = token_ != 0 && taken.token == token_;
  const bool asked = awaiting_ && taken.session == options_.session;  // its Subscribed never came
  if (!told && !asked) {
    ++counters_.stale;
    return;
  }
  end_taken_over(taken.text);
}

/// A higher claim has the name (X7). It is not reclaimed, and what was in hand is the other's now.
void Inbox::end_taken_over(const std::string& text) {
  events_.push_back({Event::Kind::taken_over, 0, 0, text});
  end(Trouble{ErrorCode::held_elsewhere, text, true});
}

/// For good: nothing that it has or says is of use to anybody, and it does not subscribe again.
void Inbox::end(Trouble trouble) {
  token_ = 0;
  awaiting_ = false;
  retry_at_ = never;
  trouble_ = std::move(trouble);
  control_.clear();
  queue_.clear();
  handed_.clear();
  topics_.clear();
  held_.clear();
  report_.clear();
  pending_.clear();
}

/// The store is not the one it was from `first` on (X6): what is known of those ids is of others.
void Inbox::regress(Sequence first) {
  events_.push_back({Event::Kind::regressed, first, std::max(first, grants_.last()),
                     "the sidecar's store was replaced: what it had from sequence " + std::to_string(first) +
                         " on is not there any more; new messages follow under new ids"});
  queue_.erase_from(first);
  for (const std::uint64_t number : queue_.erase_gaps_from(first)) gaps_.forget(number);  // that store's: ask this one
  handed_.erase_from(first);
  topics_.erase_if([this](std::uint64_t hand) { return !handed_.find(hand); });
  for (IdSet* ids : {&held_, &returned_}) ids->erase_from(first);
  settled_.erase_from(first);
  report_.erase_from(first);
  pending_.erase_from(first);
  gate_.on_regress(first);
  grants_.erase_from(first);
  floor_ = std::min(floor_, first == 0 ? 0 : first - 1);
}

}  // namespace restante::core
