// The command lines that set something of a stream or of a subscription: `streams set` and `subscriptions set`.

#include "sidecar/commands/parse_parts.h"
#include "sidecar/commands/rule.h"
#include "sidecar/commands/values.h"

namespace restante::commands {

namespace {

void take(const Rule& rule, StreamsSetCommand& command) { take(rule, command.wish); }

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
      "How long a stream keeps messages that nobody is owed any more, for replays and resets (retain_…); how old\n"
      "messages get that nobody has in hand (expire…); how much may wait for each subscription that has no limit of\n"
      "its own, and what happens then (max_…, on_limit=refuse or drop_oldest); how fast that is handed out to each of\n"
      "them, a second (drain_…); and which stream goes first where several wait (priority, 0 to 9). What is set of "
      "one\n"
      "of these is all there is of it: what is not named of it is gone. A stream that is not there yet is made.\n"
      "A STREAM with * in it stands for all that are there and match.");
  grammar.examples(
      "  restante streams set weather retain_age=7d retain_octets=1GiB   # the tighter of the two\n"
      "  restante streams set orders retain_messages=10000\n"
      "  restante streams set weather retain=none\n"
      "  restante streams set offers expire_after=1h                     # then they are gone, and that is told\n"
      "  restante streams set orders expire_after=7d expired=dead        # then they are dead letters\n"
      "  restante streams set offers expire_after=none\n"
      "  restante streams set telemetry max_octets=200MiB on_limit=drop_oldest\n"
      "  restante streams set 'telemetry.*' drain_messages=500 priority=1");
  grammar.argument("STREAM", "name of the stream");
  grammar.arguments("RULE",
                    "retain_age=7d, retain_messages=1000, retain_octets=1GiB, retain=none, expire_after=1h, "
                    "expired=dead, max_messages=1000, max_octets=1GiB, on_limit=drop_oldest, limit=none, "
                    "drain_messages=500, drain_octets=1MiB, drain=none, priority=5");
  add_common(grammar);
  grammar.parse(arguments);
  StreamsSetCommand command;
  command.common = common_of(grammar);
  command.wish.stream = grammar.require("STREAM");
  take_rules(grammar, command, "retain_age=7d; see `restante streams set --help`");
  check_rules(command.wish);
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
