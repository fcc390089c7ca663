/// \file
/// Limits of a subscription: what is above one is cut, and owed as a gap (B7), or its publisher waits.
///
/// What is cut is in memory, where it is known message by message: the window begins with the oldest, and pages bring
/// what follows when that has gone. How much there is behind the window is counted (BacklogCount), never guessed: a cut
/// must not take what the limit allows (decision 0016).

#include <algorithm>

#include "core/outbox.h"
#include "core/topic_filter.h"

namespace restante::core {

namespace {

std::uint64_t less(std::uint64_t from, std::uint64_t what) { return from - std::min(from, what); }

/// So much is left when a limit has been passed, so that not every message is a commit.
std::uint64_t kept_of(std::uint64_t limit) { return limit - limit / 8; }

std::uint64_t above(std::uint64_t backlog, std::uint64_t limit) {
  return limit == 0 || backlog <= limit ? 0 : backlog - kept_of(limit);
}

std::string text_of(const BacklogLimit& limit) {
  std::string text;
  if (limit.messages > 0) text = std::to_string(limit.messages) + " messages";
  if (limit.octets > 0) text += (text.empty() ? "" : " or ") + std::to_string(limit.octets) + " octets";
  return text;
}

}  // namespace

Credit Outbox::certain_backlog(const Subscription& subscription) {
  const Cursor& cursor = subscription.group.cursor();
  const std::uint64_t beyond = less(subscription.beyond.messages(), cursor.early_messages());
  const std::uint64_t octets = beyond == 0 ? 0 : subscription.beyond.octets() / subscription.beyond.messages() * beyond;
  return {cursor.messages() + beyond, cursor.octets() + octets};
}

bool Outbox::is_over(const Credit& backlog, const BacklogLimit& limit) {
  return above(backlog.messages, limit.messages) > 0 || above(backlog.octets, limit.octets) > 0;
}

/// Its own, or else that of the stream.
const BacklogLimit& Outbox::limit_of(const Subscription& subscription) const noexcept {
  return subscription.record.limit != BacklogLimit{} ? subscription.record.limit : record_.limit;
}

/// By the upper bounds.
bool Outbox::is_over_perhaps(const Subscription& subscription) const {
  return is_over({subscription.backlog_messages, subscription.backlog_octets}, limit_of(subscription));
}

/// Nothing else is about to change of it that a cut would cross.
bool Outbox::is_steady(const Subscription& subscription) const {
  return subscription.on_disk && subscription.parked_known && !is_leaving(subscription.record.name) &&
         !is_being_reset(subscription.record.name);
}

bool Outbox::wants_cut(const Subscription& subscription) const {
  const BacklogLimit& limit = limit_of(subscription);
  if (limit.then != OnLimit::cut || !subscription.group.anything_owed()) return false;
  return is_over(certain_backlog(subscription), limit) && is_steady(subscription);
}

bool Outbox::wants_expiry(const Subscription& subscription) const {
  return subscription.group.wants_expiry() && is_steady(subscription);
}

/// What is dropped is owed by nobody with the cursor and the gaps of this one transaction, and not before. One cut of a
/// subscription at a time: what is too old goes with the next one.
void Outbox::collect_cuts(Transaction& transaction, const Turn& turn) {
  for (auto& [id, subscription] : subscriptions_) {
    ReaderGroup& group = subscription.group;
    Cut cut{id, {}, {}};
    std::string reason = ReaderGroup::expired_text;
    if (wants_cut(subscription)) {
      const BacklogLimit& limit = limit_of(subscription);
      const Credit backlog = certain_backlog(subscription);
      cut.ranges = group.take_cut(above(backlog.messages, limit.messages), above(backlog.octets, limit.octets));
      const bool is_own = subscription.record.limit != BacklogLimit{};
      reason = std::string(is_own ? "the subscription" : "the stream") + " had reached its limit of " + text_of(limit);
    } else if (wants_expiry(subscription)) {
      cut.ranges = group.take_expired(record_.expiry.dead, turn);
      cut.is_expiry = true;
    }
    if (cut.ranges.empty()) continue;
    cut.gaps = group.gaps().joined_with(
        cut.ranges, reason, [&group](Range between) { return group.is_clear(between); }, turn.random);
    for (const std::uint64_t number : cut.gaps.replaced) transaction.told.push_back({id, number});
    for (const OwedGaps::Gap& gap : cut.gaps.added) {
      transaction.gaps.push_back(GapRecord{id, gap.number, gap.range, gap.reason});
    }
    subscription.cursor_dirty = true;
    in_commit_.cuts.push_back(std::move(cut));
  }
}

void Outbox::on_cuts(const InCommit& done, Instant now) {
  for (const Cut& cut : done.cuts) {
    Subscription& subscription = subscriptions_.at(cut.subscription);
    Cursor::Change change;
    for (const Range& range : cut.ranges) subscription.group.on_cut(range, change);
    (cut.is_expiry ? subscription.expired : subscription.cut) += change.messages;
    for (const Range& range : cut.ranges) note_fate({range, cut.is_expiry ? Outcome::expired : Outcome::dropped});
    apply(change, subscription, now);
    for (const std::uint64_t number : cut.gaps.replaced) subscription.group.gaps().erase(number);
    for (const OwedGaps::Gap& gap : cut.gaps.added) subscription.group.gaps().add(gap);
  }
}

void Outbox::on_not_cut(InCommit& failed) {
  for (const Cut& cut : failed.cuts) {
    for (const Range& range : cut.ranges) subscriptions_.at(cut.subscription).group.on_not_cut(range);
  }
  pending_told_.insert(pending_told_.begin(), failed.told.begin(), failed.told.end());
}

// ---- gaps that were told

void Outbox::on_told(const std::vector<std::uint64_t>& numbers, Subscription& subscription, Instant now) {
  for (const std::uint64_t number : numbers) {
    if (!subscription.group.gaps().erase(number)) continue;
    pending_told_.push_back({subscription.record.id, number});
    cursor_due_ = std::min(cursor_due_, after(now, limits::cursor_delay));
  }
}

void Outbox::collect_told(Transaction& transaction) {
  in_commit_.told = std::exchange(pending_told_, {});
  transaction.told.insert(transaction.told.end(), in_commit_.told.begin(), in_commit_.told.end());
}

// ---- counting

void Outbox::next_count(Subscription& subscription, std::uint64_t& number, std::vector<LoadRequest>& loads) const {
  const auto page = subscription.beyond.next_page(subscription.group.cursor().tracked_to());
  if (subscription.count_number != 0 || !page || !is_over_perhaps(subscription)) return;
  subscription.count_number = ++number;
  loads.push_back(LoadRequest{number, record_.id, *page, limits::sequence_max, limits::page_octets, limits::page_rows});
}

/// A page that nobody reads: only how much of it is owned is of interest.
void Outbox::count_page(const LoadReply& reply, Subscription& subscription) {
  subscription.count_number = 0;
  BacklogCount& beyond = subscription.beyond;
  const Sequence tracked_to = subscription.group.cursor().tracked_to();
  const auto from = beyond.next_page(tracked_to);
  for (const RowRecord& row : reply.rows) {
    if (!from || row.last <= *from) continue;
    std::string why;
    const auto batch = Batch::parse(row.octets.aligned(), why);
    const bool is_owned =
        batch && filters_match(filters_at(subscription.record, batch->header().last), batch->header().topic);
    if (is_owned) beyond.on_page(row.last, batch->count(), row.octets.size());
    beyond.on_counted(row.last);
  }
  if (reply.end) beyond.on_counted_all();
  else if (reply.rows.empty() && !reply.damaged.empty()) beyond.on_counted(reply.damaged.back().last);
}

// ---- the publisher waits

/// Which limit, how full, and what changes it.
std::string Outbox::limit_text(const Subscription& subscription, const Credit& backlog) const {
  const bool is_own = subscription.record.limit != BacklogLimit{};
  const std::string& name = subscription.record.name;
  std::string text = is_own ? "subscription " + name + " of stream " + record_.name : "stream " + record_.name;
  text += " is at its limit of " + text_of(limit_of(subscription)) + ": " + std::to_string(backlog.messages) +
          " messages with " + std::to_string(backlog.octets) + " octets wait for subscription " + name;
  return text + "; receive some of them, remove the subscription, or raise the limit with `restante " +
         (is_own ? "subscriptions set " + record_.name + " " + name : "streams set " + record_.name) +
         " max_messages=`";
}

void Outbox::note_limits() {
  at_limit_.clear();
  for (auto& [id, subscription] : subscriptions_) {
    const BacklogLimit& limit = limit_of(subscription);
    if (limit.then != OnLimit::refuse) continue;
    const Credit backlog = certain_backlog(subscription);
    const auto is_at = [was_at = subscription.at_limit](std::uint64_t present, std::uint64_t most) {
      return most > 0 && present >= (was_at ? kept_of(most) : most);
    };
    subscription.at_limit = is_at(backlog.messages, limit.messages) || is_at(backlog.octets, limit.octets);
    if (!subscription.at_limit) continue;
    at_limit_ = limit_text(subscription, backlog);
  }
}

}  // namespace restante::core
