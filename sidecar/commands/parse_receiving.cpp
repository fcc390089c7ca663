// The command lines that read a stream: recv and sub.

#include <limits>

#include "sidecar/commands/parse_parts.h"
#include "sidecar/commands/values.h"

namespace restante::commands {

namespace {

const std::string where = "new, beginning, a sequence, 2026-11-27T15:00:00Z, or 2h for two hours ago";

void add_receiving(Grammar& grammar) {
  grammar.value("--from", "EP ...", "a sidecar to collect from, once for each; default: this machine's");
  grammar.value("--count", "N", "end after N messages");
  grammar.value("--idle", "D", "end after this long without a message; default: never");
  grammar.flag("--null", "messages end with a NUL, not with a newline");
  grammar.value("--exec", "CMD", "run CMD by /bin/sh for each message, which is its standard input");
  grammar.value("--lease", "D", "how long a message may be in work before another gets it; default 30s");
}

void take_receiving(const Grammar& grammar, ReceivingOptions& receiving) {
  receiving.stream = grammar.require("STREAM");
  receiving.common = common_of(grammar);
  grammar.exclude({"--null", "--json", "--exec"}, "a message leaves in one way only");
  grammar.exclude({"--from", "--sidecar"}, "give every sidecar to collect from with --from");
  for (const std::string& endpoint : grammar.all("--from")) {
    receiving.from.push_back(parse_endpoint("--from", endpoint));
  }
  if (grammar.has("--null")) receiving.framing = Framing::nulls;
  receiving.exec = grammar.get("--exec");
  if (receiving.exec && receiving.exec->empty()) throw UsageError("--exec cannot be empty: give it a command");
  assign(grammar, "--count", receiving.count, parse_count, 1U, std::numeric_limits<std::uint64_t>::max());
  assign(grammar, "--idle", receiving.idle, parse_positive_duration);
  assign(grammar, "--lease", receiving.lease, parse_positive_duration);
}

void take_live(const Grammar& grammar, ReceivingOptions& receiving) {
  if (const auto live = grammar.get("--live")) {
    receiving.live = *live == "none" ? *live : parse_endpoint("--live", *live);
  }
}

void take_limit(const Grammar& grammar, BacklogLimit& limit) {
  assign(grammar, "--max-messages", limit.messages, parse_count, 1U, std::numeric_limits<std::uint32_t>::max());
  assign(grammar, "--max-octets", limit.octets, parse_size);
  const std::string then = grammar.get("--on-limit").value_or("cut");
  if (then != "cut" && then != "refuse") {
    throw UsageError("--on-limit cannot be '" + then + "': it has to be cut or refuse");
  }
  if (grammar.has("--on-limit") && limit == BacklogLimit{}) {
    throw UsageError("--on-limit says what happens at a limit: set one with --max-messages or --max-octets");
  }
  limit.then = then == "cut" ? OnLimit::cut : OnLimit::refuse;
}

void take_subscription(const Grammar& grammar, SubCommand& sub) {
  for (const std::string& filter : grammar.all("FILTER")) sub.filters.push_back(parse_filter("FILTER", filter));
  if (sub.filters.empty()) sub.filters.emplace_back("#");
  assign(grammar, "--durable", sub.durable, parse_subscription_name);
  for (const std::string option : {"--shared", "--strict", "--start", "--max-messages", "--max-octets", "--on-limit"}) {
    if (!grammar.has(option) || grammar.has("--durable")) continue;
    throw UsageError(option +
                     " needs --durable NAME: without a name a subscription is its one reader's, and begins now");
  }
  grammar.exclude({"--shared", "--strict"}, "those who share have no order");
  sub.shared = grammar.has("--shared");
  sub.strict = grammar.has("--strict");
  assign(grammar, "--start", sub.start, parse_where);
  take_limit(grammar, sub.limit);
}

}  // namespace

Command parse_recv(const Arguments& arguments) {
  Grammar grammar("recv", "STREAM [OPTIONS]",
                  "Takes part in a stream's work: writes each message to standard output, then acks it.");
  grammar.examples(
      "  restante recv orders\n"
      "  restante recv orders --from tcp://edge-7:7010 --count 100 --idle 5s\n"
      "  restante recv orders --exec './ship.sh'       # exit 0: ack, 75: later again, else: reject\n\n"
      "Exit status 0: done; 1: fewer than --count; 2: usage; 3: nobody there until --idle; 4: refused.");
  grammar.argument("STREAM", "name of the stream");
  add_receiving(grammar);
  grammar.value("--live", "EP", "tcp://host:port where producers reach this consumer, or none; default: worked out");
  add_common(grammar);
  grammar.parse(arguments);

  RecvCommand recv;
  take_receiving(grammar, recv);
  take_live(grammar, recv);
  return recv;
}

Command parse_sub(const Arguments& arguments) {
  Grammar grammar("sub", "STREAM [FILTER]... [OPTIONS]",
                  "Subscribes to topics of a stream: writes each message to standard output, then acks it.");
  grammar.examples(
      "  restante sub weather 'north/#' --durable screen     # goes on where it was, also after a restart\n"
      "  restante sub weather '+/oslo' '+/rome' --topics     # what is published from now on\n"
      "  restante sub weather --durable log --exec './keep.sh'\n\n"
      "Exit status 0: done; 1: fewer than --count; 2: usage; 3: nobody there until --idle; 4: refused, as by a newer\n"
      "reader of the same name.");
  grammar.argument("STREAM", "name of the stream");
  grammar.arguments("FILTER", "topics; + is any one level, # at the end all that follow; default: #");
  grammar.value("--durable", "NAME", "the name by which the sidecar keeps what is missed; default: nothing is kept");
  grammar.flag("--shared", "readers of NAME part the messages, without an order; default: one reader, in order");
  grammar.flag("--strict", "of a topic nothing comes while an older message of it is unsettled, also past a nack");
  grammar.value("--start", "WHERE", where + "; of a new NAME");
  grammar.value("--max-messages", "N",
                "so many may wait for NAME when it is new; the oldest above that go, with a gap");
  grammar.value("--max-octets", "SIZE", "the same in octets");
  grammar.value("--on-limit", "WHAT", "cut, or refuse: then the publisher waits; default cut");
  grammar.flag("--topics", "each message as TOPIC<TAB>PAYLOAD");
  add_receiving(grammar);
  grammar.value("--live", "EP", "tcp://host:port where producers reach a --shared reader, or none");
  add_common(grammar);
  grammar.parse(arguments);

  SubCommand sub;
  take_receiving(grammar, sub);
  take_live(grammar, sub);
  grammar.exclude({"--topics", "--json", "--exec"}, "JSON and the command's environment have the topic already");
  sub.topics = grammar.has("--topics");
  take_subscription(grammar, sub);
  return sub;
}

Command parse_replay(const Arguments& arguments) {
  Grammar grammar("replay", "STREAM [FILTER]... [OPTIONS]",
                  "Writes what a stream still keeps to standard output, in order, and ends. Nobody's cursor moves.");
  grammar.examples(
      "  restante replay weather --start 2h                 # of the last two hours\n"
      "  restante replay orders --start 1042 --until 1050   # a pipeline's too\n"
      "  restante replay weather 'north/#' --json\n\n"
      "How long a stream keeps what is done: `restante streams set`. What it no longer has is told as a gap.\n"
      "Exit status 0: done; 1: fewer than --count; 2: usage; 3: nobody there until --idle; 4: refused.");
  grammar.argument("STREAM", "name of the stream");
  grammar.arguments("FILTER", "topics; + is any one level, # at the end all that follow; default: #");
  grammar.value("--start", "WHERE", where + "; default beginning");
  grammar.value("--until", "SEQUENCE", "the last that is wanted; default: the newest when it begins");
  grammar.flag("--topics", "each message as TOPIC<TAB>PAYLOAD");
  add_receiving(grammar);
  add_common(grammar);
  grammar.parse(arguments);

  ReplayCommand replay;
  take_receiving(grammar, replay.sub);
  grammar.exclude({"--topics", "--json", "--exec"}, "JSON and the command's environment have the topic already");
  replay.sub.topics = grammar.has("--topics");
  for (const std::string& filter : grammar.all("FILTER")) replay.sub.filters.push_back(parse_filter("FILTER", filter));
  if (replay.sub.filters.empty()) replay.sub.filters.emplace_back("#");
  replay.sub.start = "beginning";
  assign(grammar, "--start", replay.sub.start, parse_where);
  if (replay.sub.start == "new") throw UsageError("--start cannot be 'new': a replay ends with what is there");
  assign(grammar, "--until", replay.until, parse_count, 1U, limits::sequence_max);
  return replay;
}

}  // namespace restante::commands
