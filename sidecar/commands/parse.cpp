#include "sidecar/commands/parse.h"

#include <limits>
#include <type_traits>
#include <utility>

#include "sidecar/commands/cli.h"
#include "sidecar/commands/values.h"

#ifndef RESTANTE_VERSION
#define RESTANTE_VERSION "0.1.0"
#endif

namespace restante::commands {

namespace {

/// Sets `target` to what `parser` makes of the option's value, if it was given.
template <typename Target, typename Parser, typename... Bounds>
void assign(const Grammar& grammar, const std::string& option, Target& target, Parser parser, Bounds... bounds) {
  const auto text = grammar.get(option);
  if (!text) return;
  auto value = parser(option, *text, bounds...);
  if constexpr (std::is_integral_v<Target>) {
    target = static_cast<Target>(value);  // the bounds saw to it that it fits
  } else {
    target = std::move(value);
  }
}

void add_common(Grammar& grammar) {
  grammar.value("--sidecar", "EP", "endpoint of the sidecar; default: $RESTANTE_SIDECAR, else the runtime directory");
  grammar.flag("--json", "JSON instead of text for people");
  grammar.flag("--insecure", "allow endpoints that are not loopback, without encryption");
  grammar.flag("-v,--verbose", "notes and progress also where standard error is not a terminal");
}

Common common_of(const Grammar& grammar) {
  Common common;
  assign(grammar, "--sidecar", common.sidecar, parse_endpoint);
  common.json = grammar.has("--json");
  common.verbose = grammar.has("--verbose");
  common.insecure = grammar.has("--insecure");
  return common;
}

Command parse_up(const Arguments& arguments) {
  Grammar grammar("up", "[OPTIONS]", "Serves this machine's services: keeps what they send until it was acked.");
  grammar.examples(
      "  restante up\n"
      "  restante up --store /var/lib/restante --listen tcp://127.0.0.1:7010 --quota 2GiB\n\n"
      "Prints one line, `ready node=... store=... ipc=... listen=...` (listen=- is none), when it serves.\n"
      "SIGTERM and SIGINT end it with exit status 0; 4: refused to start; 75: the disk failed.");
  grammar.value("--store", "DIR", "where messages are kept; default: the state directory");
  grammar.value("--ipc", "EP", "endpoint for services of this machine (the same as --sidecar)");
  grammar.value("--listen", "EP", "endpoint for consumers elsewhere, as tcp://host:port; port 0 is any");
  grammar.value("--node", "NAME", "name of this node; default: the host's name");
  grammar.value("--store-delay", "D", "how long a fresh message waits for its ack before it is written; default 5ms");
  grammar.value("--quota", "SIZE", "how much disk the store may use; default 8GiB");
  grammar.value("--attempts-max", "N", "attempts before a message is a dead letter; default 16");
  grammar.value("--retry-initial", "D", "first wait after a nack, doubling from there; default 100ms");
  grammar.flag("--no-elision", "write every message, also those acked at once");
  add_common(grammar);
  grammar.parse(arguments);

  UpCommand up;
  up.common = common_of(grammar);
  grammar.exclude({"--ipc", "--sidecar"}, "both name the endpoint to serve at");
  assign(grammar, "--ipc", up.ipc, parse_endpoint);
  if (up.ipc.empty()) up.ipc = up.common.sidecar;
  if (!up.ipc.empty() && !up.ipc.starts_with("ipc://")) {
    throw UsageError("--ipc cannot be '" + up.ipc + "': it has to begin with ipc://; for tcp use --listen");
  }
  assign(grammar, "--listen", up.listen, parse_endpoint);
  up.store = grammar.get("--store").value_or("");
  up.node = grammar.get("--node").value_or("");
  if (grammar.has("--store") && up.store.empty()) throw UsageError("--store cannot be empty: name a directory");
  if (grammar.has("--node") && up.node.empty()) throw UsageError("--node cannot be empty: name the node");
  assign(grammar, "--store-delay", up.store_delay, parse_duration);
  assign(grammar, "--quota", up.quota, parse_size);
  assign(grammar, "--attempts-max", up.attempts_max, parse_count, 1U, std::numeric_limits<std::uint32_t>::max());
  assign(grammar, "--retry-initial", up.retry_initial, parse_positive_duration);
  up.elision = !grammar.has("--no-elision");
  return up;
}

Command parse_send(const Arguments& arguments) {
  Grammar grammar("send", "STREAM [OPTIONS]",
                  "Sends each line of standard input as a message, and ends when all are confirmed.");
  grammar.examples(
      "  echo '42 apples' | restante send orders\n"
      "  restante send orders --resume < orders.txt    # goes on where an earlier run was killed\n\n"
      "The last line on standard error is `accepted N confirmed N unconfirmed N`. Exit status 0: the whole\n"
      "input is confirmed; 1: not all of it; 2: usage; 3: no sidecar in time; 4: refused.");
  grammar.argument("STREAM", "name of the stream");
  grammar.value("--timeout", "D", "give up after this long; default: never");
  grammar.flag("--null", "messages end with a NUL, not with a newline");
  grammar.flag("--whole", "all of standard input is one message");
  grammar.flag("--resume", "skip what an earlier run with the same input had confirmed");
  grammar.value("--instance", "N", "write as STREAM@N, beside other writers of the stream");
  add_common(grammar);
  grammar.parse(arguments);

  SendCommand send;
  send.stream = grammar.require("STREAM");
  if (const auto at = send.stream.find('@'); at != std::string::npos) {
    throw UsageError("STREAM cannot be '" + send.stream + "': for an instance, give " + send.stream.substr(0, at) +
                     " and --instance " + send.stream.substr(at + 1));
  }
  send.common = common_of(grammar);
  grammar.exclude({"--null", "--whole"}, "they cut standard input in different ways");
  if (grammar.has("--null")) send.framing = Framing::nulls;
  if (grammar.has("--whole")) send.framing = Framing::whole;
  assign(grammar, "--timeout", send.timeout, parse_positive_duration);
  send.resume = grammar.has("--resume");
  assign(grammar, "--instance", send.instance, parse_count, 1U, std::numeric_limits<unsigned>::max());
  return send;
}

Command parse_recv(const Arguments& arguments) {
  Grammar grammar("recv", "STREAM [OPTIONS]",
                  "Takes part in a stream's work: writes each message to standard output, then acks it.");
  grammar.examples(
      "  restante recv orders\n"
      "  restante recv orders --from tcp://edge-7:7010 --count 100 --idle 5s\n"
      "  restante recv orders --exec './ship.sh'       # exit 0: ack, 75: later again, else: reject\n\n"
      "Exit status 0: done; 1: fewer than --count; 2: usage; 3: nobody there until --idle; 4: refused.");
  grammar.argument("STREAM", "name of the stream");
  grammar.value("--from", "EP ...", "a sidecar to collect from, once for each; default: this machine's");
  grammar.value("--count", "N", "end after N messages");
  grammar.value("--idle", "D", "end after this long without a message; default: never");
  grammar.flag("--null", "messages end with a NUL, not with a newline");
  grammar.value("--exec", "CMD", "run CMD by /bin/sh for each message, which is its standard input");
  grammar.value("--lease", "D", "how long a message may be in work before another gets it; default 30s");
  grammar.value("--live", "EP", "tcp://host:port where producers reach this consumer, or none; default: worked out");
  add_common(grammar);
  grammar.parse(arguments);

  RecvCommand recv;
  recv.stream = grammar.require("STREAM");
  recv.common = common_of(grammar);
  grammar.exclude({"--null", "--json", "--exec"}, "a message leaves in one way only");
  grammar.exclude({"--from", "--sidecar"}, "give every sidecar to collect from with --from");
  for (const std::string& endpoint : grammar.all("--from")) recv.from.push_back(parse_endpoint("--from", endpoint));
  if (grammar.has("--null")) recv.framing = Framing::nulls;
  recv.exec = grammar.get("--exec");
  if (recv.exec && recv.exec->empty()) throw UsageError("--exec cannot be empty: give it a command");
  assign(grammar, "--count", recv.count, parse_count, 1U, std::numeric_limits<std::uint64_t>::max());
  assign(grammar, "--idle", recv.idle, parse_positive_duration);
  assign(grammar, "--lease", recv.lease, parse_positive_duration);
  if (const auto live = grammar.get("--live")) recv.live = *live == "none" ? *live : parse_endpoint("--live", *live);
  return recv;
}

Command parse_status(const Arguments& arguments) {
  Grammar grammar("status", "[OPTIONS]", "Tells how this machine's sidecar is: its store, and each stream on a line.");
  grammar.examples("  restante status\n  restante status --json | jq .store");
  add_common(grammar);
  grammar.parse(arguments);
  return StatusCommand{common_of(grammar)};
}

Command parse_streams(const Arguments& arguments) {
  Grammar grammar("streams", "[STREAM] [OPTIONS]",
                  "Tells everything about each stream, or about one: its writer and its subscriptions.");
  grammar.examples("  restante streams\n  restante streams orders --json");
  grammar.argument("STREAM", "only this one");
  add_common(grammar);
  grammar.parse(arguments);
  return StreamsCommand{common_of(grammar), grammar.get("STREAM").value_or("")};
}

struct Subcommand {
  const char* name;
  const char* summary;
  Command (*parse)(const Arguments&);
};
constexpr Subcommand subcommands[] = {
    {"up", "serve this machine: keep what its services send until it was acked", parse_up},
    {"send", "send each line of standard input as a message", parse_send},
    {"recv", "receive messages: print each, or run a command for it", parse_recv},
    {"status", "how the sidecar is", parse_status},
    {"streams", "everything about each stream", parse_streams},
};

std::string overview() {
  std::string text =
      "Messages between services that survive crashes, restarts and outages, without a broker.\n\n"
      "Usage: restante COMMAND [OPTIONS]\n\nCommands:\n";
  for (const Subcommand& subcommand : subcommands) {
    std::string name = subcommand.name;
    name.resize(10, ' ');
    text += "  " + name + subcommand.summary + "\n";
  }
  text +=
      "  help      this text, or the help of a command: `restante help send`\n\n"
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

/// Moves the options in front of the command's name behind it, where they are understood as its own.
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
