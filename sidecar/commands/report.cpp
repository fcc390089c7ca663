#include "sidecar/commands/report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "sidecar/commands/table.h"
#include "sidecar/store/row_names.h"
#include "sidecar/text.h"

namespace restante::commands {

namespace {

using sidecar::grouped;
using sidecar::human_age;
using sidecar::human_size;
using sidecar::to_hex;

/// "97.2 % of 1,204,331 messages"
std::string share(std::uint64_t part, std::uint64_t whole) {
  std::array<char, 16> percent{};
  const double number = whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
  std::snprintf(percent.data(), percent.size(), "%.1f %%", number);
  return std::string(percent.data()) + " of " + grouped(whole) + " messages";
}

std::string state_of(const core::SubscriptionStatus& subscription) {
  if (subscription.live) return "live";
  return "catching up" + (subscription.why.empty() ? "" : ": " + subscription.why);
}

std::string age_of(std::int64_t milliseconds) { return milliseconds <= 0 ? "-" : human_age(milliseconds); }

std::string backlog_of(std::uint64_t messages, std::uint64_t octets) {
  return grouped(messages) + (messages == 0 ? "" : " (" + human_size(octets) + ")");
}

/// A stream keeps what its slowest subscription still needs: that one's figures stand for the stream.
Row stream_row(const core::StreamStatus& stream) {
  std::uint64_t messages = 0;
  std::uint64_t octets = 0;
  std::int64_t age = 0;
  std::uint64_t in_flight = 0;
  std::string state = "no subscription";
  bool live = true;
  for (const core::SubscriptionStatus& subscription : stream.subscriptions) {
    messages = std::max(messages, subscription.backlog_messages);
    octets = std::max(octets, subscription.backlog_octets);
    age = std::max(age, subscription.oldest_age_ms);
    in_flight += subscription.in_flight;
    if (live) state = state_of(subscription);
    live = live && subscription.live;
  }
  return {stream.name,
          grouped(stream.head),
          grouped(stream.confirmed_to),
          backlog_of(messages, octets),
          age_of(age),
          grouped(in_flight),
          state};
}

std::string mode_of(const core::SubscriptionStatus& subscription) { return sidecar::name_of(subscription.mode); }

std::string limit_of(const BacklogLimit& limit) {
  std::string text;
  if (limit.messages > 0) text = grouped(limit.messages) + " messages";
  if (limit.octets > 0) text += (text.empty() ? "" : ", ") + human_size(limit.octets);
  if (text.empty()) return "none";
  return text + (limit.then == OnLimit::refuse ? ", then the publisher waits" : "");
}

std::string policy_text(const core::RetryPolicy& policy) {
  const auto ms = [](Duration wait) { return std::chrono::duration_cast<std::chrono::milliseconds>(wait).count(); };
  const std::string most = policy.attempts_max == 0 ? "for ever" : "up to " + grouped(policy.attempts_max) + " times";
  return "tries " + most + ", again after " + age_of(ms(policy.initial)) + " to " + age_of(ms(policy.max));
}

std::string subscription_text(const core::SubscriptionStatus& subscription) {
  std::string text =
      "  subscription " + subscription.name + " (" + mode_of(subscription) + ")  " + state_of(subscription) + "\n";
  text += "    cursor " + grouped(subscription.floor) + "  backlog " +
          backlog_of(subscription.backlog_messages, subscription.backlog_octets) + "  oldest " +
          age_of(subscription.oldest_age_ms) + "  in flight " + grouped(subscription.in_flight) + "  sessions " +
          grouped(subscription.sessions) + "\n";
  text += "    acked " + grouped(subscription.acked) + "  redelivered " + grouped(subscription.redelivered) +
          "  attempts " + grouped(subscription.attempts) + "  waiting " +
          grouped(subscription.loose + subscription.parked) + "  dead letters " + grouped(subscription.dead) + "\n";
  text += "    " + policy_text(subscription.retry) + (subscription.expired == 0 ? "" : "; expired ") +
          (subscription.expired == 0 ? "" : grouped(subscription.expired)) + "\n";
  if (subscription.limit == BacklogLimit{} && subscription.cut + subscription.gaps == 0) return text;
  return text + "    limit " + limit_of(subscription.limit) + "  cut " + grouped(subscription.cut) +
         "  gaps to be told " + grouped(subscription.gaps) + "\n";
}

}  // namespace

std::string render_status(const core::NodeStatus& status) {
  std::uint64_t stored = 0;
  std::uint64_t elided = 0;
  std::vector<Row> rows{{"STREAM", "HEAD", "CONFIRMED", "BACKLOG", "OLDEST", "IN FLIGHT", "STATE"}};
  for (const core::StreamStatus& stream : status.streams) {
    stored += stream.stored;
    elided += stream.elided;
    rows.push_back(stream_row(stream));
  }
  std::string text = "node " + status.node + "  incarnation " + to_hex(status.incarnation[0]) +
                     to_hex(status.incarnation[1]) + "  links " + grouped(status.links) + "\n";
  text += "store " + human_size(status.store.used) + " of " + human_size(status.store.quota) +
          (status.store.full ? " FULL" : "") + "  written " + human_size(status.store.octets_written) + "  commits " +
          grouped(status.commits) + "  elided " + share(elided, stored + elided) + "\n";
  for (const auto& [reason, count] : status.counters) {
    if (count > 0) text += "refused or ignored: " + reason + " " + grouped(count) + "\n";
  }
  if (status.streams.empty()) return text + "no streams yet: `restante send STREAM` makes one\n";
  return text + "\n" + Table({false, true, true, true, true, true, false}).text(rows);
}

std::string render_stream(const core::StreamStatus& stream) {
  std::string text = "stream " + stream.name + (stream.kind == core::StreamKind::kept ? "" : " (live only)") + "\n";
  text += "  head " + grouped(stream.head) + "  confirmed " + grouped(stream.confirmed_to) + "  on disk " +
          human_size(stream.row_octets) + " in " + grouped(stream.rows) + " batches\n";
  text += "  copied " + grouped(stream.copied) + "  stored " + grouped(stream.stored) + "  elided " +
          share(stream.elided, stream.stored + stream.elided) + "\n";
  text += "  keeps " + retention_text(stream.retention) + " of what is done";
  if (stream.retention.any()) {
    text += ": in all " + grouped(stream.kept_messages) + " messages (" + human_size(stream.kept_octets) + ")";
  }
  if (stream.expiry != core::Expiry{}) text += "; " + expiry_text(stream.expiry);
  if (stream.limit != BacklogLimit{}) text += "; limit of each subscription " + limit_of(stream.limit);
  if (stream.drain.any()) text += "; " + drain_text(stream.drain);
  if (stream.priority > 0) text += "; priority " + std::to_string(stream.priority);
  text += "\n  writer " + (stream.writer.empty() ? "nobody" : stream.writer);
  if (stream.listeners > 0) text += ", live subscribers " + std::to_string(stream.listeners);
  text += "\n";
  for (const core::SubscriptionStatus& subscription : stream.subscriptions) text += subscription_text(subscription);
  return text;
}

std::string render_subscriptions(const std::vector<core::StreamStatus>& streams) {
  std::vector<Row> rows{{"STREAM", "NAME", "MODE", "BACKLOG", "OLDEST", "SESSIONS", "LIMIT", "STATE"}};
  for (const core::StreamStatus& stream : streams) {
    for (const core::SubscriptionStatus& one : stream.subscriptions) {
      rows.push_back({stream.name, one.name, mode_of(one), backlog_of(one.backlog_messages, one.backlog_octets),
                      age_of(one.oldest_age_ms), grouped(one.sessions), limit_of(one.limit), state_of(one)});
    }
  }
  if (rows.size() == 1) return {};
  return Table({false, false, false, true, true, true, false, false}).text(rows);
}

std::string render_subscription(const core::SubscriptionStatus& subscription) {
  return subscription_text(subscription);
}

std::string reset_text(const core::WasReset& told) {
  std::string text = "it begins with sequence " + grouped(told.from + 1) + ", and " + grouped(told.messages) +
                     (told.messages == 1 ? " message (" : " messages (") + human_size(told.octets) +
                     ") at most wait for it then";
  if (told.gone_to != 0) text += "; what was before " + grouped(told.gone_to + 1) + " is not kept any more";
  if (told.sessions > 0) text += "; its " + grouped(told.sessions) + " consumers have to be started again";
  return text;
}

std::string retention_text(const core::Retention& retention) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (retention.age_ms != 0) add(age_of(retention.age_ms));
  if (retention.messages != 0) add("the last " + grouped(retention.messages) + " messages");
  if (retention.octets != 0) add("the last " + human_size(retention.octets));
  return text.empty() ? "nothing" : text;
}

