#include "tests/scenarios/words.h"

#include <algorithm>

namespace restante::scenarios {

namespace {

using namespace std::string_literals;

/// Parts with ", " between them.
class Parts {
 public:
  void add(const std::string& part) { text_ += (text_.empty() ? "" : ", ") + part; }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

std::string text_of_ranges(const std::vector<core::GrantRange>& ranges) {
  std::string text;
  for (const core::GrantRange& range : ranges) text += (text.empty() ? "" : "+") + text_of(range.range);
  return text;
}

std::string attempts(std::uint32_t count) { return std::to_string(count) + (count == 1 ? " attempt" : " attempts"); }

/// One overload a kind; a kind without one is left out.
struct Teller {
  Names& names;
  const Shown& shown;

  std::string operator()(const core::OpenWriter& open) const {
    return open.resume ? "attach to " + open.stream + ", confirmed to " + std::to_string(open.confirmed_to)
                       : "open " + open.stream;
  }
  std::string operator()(const core::RequestGrant&) const { return "ask for a grant"; }
  std::string operator()(const core::CloseWriter&) const { return "close"; }
  std::string operator()(const core::Subscribe& subscribe) const {
    Parts parts;
    parts.add("subscribe to " + subscribe.subscription);
    if (!subscribe.held.empty()) parts.add("holding " + text_of_ranges(subscribe.held));
    if (shown.credit) parts.add("credit " + std::to_string(subscribe.credit.messages));
    return parts.text();
  }
  std::string operator()(const core::Settle& settle) const {
    Parts parts;
    if (!settle.acks.empty()) parts.add("ack " + text_of_ranges(settle.acks));
    for (const core::Nack& nack : settle.nacks) {
      const std::string delay = nack.delay_ms < 0 ? "" : " delay " + text_of(std::chrono::milliseconds(nack.delay_ms));
      parts.add((nack.lease_ended ? "lease ended of " : "nack ") + std::to_string(nack.sequence) + delay);
    }
    for (const core::Reject& reject : settle.rejects) parts.add("reject " + std::to_string(reject.sequence));
    if (!settle.released.empty()) parts.add("release " + text_of_ranges(settle.released));
    if (!settle.received.empty()) parts.add("received " + text_of_ranges(settle.received));
    const bool is_news = names.learn_credit(settle);  // that it asks for nothing, or for something again
    if (shown.credit || is_news) parts.add("credit " + std::to_string(settle.credit.messages));
    return parts.text();
  }
  std::string operator()(const core::CatchUp& request) const {
    return "catch up, " + std::to_string(request.want) + " is missing";
  }
  std::string operator()(const core::Unsubscribe&) const { return "unsubscribe"; }
  std::string operator()(const core::Unknown&) const { return "this link is unknown"; }
  std::string operator()(const core::Refused& refused) const { return "refused: " + first_clause(refused.text); }
  std::string operator()(const core::Granted& granted) const {
    const std::string marker = granted.last_marker == 0 ? "" : ", last marker " + std::to_string(granted.last_marker);
    return "grant " + text_of(granted.grant.range) + marker;
  }
  std::string operator()(const core::Attached&) const { return "attached"; }
  std::string operator()(const core::Confirmed& confirmed) const {
    std::string text =
        "confirmed " + std::to_string(confirmed.to) + ", settled " + std::to_string(confirmed.settled_to);
    if (shown.credit) text += ", window " + std::to_string(confirmed.window);
    for (const core::Fate& fate : confirmed.fates) {
      text += fate.outcome == Outcome::dead      ? ", dead "
              : fate.outcome == Outcome::expired ? ", expired "
                                                 : ", dropped ";
      text += text_of(fate.range);
    }
    return confirmed.limit.empty() ? text : text + ", held back: " + first_clause(confirmed.limit);
  }
  std::string operator()(const core::Resend& resend) const { return "resend after " + std::to_string(resend.after); }
  std::string operator()(const core::Fenced& fenced) const { return "fenced: " + fenced.text; }
  std::string operator()(const core::LiveTarget& target) const {
    const bool is_news = names.learn_target(target);
    const std::string who = names.consumer(target.token);
    if (target.gone) return who + " is gone";
    if (!is_news && !shown.credit) return {};
    return who + (is_news ? " is live" : "") + ", may get " + std::to_string(target.limit_messages) + " in all";
  }
  std::string operator()(const core::Subscribed& subscribed) const {
    std::string text = "subscribed, floor " + std::to_string(subscribed.floor);
    if (subscribed.regressed_at != 0) text += ", regressed at " + std::to_string(subscribed.regressed_at);
    return text;
  }
  std::string operator()(const core::LiveSource&) const { return "listen to the producer"; }
  std::string operator()(const core::Published& told) const { return "published up to " + std::to_string(told.to); }
  std::string operator()(const core::RemoveSubscription& wish) const {
    return "remove the subscription " + wish.subscription;
  }
  std::string operator()(const core::Removed& told) const { return told.done ? "removed" : "not removed"; }
  std::string operator()(const core::ResetSubscription& wish) const {
    return "reset subscription " + wish.subscription + " to " + wish.start;
  }
  std::string operator()(const core::WasReset& told) const { return told.done ? "reset" : "not reset"; }
  std::string operator()(const core::SetStream& wish) const { return "set stream " + wish.stream; }
  std::string operator()(const core::StreamSet& told) const { return told.refusal.empty() ? "set" : "not set"; }
  std::string operator()(const core::ChangeDead& wish) const {
    constexpr const char* actions[] = {"try again", "drop", "replace"};
    return std::string(actions[static_cast<std::size_t>(wish.action)]) + " dead letters of " + wish.which.subscription;
  }
  std::string operator()(const core::DeadChanged& told) const {
    return told.refusal.empty() ? "dead letters changed: " + std::to_string(told.letters) : "not changed";
  }
  std::string operator()(const core::Grants& told) const {
    std::string text = "blocks";
    for (const core::Grant& grant : told.grants) text += " " + text_of(grant.range);
    return text;
  }
  std::string operator()(const core::Redelivery& redelivery) const {
    Parts parts;
    for (const core::Owed& owed : redelivery.owed) {
      parts.add(text_of(owed.range) + (owed.attempts == 0 ? "" : " after " + attempts(owed.attempts)));
    }
    return "redeliver " + parts.text();
  }
  std::string operator()(const core::Checkpoint& point) const {
    if (!shown.checkpoints) return {};
    return "checkpoint " + std::to_string(point.to) + ", settled on disk to " + std::to_string(point.floor);
  }
  std::string operator()(const core::TakenOver&) const { return "taken over"; }
  template <typename Other>
  std::string operator()(const Other&) const {
    return {};
  }
};

}  // namespace

std::string first_clause(const std::string& text) { return text.substr(0, text.find(';')); }

std::string text_of(core::Range range) {
  return range.first == range.last ? std::to_string(range.first)
                                   : std::to_string(range.first) + ".." + std::to_string(range.last);
}

std::string text_of(Duration duration) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + "s" : std::to_string(ms) + "ms";
}

std::string text_of(const core::ControlMessage& message, Names& names, const Shown& shown) {
  return std::visit(Teller{names, shown}, message);
}

std::string text_of_copy(const core::BatchHeader& header, const Names& names) {
  std::string text = "copy " + text_of(core::Range{header.first, header.last});
  if (!header.topic.empty()) text += " of " + std::string(header.topic);
  if (header.owner != 0) text += ", live at " + names.consumer(header.owner);
  return text;
}

std::string text_of(const core::Transaction& transaction, const core::StoreContents& contents) {
  const auto name_of = [&](core::SubscriptionId id) { return contents.subscriptions.at(id).name; };
  Parts parts;
  if (transaction.incarnation) parts.add("new incarnation");
  for (const auto& grant : transaction.grants) parts.add("grant " + text_of(grant.grant.range));
  for (const auto& subscription : transaction.subscriptions) parts.add("subscription " + subscription.name);
  for (const auto& row : transaction.rows) parts.add("row " + text_of(core::Range{row.first, row.last}));
  for (const auto& parked : transaction.parked) {
    parts.add("parked " + std::to_string(parked.sequence) + " after " + attempts(parked.attempts));
  }
  for (const auto& dead : transaction.dead) {
    parts.add("dead letter " + std::to_string(dead.sequence) + " after " + attempts(dead.attempts) + " (" +
              dead.reason + ")");
  }
  for (const auto& gone : transaction.unparked)
    parts.add("unparked " + std::to_string(gone.sequence));  // a range: its first
  for (const auto& cursor : transaction.cursors) {
    std::string text = "cursor of " + name_of(cursor.subscription) + " " + std::to_string(cursor.floor);
    for (const core::Range& range : cursor.settled) text += "+" + text_of(range);
    parts.add(text);
  }
  for (const auto& prune : transaction.prunes) parts.add("prune to " + std::to_string(prune.to));
  for (const auto& closed : transaction.closed_grants) parts.add("close block " + text_of(closed.grant.range));
  if (parts.empty()) parts.add("the stream's record");
  return "commit " + parts.text();
}

std::string text_of(const core::LoadReply& reply) {
  Parts parts;
  for (const auto& row : reply.rows) parts.add(text_of(core::Range{row.first, row.last}));
  return reply.rows.empty() ? "no more rows" : "read row " + parts.text();
}

}  // namespace restante::scenarios
