// The command lines that set something of a stream or of a subscription: `streams set` and `subscriptions set`.

#include <chrono>
#include <limits>

#include "sidecar/commands/parse_parts.h"
#include "sidecar/commands/values.h"

namespace restante::commands {

namespace {

/// One `key=value`.
struct Rule {
  explicit Rule(const std::string& text) {
    const std::size_t equals = text.find('=');
    key = text.substr(0, equals);
    value = equals == std::string::npos ? "" : text.substr(equals + 1);
  }
  [[nodiscard]] std::int64_t wait_ms() const {
    return std::chrono::ceil<std::chrono::milliseconds>(parse_positive_duration(key, value)).count();
  }
  [[nodiscard]] std::uint64_t count() const {
    return parse_count(key, value, 1, std::numeric_limits<std::int64_t>::max());
  }
  [[nodiscard]] std::int64_t attempts() const {
    if (value == "never") return 0;
    return static_cast<std::int64_t>(parse_count(key, value, 1, limits::attempts_set_max));
  }
  /// Which of two words it is.
  [[nodiscard]] bool is_first_of(const std::string& first, const std::string& second) const {
    if (value == first || value == second) return value == first;
    throw UsageError(key + " cannot be '" + value + "': it is " + first + " or " + second);
  }
  std::string key, value;
};

[[noreturn]] void refuse(const Rule& rule, const std::string& what, const Arguments& keys) {
  std::string known;
  for (const std::string& key : keys) known += (known.empty() ? "" : ", ") + key;
  throw UsageError("'" + rule.key + "' is no rule of " + what + ": " + did_you_mean(rule.key, keys) + "there are " +
                   known);
}

void take(const Rule& rule, StreamsSetCommand& command) {
  auto& retention = command.retention;
  auto& expiry = command.expiry;
  if (rule.key == "retain" && rule.value == "none") retention.emplace();
  else if (rule.key == "retain_age") (retention ? *retention : retention.emplace()).age_ms = rule.wait_ms();
  else if (rule.key == "retain_messages") (retention ? *retention : retention.emplace()).messages = rule.count();
  else if (rule.key == "retain_octets")
    (retention ? *retention : retention.emplace()).octets = parse_size(rule.key, rule.value);
  else if (rule.key == "expire_after")
    (expiry ? *expiry : expiry.emplace()).after_ms = rule.value == "none" ? 0 : rule.wait_ms();
  else if (rule.key == "expired") (expiry ? *expiry : expiry.emplace()).dead = rule.is_first_of("dead", "gone");
  else
    refuse(rule, "a stream", {"retain_age", "retain_messages", "retain_octets", "retain", "expire_after", "expired"});
}

void take(const Rule& rule, SubscriptionsSetCommand& command) {
  auto& retry = command.retry;
  auto& limit = command.limit;
  if (rule.key == "retry" && rule.value == "node") retry.emplace();
  else if (rule.key == "retry_initial") (retry ? *retry : retry.emplace()).initial_ms = rule.wait_ms();
  else if (rule.key == "retry_max") (retry ? *retry : retry.emplace()).max_ms = rule.wait_ms();
  else if (rule.key == "retry_factor")
    (retry ? *retry : retry.emplace()).factor_percent = parse_percent(rule.key, rule.value);
  else if (rule.key == "attempts_max") (retry ? *retry : retry.emplace()).attempts_max = rule.attempts();
  else if (rule.key == "limit" && rule.value == "none") limit.emplace();
  else if (rule.key == "max_messages") (limit ? *limit : limit.emplace()).messages = rule.count();
  else if (rule.key == "max_octets") (limit ? *limit : limit.emplace()).octets = parse_size(rule.key, rule.value);
  else if (rule.key == "on_limit")
    (limit ? *limit : limit.emplace()).then = rule.is_first_of("cut", "refuse") ? OnLimit::cut : OnLimit::refuse;
  else
    refuse(rule, "a subscription",
           {"retry_initial", "retry_factor", "retry_max", "attempts_max", "retry", "max_messages", "max_octets",
            "on_limit", "limit"});
}

template <typename SetCommand>
void take_rules(const Grammar& grammar, SetCommand& command, const std::string& example) {
  const Arguments rules = grammar.all("RULE");
  if (rules.empty()) throw UsageError("say what to set, such as " + example);
  for (const std::string& rule : rules) take(Rule(rule), command);
}

}  // namespace

Command parse_streams_set(const Arguments& arguments) {
  Grammar grammar(
      "streams set", "STREAM KEY=VALUE... [OPTIONS]",
      "How long a stream keeps messages that nobody is owed any more, for replays and resets; and how old messages\n"
      "get that nobody has in hand. What is set of either is all there is of it: bounds that are not named are gone.\n"
      "A stream that is not there yet is made.");
  grammar.examples(
      "  restante streams set weather retain_age=7d retain_octets=1GiB   # the tighter of the two\n"
      "  restante streams set orders retain_messages=10000\n"
      "  restante streams set weather retain=none\n"
      "  restante streams set offers expire_after=1h                     # then they are gone, and that is told\n"
      "  restante streams set orders expire_after=7d expired=dead        # then they are dead letters\n"
      "  restante streams set offers expire_after=none");
  grammar.argument("STREAM", "name of the stream");
  grammar.arguments("RULE",
                    "retain_age=7d, retain_messages=1000, retain_octets=1GiB, retain=none, expire_after=1h, "
                    "expired=dead");
  add_common(grammar);
  grammar.parse(arguments);
  StreamsSetCommand command;
  command.common = common_of(grammar);
  command.stream = grammar.require("STREAM");
  take_rules(grammar, command, "retain_age=7d; see `restante streams set --help`");
  return command;
}

Command parse_subscriptions_set(const Arguments& arguments) {
  Grammar grammar(
      "subscriptions set", "STREAM NAME KEY=VALUE... [OPTIONS]",
      "How a subscription tries again what was not acked, and how much may wait for it. What is set of either is all\n"
      "there is of it: what is not named is as the node has it, or without a limit. `workers` is a pipeline's.");
  grammar.examples(
      "  restante subscriptions set orders workers attempts_max=5 retry_initial=1s retry_max=5m retry_factor=3\n"
      "  restante subscriptions set orders workers attempts_max=never\n"
      "  restante subscriptions set orders workers retry=node            # as `restante up` says\n"
      "  restante subscriptions set weather screen max_messages=10000 on_limit=cut\n"
      "  restante subscriptions set weather screen limit=none");
  grammar.argument("STREAM", "name of the stream");
  grammar.argument("NAME", "name of the subscription");
  grammar.arguments("RULE",
                    "attempts_max=5, retry_initial=1s, retry_factor=2, retry_max=5m, retry=node, "
                    "max_messages=1000, max_octets=1GiB, on_limit=refuse, limit=none");
  add_common(grammar);
  grammar.parse(arguments);
  SubscriptionsSetCommand command;
  command.common = common_of(grammar);
  command.stream = grammar.require("STREAM");
  command.name = grammar.require("NAME");
  take_rules(grammar, command, "attempts_max=5; see `restante subscriptions set --help`");
  return command;
}

}  // namespace restante::commands