std::string expiry_text(const core::Expiry& expiry) {
  const std::string then = expiry.dead ? "then they are dead letters" : "then they are gone";
  if (expiry.after_ms == 0)
    return expiry.dead ? "its messages expire if they say so, " + then : "its messages do not expire";
  return "its messages expire after " + age_of(expiry.after_ms) + ", " + then;
}

std::string drain_text(const DrainRate& drain) {
  std::string text;
  if (drain.messages > 0) text = grouped(drain.messages) + " messages";
  if (drain.octets > 0) text += (text.empty() ? "" : " or ") + human_size(drain.octets);
  return text.empty() ? "hands out what waits as fast as it is taken" : "hands out what waits at " + text + " a second";
}

std::string rules_text(const core::StreamSet& rules) {
  std::string text = "keeps " + retention_text(rules.retention) + " of what is done; " + expiry_text(rules.expiry);
  if (rules.limit != BacklogLimit{}) text += "; limit of each subscription " + limit_of(rules.limit);
  if (rules.drain.any()) text += "; " + drain_text(rules.drain);
  if (rules.priority > 0) text += "; priority " + std::to_string(rules.priority);
  return text;
}

std::string retry_text(const RetryRule& rule) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (rule.attempts_max == 0) add("tries for ever");
  if (rule.attempts_max > 0) add("tries up to " + grouped(static_cast<std::uint64_t>(rule.attempts_max)) + " times");
  if (rule.initial_ms >= 0) add("first wait " + age_of(rule.initial_ms));
  if (rule.factor_percent >= 0) add("each wait " + std::to_string(rule.factor_percent) + " % of the one before");
  if (rule.max_ms >= 0) add("longest wait " + age_of(rule.max_ms));
  return text.empty() ? "tries again as the node does" : text;
}

std::string limit_text(const BacklogLimit& limit) { return limit_of(limit); }

std::string removal_text(const core::Removed& removed) {
  const auto messages = [](std::uint64_t count, std::uint64_t octets) {
    return grouped(count) + (count == 1 ? " message" : " messages") +
           (count == 0 ? "" : " (" + human_size(octets) + ")");
  };
  return messages(removed.messages, removed.octets) + " waited for it, " +
         messages(removed.freed_messages, removed.freed_octets) + " of them for nobody else";
}

}  // namespace restante::commands
