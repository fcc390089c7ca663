// The command lines that deal with dead letters.

#include <algorithm>

#include "sidecar/commands/parse_parts.h"
#include "sidecar/commands/values.h"

namespace restante::commands {

namespace {

using Action = DeadCommand::Action;

const std::string prefix_help = "STREAM, STREAM/SUBSCRIPTION or STREAM/SUBSCRIPTION/SEQUENCE";
const std::string statuses =
    "\n\nExit status 0: done; 1: not there, not all of them, or not wanted after all; 2: usage; 3: nobody there;\n"
    "4: refused.";

bool covers(const core::DeadSelection& wide, const core::DeadSelection& narrow) {
  if (wide.stream != narrow.stream) return false;
  if (!wide.subscription.empty() && wide.subscription != narrow.subscription) return false;
  return wide.sequences.empty() || wide.sequences == narrow.sequences;
}

/// What was named, each letter once.
std::vector<core::DeadSelection> chosen(const Grammar& grammar) {
  std::vector<core::DeadSelection> chosen;
  for (const std::string& text : grammar.all("ID")) {
    const core::DeadSelection next = parse_letters("ID", text);
    const auto has = [&](const core::DeadSelection& one) { return covers(one, next); };
    if (std::any_of(chosen.begin(), chosen.end(), has)) continue;
    std::erase_if(chosen, [&](const core::DeadSelection& one) { return covers(next, one); });
    chosen.push_back(next);
  }
  return chosen;
}

void add_choice(Grammar& grammar, const std::string& without) {
  grammar.arguments("ID", prefix_help + without);
  grammar.value("--reason", "TEXT", "only those whose reason has TEXT in it");
  grammar.value("--older", "D", "only those that were buried longer ago");
  grammar.value("--newer", "D", "only those that were buried less long ago");
}

void take_choice(const Grammar& grammar, LetterChoice& choice) {
  choice.which = chosen(grammar);
  choice.reason = grammar.get("--reason").value_or("");
  assign(grammar, "--older", choice.older, parse_positive_duration);
  assign(grammar, "--newer", choice.newer, parse_positive_duration);
}

/// What would be a slip of the finger without: nothing named stands for nothing.
void require_choice(const Grammar& grammar, const LetterChoice& choice, const std::string& verb) {
  grammar.exclude({"ID", "--all"}, "all of them are those too");
  if (!choice.which.empty() || grammar.has("--all")) return;
  throw UsageError("dead " + verb +
                   " needs to know which: ids or the beginning of ids, such as orders/workers/1042 or " +
                   "orders, or --all; `restante dead list` tells of those there are");
}

Command parse_list(const Arguments& arguments) {
  Grammar grammar("dead list", "[ID]... [OPTIONS]",
                  "The messages that could not be processed, or those of them whose id begins as given.");
  grammar.examples(
      "  restante dead list\n  restante dead list orders --newer 2h --reason 'exit status'\n"
      "  restante dead list orders/workers --json");
  add_choice(grammar, "; default: all");
  add_common(grammar);
  grammar.parse(arguments);
  DeadCommand command;
  command.common = common_of(grammar);
  take_choice(grammar, command.choice);
  return command;
}

Command parse_change(const Arguments& arguments, Action action) {
  const bool drops = action == Action::drop;
  const std::string verb = drops ? "drop" : "retry";
  Grammar grammar("dead " + verb, "ID... | --all [OPTIONS]",
                  drops ? "Deletes dead letters for good. `restante dead export` writes them out before."
                        : "Has dead letters delivered again, each with the id that it had, and no attempt counted.");
  grammar.examples("  restante dead " + verb + " orders/workers/1042" + (drops ? " --yes\n" : "\n") +
                   "  restante dead " + verb + " orders --newer 2h --dry-run   # which it would be\n  restante dead " +
                   verb + " --all --yes" + statuses);
  add_choice(grammar, "");
  grammar.flag("--all", "all that the node has");
  grammar.flag("--dry-run", "only say which it would be");
  grammar.flag("--yes", drops ? "do not ask; needed where standard input is no terminal"
                              : "do not ask; needed where standard input is no terminal, but for whole ids");
  add_common(grammar);
  grammar.parse(arguments);
  grammar.exclude({"--dry-run", "--yes"}, "a dry run changes nothing");
  DeadCommand command;
  command.common = common_of(grammar);
  command.action = action;
  take_choice(grammar, command.choice);
  require_choice(grammar, command.choice, verb);
  command.dry_run = grammar.has("--dry-run");
  command.yes = grammar.has("--yes");
  return command;
}

Command parse_retry(const Arguments& arguments) { return parse_change(arguments, Action::retry); }
Command parse_drop(const Arguments& arguments) { return parse_change(arguments, Action::drop); }

Command parse_export(const Arguments& arguments) {
  Grammar grammar("dead export", "ID... | --all [OPTIONS]",
                  "Writes dead letters out whole: an object a line on standard output, with the payload in base64; or\n"
                  "into a directory, two files each.");
  grammar.examples("  restante dead export orders > letters.ndjson\n  restante dead export --all --to ./letters" +
                   statuses);
  add_choice(grammar, "");
  grammar.flag("--all", "all that the node has");
  grammar.value("--to", "DIRECTORY", "there, as STREAM/SUBSCRIPTION/SEQUENCE.payload and .json; made if it is missing");
  add_common(grammar);
  grammar.parse(arguments);
  DeadCommand command;
  command.common = common_of(grammar);
  command.action = Action::save;
  take_choice(grammar, command.choice);
  require_choice(grammar, command.choice, "export");
  command.to = grammar.get("--to").value_or("");
  if (grammar.has("--to") && command.to.empty()) throw UsageError("--to cannot be empty: name a directory");
  return command;
}

Command parse_show(const Arguments& arguments) {
  Grammar grammar("dead show", "ID [OPTIONS]",
                  "Everything about one dead letter: its attempts, its attributes, its payload.");
  grammar.examples(
      "  restante dead show orders/workers/1042\n"
      "  restante dead show orders/workers/1042 --payload > order");
  grammar.argument("ID", "STREAM/SUBSCRIPTION/SEQUENCE");
  grammar.flag("--payload", "the octets of its payload, and nothing else");
  add_common(grammar);
  grammar.parse(arguments);
  grammar.exclude({"--payload", "--json"}, "a payload leaves in one way only");
  DeadShowCommand command;
  command.common = common_of(grammar);
  command.which = parse_letter("ID", grammar.require("ID"));
  command.payload = grammar.has("--payload");
  return command;
}

std::pair<std::string, std::string> parse_header(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos || equals == 0) {
    throw UsageError("--set cannot be '" + text + "': it is NAME=VALUE, or NAME= for a message without it");
  }
  std::pair<std::string, std::string> header{text.substr(0, equals), text.substr(equals + 1)};
  if (header.first == "marker" || header.first == edited_from_header) {
    throw UsageError("--set cannot change " + header.first + ": " +
                     (header.first == "marker" ? "it is the sender's own count" : "it is set by the edit"));
  }
  return header;
}

Command parse_edit(const Arguments& arguments) {
  Grammar grammar("dead edit", "ID [OPTIONS]",
                  "Puts another message in the place of a dead letter: with another id, and the old one in its header\n"
                  "restante-edited-from. Without options the payload is opened in $VISUAL or $EDITOR.");
  grammar.examples(
      "  restante dead edit orders/workers/1042\n"
      "  echo '42 apples' | restante dead edit orders/workers/1042 --from -\n"
      "  restante dead edit prices/ledger/7 --topic north/oslo --set content-type=text/plain" +
      statuses);
  grammar.argument("ID", "STREAM/SUBSCRIPTION/SEQUENCE");
  grammar.value("--from", "FILE", "the new payload; - is standard input");
  grammar.flag("--whole", "with its last newline, also if the old payload had none at its end");
  grammar.value("--topic", "TOPIC", "another topic");
  grammar.value("--set", "NAME=VALUE ...",
                "a header, or content-type, correlation-id, traceparent, key; NAME= takes it away");
  add_common(grammar);
  grammar.parse(arguments);
  DeadEditCommand command;
  command.common = common_of(grammar);
  command.which = parse_letter("ID", grammar.require("ID"));
  command.from = grammar.get("--from");
  command.whole = grammar.has("--whole");
  if (const auto topic = grammar.get("--topic")) command.topic = parse_topic("--topic", *topic);
  for (const std::string& text : grammar.all("--set")) command.set.push_back(parse_header(text));
  return command;
}

Command parse_action(const Arguments& arguments) {
  Grammar grammar("dead", "list|show|retry|edit|drop|export [OPTIONS]",
                  "Looks at messages that could not be processed, and has something done with them.");
  grammar.examples(
      "  restante dead list [ID]...\n"
      "  restante dead show ID [--payload]\n"
      "  restante dead retry ID... | --all [--dry-run] [--yes]\n"
      "  restante dead edit ID [--from FILE] [--topic TOPIC] [--set NAME=VALUE]...\n"
      "  restante dead drop ID... | --all [--dry-run] [--yes]\n"
      "  restante dead export ID... | --all [--to DIRECTORY]\n\n"
      "An ID is STREAM/SUBSCRIPTION/SEQUENCE; the beginning of one stands for all that begin so.");
  add_common(grammar);
  grammar.parse(arguments);
  throw UsageError("say what to do: list, show, retry, edit, drop or export; see `restante dead --help`");
}

struct Verb {
  const char* name;
  Command (*parse)(const Arguments&);
};
constexpr Verb verbs[] = {{"list", parse_list}, {"show", parse_show}, {"retry", parse_retry},
                          {"edit", parse_edit}, {"drop", parse_drop}, {"export", parse_export}};

}  // namespace

Command parse_dead(const Arguments& arguments) {
  Arguments rest = arguments;
  const std::string action = take_command(rest);
  if (action.empty()) return parse_action(rest);
  Arguments names;
  for (const Verb& verb : verbs) {
    if (action == verb.name) return verb.parse(rest);
    names.emplace_back(verb.name);
  }
  throw UsageError("dead cannot '" + action + "': " + did_you_mean(action, names) + "see `restante dead --help`");
}

}  // namespace restante::commands
