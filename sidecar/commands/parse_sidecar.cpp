// The command lines of the sidecar itself, and of those who ask how it is.

#include <algorithm>
#include <chrono>
#include <limits>

#include "sidecar/commands/parse_parts.h"
#include "sidecar/commands/values.h"

namespace restante::commands {

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

Command parse_status(const Arguments& arguments) {
  Grammar grammar("status", "[OPTIONS]", "Tells how this machine's sidecar is: its store, and each stream on a line.");
  grammar.examples("  restante status\n  restante status --json | jq .store");
  add_common(grammar);
  grammar.parse(arguments);
  return StatusCommand{common_of(grammar)};
}

namespace {

/// One `key=value` of `streams set`.
void take_rule(const std::string& text, core::Retention& retention) {
  const std::size_t equals = text.find('=');
  const std::string key = text.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : text.substr(equals + 1);
  if (key == "retain" && value == "none") {
    retention = {};
  } else if (key == "retain_age") {
    const Duration age = parse_positive_duration(key, value);
    retention.age_ms = std::chrono::ceil<std::chrono::milliseconds>(age).count();
  } else if (key == "retain_messages") {
    retention.messages = parse_count(key, value, 1, std::numeric_limits<std::int64_t>::max());
  } else if (key == "retain_octets") {
    retention.octets = parse_size(key, value);
  } else {
    const Arguments keys{"retain_age", "retain_messages", "retain_octets", "retain=none"};
    throw UsageError("'" + text + "' is no rule of a stream: " + did_you_mean(key, keys) +
                     "there are retain_age=7d, retain_messages=1000, retain_octets=1GiB and retain=none");
  }
}

Command parse_streams_set(const Arguments& arguments) {
  Grammar grammar(
      "streams set", "STREAM KEY=VALUE... [OPTIONS]",
      "How long a stream keeps messages that nobody is owed any more, for replays and resets. What is set is all\n"
      "there is: bounds that are not named are gone. A stream that is not there yet is made.");
  grammar.examples(
      "  restante streams set weather retain_age=7d retain_octets=1GiB   # the tighter of the two\n"
      "  restante streams set orders retain_messages=10000\n"
      "  restante streams set weather retain=none");
  grammar.argument("STREAM", "name of the stream");
  grammar.arguments("RULE", "retain_age=7d, retain_messages=1000, retain_octets=1GiB, or retain=none");
  add_common(grammar);
  grammar.parse(arguments);
  StreamsSetCommand command;
  command.common = common_of(grammar);
  command.stream = grammar.require("STREAM");
  const Arguments rules = grammar.all("RULE");
  if (rules.empty()) throw UsageError("say what to set, such as retain_age=7d; see `restante streams set --help`");
  for (const std::string& rule : rules) take_rule(rule, command.retention);
  return command;
}

}  // namespace

Command parse_streams(const Arguments& arguments) {
  Arguments rest = arguments;
  const bool is_help = std::find(rest.begin(), rest.end(), "--help") != rest.end();
  // A stream may have that name; alone it is looked at.
  if (take_command(rest) == "set") {
    Arguments further = rest;
    if (is_help || !take_command(further).empty()) return parse_streams_set(rest);
  }
  Grammar grammar("streams", "[STREAM] [OPTIONS]",
                  "Tells everything about each stream, or about one: its writer and its subscriptions.");
  grammar.examples(
      "  restante streams\n  restante streams orders --json\n"
      "  restante streams set orders retain_age=7d   # how long what is done is kept");
  grammar.argument("STREAM", "only this one");
  add_common(grammar);
  grammar.parse(arguments);
  return StreamsCommand{common_of(grammar), grammar.get("STREAM").value_or("")};
}

}  // namespace restante::commands
