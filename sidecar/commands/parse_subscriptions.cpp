// The command lines that look at durable subscriptions and remove them.

#include "sidecar/commands/parse_parts.h"
#include "sidecar/commands/values.h"

namespace restante::commands {

namespace {

using Action = SubscriptionsCommand::Action;

Command parse_list(const Arguments& arguments) {
  Grammar grammar("subscriptions list", "[STREAM] [OPTIONS]", "The durable subscriptions of all streams, or of one.");
  grammar.examples("  restante subscriptions list\n  restante subscriptions list weather --json");
  grammar.argument("STREAM", "name of the stream; default: all");
  add_common(grammar);
  grammar.parse(arguments);
  SubscriptionsCommand command;
  command.common = common_of(grammar);
  command.stream = grammar.get("STREAM").value_or("");
  return command;
}

void add_names(Grammar& grammar) {
  grammar.argument("STREAM", "name of the stream");
  grammar.argument("NAME", "name of the subscription");
}

SubscriptionsCommand named(const Grammar& grammar, Action action) {
  SubscriptionsCommand command;
  command.action = action;
  command.stream = grammar.require("STREAM");
  command.name = grammar.require("NAME");
  command.common = common_of(grammar);
  return command;
}

Command parse_show(const Arguments& arguments) {
  Grammar grammar("subscriptions show", "STREAM NAME [OPTIONS]", "Everything about one durable subscription.");
  grammar.examples("  restante subscriptions show weather screen");
  add_names(grammar);
  add_common(grammar);
  grammar.parse(arguments);
  return named(grammar, Action::show);
}

/// A change that nobody makes by mistake. `what` would happen: "go".
SubscriptionsCommand parse_change(Grammar& grammar, const Arguments& arguments, Action action,
                                  const std::string& what) {
  grammar.flag("--dry-run", "only say what would " + what);
  grammar.flag("--yes", "do not ask; needed where standard input is no terminal");
  grammar.flag("--force", "also while a consumer is there, which then ends");
  add_common(grammar);
  grammar.parse(arguments);
  grammar.exclude({"--dry-run", "--yes"}, "a dry run changes nothing");
  SubscriptionsCommand command = named(grammar, action);
  command.dry_run = grammar.has("--dry-run");
  command.yes = grammar.has("--yes");
  command.force = grammar.has("--force");
  return command;
}

Command parse_remove(const Arguments& arguments) {
  Grammar grammar("subscriptions remove", "STREAM NAME [OPTIONS]",
                  "Removes a durable subscription, with all that is kept for nobody else. Its dead letters stay.");
  grammar.examples(
      "  restante subscriptions remove weather screen --dry-run   # what would go\n"
      "  restante subscriptions remove weather screen --yes\n\n"
      "Exit status 0: done; 1: not there, or not wanted after all; 2: usage; 3: nobody there; 4: refused.");
  add_names(grammar);
  return parse_change(grammar, arguments, Action::remove, "go");
}

Command parse_reset(const Arguments& arguments) {
  Grammar grammar(
      "subscriptions reset", "STREAM NAME --start WHERE [OPTIONS]",
      "Has a subscription begin again, so that what was done wrongly is done again; or skips what waits. `workers` is\n"
      "the one of a pipeline.");
  grammar.examples(
      "  restante subscriptions reset weather screen --start 2h --dry-run   # what would come again\n"
      "  restante subscriptions reset orders workers --start 1042 --yes\n\n"
      "Exit status 0: done; 1: not there, or not wanted after all; 2: usage; 3: nobody there; 4: refused.");
  add_names(grammar);
  grammar.value("--start", "WHERE", "new, beginning, a sequence, 2026-11-27T15:00:00Z, or 2h for two hours ago");
  SubscriptionsCommand command = parse_change(grammar, arguments, Action::reset, "come again");
  command.start = parse_where("--start", grammar.require("--start"));
  return command;
}

Command parse_action(const Arguments& arguments) {
  Grammar grammar("subscriptions", "list|show|set|reset|remove [OPTIONS]",
                  "Looks at durable subscriptions, sets how one tries again, has one begin again, or removes one.");
  grammar.examples(
      "  restante subscriptions list [STREAM]\n"
      "  restante subscriptions show STREAM NAME\n"
      "  restante subscriptions set STREAM NAME KEY=VALUE...\n"
      "  restante subscriptions reset STREAM NAME --start WHERE [--dry-run] [--yes] [--force]\n"
      "  restante subscriptions remove STREAM NAME [--dry-run] [--yes] [--force]");
  add_common(grammar);
  grammar.parse(arguments);
  throw UsageError("say what to do: list, show, set, reset or remove; " +
                   std::string("see `restante subscriptions --help`"));
}

}  // namespace

Command parse_subscriptions(const Arguments& arguments) {
  Arguments rest = arguments;
  const std::string action = take_command(rest);
  if (action.empty()) return parse_action(rest);
  if (action == "list") return parse_list(rest);
  if (action == "show") return parse_show(rest);
  if (action == "set") return parse_subscriptions_set(rest);
  if (action == "remove") return parse_remove(rest);
  if (action == "reset") return parse_reset(rest);
  throw UsageError("subscriptions cannot '" + action +
                   "': " + did_you_mean(action, {"list", "show", "set", "reset", "remove"}) +
                   "see `restante subscriptions --help`");
}

}  // namespace restante::commands
