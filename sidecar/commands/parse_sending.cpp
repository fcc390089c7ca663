// The command lines that write a stream: send and pub.

#include <limits>

#include "sidecar/commands/parse_parts.h"
#include "sidecar/commands/values.h"

namespace restante::commands {

namespace {

void add_sending(Grammar& grammar) {
  grammar.value("--timeout", "D", "give up after this long; default: never");
  grammar.flag("--null", "messages end with a NUL, not with a newline");
  grammar.flag("--whole", "all of standard input is one message");
  grammar.flag("--resume", "skip what an earlier run with the same input had confirmed");
  grammar.value("--expire", "D", "older than this nobody gets it any more; default: as the stream has it");
  grammar.value("--instance", "N", "write as STREAM@N, beside other writers of the stream");
  grammar.value("--window", "SIZE", "how much may be unconfirmed before reading waits; default 8MiB");
}

void take_sending(const Grammar& grammar, SendingOptions& sending) {
  sending.stream = grammar.require("STREAM");
  if (const auto at = sending.stream.find('@'); at != std::string::npos) {
    throw UsageError("STREAM cannot be '" + sending.stream + "': for an instance, give " +
                     sending.stream.substr(0, at) + " and --instance " + sending.stream.substr(at + 1));
  }
  sending.common = common_of(grammar);
  grammar.exclude({"--null", "--whole"}, "they cut standard input in different ways");
  if (grammar.has("--null")) sending.framing = Framing::nulls;
  if (grammar.has("--whole")) sending.framing = Framing::whole;
  assign(grammar, "--timeout", sending.timeout, parse_positive_duration);
  sending.resume = grammar.has("--resume");
  assign(grammar, "--instance", sending.instance, parse_count, 1U, std::numeric_limits<unsigned>::max());
  assign(grammar, "--expire", sending.expire_after, parse_positive_duration);
  assign(grammar, "--window", sending.window, parse_size);
}

}  // namespace

Command parse_send(const Arguments& arguments) {
  Grammar grammar("send", "STREAM [OPTIONS]",
                  "Sends each line of standard input as a message, and ends when all are confirmed.");
  grammar.examples(
      "  echo '42 apples' | restante send orders\n"
      "  restante send orders --resume < orders.txt    # goes on where an earlier run was killed\n"
      "  echo 'remind 42' | restante send reminders --delay 1h\n\n"
      "The last line on standard error is `accepted N confirmed N unconfirmed N`. Exit status 0: the whole\n"
      "input is confirmed; 1: not all of it; 2: usage; 3: no sidecar in time; 4: refused.");
  grammar.argument("STREAM", "name of the stream");
  add_sending(grammar);
  grammar.value("--delay", "D", "nobody gets it before that; others do not wait for it");
  add_common(grammar);
  grammar.parse(arguments);

  SendCommand send;
  take_sending(grammar, send);
  assign(grammar, "--delay", send.deliver_after, parse_positive_duration);
  if (send.deliver_after >= send.expire_after) throw UsageError("--expire has to be longer than --delay");
  return send;
}

Command parse_pub(const Arguments& arguments) {
  Grammar grammar("pub", "STREAM TOPIC [OPTIONS]",
                  "Publishes each line of standard input under a topic, and ends when all are confirmed.");
  grammar.examples(
      "  echo '-4' | restante pub weather north/oslo\n"
      "  printf 'north/oslo\\t-4\\nsouth/rome\\t21\\n' | restante pub weather -\n\n"
      "The last line on standard error is `accepted N confirmed N unconfirmed N`. Exit status 0: the whole\n"
      "input is confirmed; 1: not all of it; 2: usage; 3: no sidecar in time; 4: refused, as a line without a topic.");
  grammar.argument("STREAM", "name of the stream");
  grammar.argument("TOPIC", "levels parted by /, without + and #; -: each line is TOPIC<TAB>PAYLOAD");
  add_sending(grammar);
  grammar.value("--publish-at", "EP", "an endpoint more where it is heard, for plain ZeroMQ subscribers");
  grammar.flag("--live-only", "keep nothing: only who listens now gets it; the stream is made so and stays so");
  grammar.flag("--keep-single", "one message a batch, for plain ZeroMQ subscribers");
  add_common(grammar);
  grammar.parse(arguments);

  PubCommand pub;
  take_sending(grammar, pub);
  const std::string topic = grammar.require("TOPIC");
  if (topic != "-") pub.topic = parse_topic("TOPIC", topic);
  assign(grammar, "--publish-at", pub.publish_at, parse_endpoint);
  pub.keep_single = grammar.has("--keep-single");
  pub.live_only = grammar.has("--live-only");
  return pub;
}

}  // namespace restante::commands
