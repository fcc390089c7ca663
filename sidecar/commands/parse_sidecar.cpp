// The command lines of the sidecar itself, and of those who ask how it is.

#include <algorithm>
#include <chrono>
#include <limits>

#include "sidecar/commands/parse_parts.h"
#include "sidecar/commands/rules_file.h"
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
  grammar.value("--rules", "FILE",
                "rules of streams by pattern, as `streams set` has them (TOML); see docs/commands.md");
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
  if (const auto file = grammar.get("--rules")) up.rules = read_rules_file(*file);
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
