/// \file
/// What arrives at an inbox: which ids of a batch are delivered, ignored, acked again or given back (X1, X3, X4, G1).

#include <algorithm>
#include <limits>

#include <restante/limits.h>

#include "core/inbox.h"
#include "core/topic_filter.h"

namespace restante::core {
namespace {

std::uint64_t length(Range range) noexcept { return range.last - range.first + 1; }

std::vector<Range> without(const std::vector<Range>& parts, const IdSet& ids, GrantId grant) {
  if (ids.empty()) return parts;
  std::vector<Range> rest;
  for (const Range& part : parts) {
    const std::vector<Range> outside = ids.outside(grant, part);
    rest.insert(rest.end(), outside.begin(), outside.end());
  }
  return rest;
}

}  // namespace

void Inbox::on_live(std::shared_ptr<const Batch> batch, Instant now) {
  now_ = now;
  const BatchHeader& header = batch->header();
  const Range range{header.first, header.last};
  if (header.stream != options_.stream || header.skip) {
    counters_.unwanted += length(range);
    return;
  }
  if (trouble_ && trouble_->final) {  // taken over (X7), and whoever publishes does not know it
    counters_.refused += length(range);
    return;
  }
  if (!grants_.announced(header.grant, range)) {
    counters_.unannounced += length(range);
    return;
  }
  // A `PUB` knows prefixes only, and who chooses a worker may not know of its filters any more.
  if (!filters_match(options_.filters, header.topic) || range.last <= filters_since_) {
    counters_.unwanted += length(range);
    return;
  }
  if (!exclusive()) {
    if (range.first <= floor_) counters_.below_floor += std::min(range.last, floor_) - range.first + 1;
    if (range.last > floor_) accept(batch, {std::max(range.first, floor_ + 1), range.last}, 1, Arrival::live, now);
    return;
  }
  if (refuses(true)) {  // before the gate notes it: then it is simply a gap
    counters_.refused += length(range);
    return;
  }
  const OrderGate::Answer answer = gate_.on_live(batch);
  if (answer.verdict == OrderGate::Verdict::pass) {
    accept(batch, answer.range, 1, Arrival::live, now);
    accept_passed(now);
  } else if (answer.verdict == OrderGate::Verdict::known) {
    counters_.again += length(range);
    for (const Range& part : settled_.ids().inside(header.grant, range)) {
      settled_.say_again(header.grant, part, pending_);
    }
  } else if (answer.verdict == OrderGate::Verdict::refuse) {
    counters_.gate_refused += length(range);
  }
}

void Inbox::on_redelivery(const Redelivery& redelivery, std::shared_ptr<const Batch> batch, Instant now) {
  now_ = now;
  if (token_ == 0 || redelivery.token != token_) {
    ++counters_.stale;
    return;
  }
  const BatchHeader& header = batch->header();
  if (header.stream != options_.stream || redelivery.grant != header.grant) {
    ++counters_.unwanted;
    return;
  }
  // A strict reader takes nothing of a part of which something goes back, or that would be overtaken.
  const auto goes_back = [&](const Owed& owed) {
    return !pending_.given_back().inside(header.grant, owed.range).empty();
  };
  const bool crosses = strict() && std::any_of(redelivery.owed.begin(), redelivery.owed.end(), goes_back);
  if (!header.skip) {
    for (const Owed& owed : redelivery.owed) {
      const Range range{std::max(owed.range.first, header.first), std::min(owed.range.last, header.last)};
      if (range.first > range.last) continue;
      if (redelivery.revived && range.first == range.last) settled_.forget_rejection(header.grant, range.first);
      if (crosses) {
        for (const Range& part : absent(header.grant, range, false)) give_back(header.grant, part);
        continue;
      }
      const std::uint32_t attempt = std::min(owed.attempts, std::numeric_limits<std::uint32_t>::max() - 1) + 1;
      accept(batch, range, attempt, Arrival::control, now);
    }
  }
  if (!exclusive()) return;
  gate_.on_control(std::min(redelivery.covers, header.last));
  accept_passed(now);
}

/// What was held back is in the order that the gate knows, and in memory: there is no refusing it any more, or what
/// comes behind it would pass it (X8).
void Inbox::accept_passed(Instant now) {
  for (const OrderGate::Passed& passed : gate_.take_passed()) {
    accept(passed.batch, passed.range, 1, Arrival::held_back, now);
  }
}

std::vector<Range> Inbox::absent(GrantId grant, Range range, bool live) const {
  std::vector<Range> parts = without(held_.outside(grant, range), settled_.ids(), grant);
  // A redelivery that crosses a nack or a release on its way: that word goes first and answers it.
  return without(parts, live ? returned_ : pending_.given_back(), grant);
}

bool Inbox::refuses(bool live) const {
  if (stopped_) return true;
  const bool too_much = queue_.octets() > 2 * queue_octets();
  // An exclusive consumer never refuses what the control link brings: that would be a hole in its order.
  return exclusive() ? live && too_much : too_much || handed_.anything_hangs();
}

/// Delivers what is absent of `range`.
void Inbox::accept(const BatchRef& batch, Range range, std::uint32_t attempt, Arrival arrival, Instant now) {
  const bool live = arrival != Arrival::control;
  const GrantId grant = batch->header().grant;
  for (const Range& part : settled_.ids().inside(grant, range)) settled_.say_again(grant, part, pending_);
  std::uint64_t fresh = 0;
  for (const Range& part : absent(grant, range, live)) {
    fresh += length(part);
    if (refuses(arrival == Arrival::live)) {
      counters_.refused += length(part);
      give_back(grant, part);
      continue;
    }
    held_.insert(grant, part);
    returned_.erase(grant, part);
    queue_.push(batch, part, attempt);
    if (live) report_.on_arrived(grant, part, now);
  }
  counters_.again += length(range) - fresh;
  window_.on_held(held_.count(), now);
}

/// `range` is held no more: its state is whatever follows.
void Inbox::forget_held(GrantId grant, Range range) {
  held_.erase(grant, range);
  report_.erase(grant, range);
}

/// `range`, which is not held, goes back without an attempt. A session that has ended gave it back already.
void Inbox::give_back(GrantId grant, Range range) {
  returned_.insert(grant, range);
  if (session_may_hold()) pending_.release(grant, range);
}

/// What is behind a message that went back waits for it (X8).
void Inbox::give_back_topic(const std::string& topic) {
  for (const GrantRange& queued : queue_.ranges_of(topic)) {
    queue_.erase(queued.grant, queued.range);
    forget_held(queued.grant, queued.range);
    give_back(queued.grant, queued.range);
  }
}

void Inbox::give_back_queue() {
  for (const GrantRange& queued : queue_.ranges()) {
    forget_held(queued.grant, queued.range);
    give_back(queued.grant, queued.range);
  }
  queue_.erase_from(0);
}

}  // namespace restante::core
