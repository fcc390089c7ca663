// restante streams: everything about each stream, or about one.

#include <vector>

#include "sidecar/commands/cli.h"
#include "sidecar/commands/command.h"
#include "sidecar/commands/query.h"
#include "sidecar/commands/report.h"
#include "sidecar/commands/terminal.h"
#include "sidecar/json.h"

namespace restante::commands {

namespace {

Exit say_unknown(const std::string& stream, const core::NodeStatus& status) {
  Arguments known;
  for (const core::StreamStatus& each : status.streams) known.push_back(each.name);
  say("restante: node " + status.node + " has no stream '" + stream + "': " + did_you_mean(stream, known) +
      "`restante streams` tells of those it has, `restante send` makes one");
  return Exit::not_all_done;
}

}  // namespace

Exit run(const StreamsCommand& command) {
  const std::string answer = query_status(sidecar_endpoint(command.common));
  const core::NodeStatus status = read_status(answer);
  if (command.common.json) {
    if (command.stream.empty()) return print(answer + "\n"), Exit::done;
    const auto object = sidecar::stream_json(answer, command.stream);
    if (!object) return say_unknown(command.stream, status);
    return print(*object + "\n"), Exit::done;
  }
  std::string text;
  for (const core::StreamStatus& stream : status.streams) {
    if (command.stream.empty() || stream.name == command.stream) text += render_stream(stream);
  }
  if (!text.empty()) return print(text), Exit::done;
  if (!command.stream.empty()) return say_unknown(command.stream, status);
  say("no streams yet: `restante send STREAM` makes one");
  return Exit::done;
}

}  // namespace restante::commands
