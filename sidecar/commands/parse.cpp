#include "sidecar/commands/parse.h"

#include "sidecar/commands/cli.h"
#include "sidecar/commands/parse_parts.h"

#ifndef RESTANTE_VERSION
#define RESTANTE_VERSION "0.1.0"
#endif

namespace restante::commands {

namespace {

struct Subcommand {
  const char* name;
  const char* summary;
  Command (*parse)(const Arguments&);
};
constexpr Subcommand subcommands[] = {
    {"up", "serve this machine: keep what its services send until it was acked", parse_up},
    {"send", "send each line of standard input as a message", parse_send},
    {"recv", "receive messages: print each, or run a command for it", parse_recv},
    {"pub", "publish each line of standard input under a topic", parse_pub},
    {"sub", "subscribe to topics: print each message, or run a command for it", parse_sub},
    {"replay", "read again what a stream still keeps, without moving anybody's cursor", parse_replay},
    {"status", "how the sidecar is", parse_status},
    {"streams", "everything about each stream, and how long it keeps what is done", parse_streams},
    {"subscriptions", "look at durable subscriptions, set, reset or remove one", parse_subscriptions},
    {"outcome", "where a message is: what became of it so far", parse_outcome},
    {"dead", "look at what could not be processed; try it again, mend, drop or export it", parse_dead},
};

std::string overview() {
  std::string text =
      "Messages between services that survive crashes, restarts and outages, without a broker.\n\n"
      "Usage: restante COMMAND [OPTIONS]\n\nCommands:\n";
  for (const Subcommand& subcommand : subcommands) {
    std::string name = subcommand.name;
    name.resize(15, ' ');
    text += "  " + name + subcommand.summary + "\n";
  }
  text +=
      "  help           this text, or the help of a command: `restante help send`\n\n"
      "Examples:\n"
      "  restante up &                             # once on each machine\n"
      "  restante recv orders                      # in one terminal\n"
      "  echo '42 apples' | restante send orders   # in another\n\n"
      "Every command takes --sidecar EP, --json, --insecure, --verbose and --help. Durations are written as 200ms,\n"
      "5s or 2h, sizes as 64MiB. Exit status 0: done; 1: not all done; 2: usage; 3: nobody there; 4: refused.\n";
  return text;
}

const Subcommand& find_subcommand(const std::string& name, const std::string& before = {}) {
  Arguments names{"help"};
  for (const Subcommand& subcommand : subcommands) {
    if (name == subcommand.name) return subcommand;
    names.emplace_back(subcommand.name);
  }
  const std::string order = before.starts_with('-') ? "options such as " + before + " stand behind the command, " : "";
  throw UsageError("unknown command '" + name + "': " + did_you_mean(name, names) + order + "see `restante help`");
}

Command parse_without_command(const Arguments& arguments) {
  for (const std::string& argument : arguments) {
    if (argument == "--help" || argument == "-h") return PrintCommand{overview()};
    if (argument == "--version") return PrintCommand{version_text()};
  }
  if (arguments.empty()) throw UsageError("no command was given: try `restante up`, or `restante help`");
  throw UsageError("no command beside '" + arguments.front() +
                   "': " + did_you_mean(arguments.front(), {"--help", "--version"}) + "see `restante help`");
}

}  // namespace

std::string take_command(Arguments& arguments) {
  std::size_t at = 0;
  while (at < arguments.size() && arguments[at].starts_with('-')) {
    at += arguments[at] == "--sidecar" ? 2U : 1U;
  }
  if (at >= arguments.size()) return "";
  std::string name = arguments[at];
  arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(at));
  return name;
}

std::string version_text() { return "restante " RESTANTE_VERSION "\n"; }

Command parse(const std::vector<std::string>& arguments) {
  Arguments rest = arguments;
  const std::string name = take_command(rest);
  if (name.empty()) return parse_without_command(rest);
  try {
    if (name != "help") return find_subcommand(name, arguments.front()).parse(rest);
    if (rest.empty() || rest.front().starts_with('-')) return PrintCommand{overview()};
    return find_subcommand(rest.front()).parse({"--help"});
  } catch (const HelpWanted& help) {
    return PrintCommand{help.text};
  }
}

}  // namespace restante::commands
