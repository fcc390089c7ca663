// restante streams set, restante subscriptions set.

#include <fnmatch.h>

#include <string>
#include <vector>

#include "sidecar/commands/command.h"
#include "sidecar/commands/query.h"
#include "sidecar/commands/report.h"
#include "sidecar/commands/terminal.h"
#include "sidecar/json.h"

namespace restante::commands {

namespace {

/// Those that are there and match; itself if it is a name.
std::vector<std::string> streams_of(const std::string& pattern, const std::string& sidecar) {
  if (pattern.find('*') == std::string::npos) return {pattern};
  std::vector<std::string> names;
  for (const core::StreamStatus& stream : read_status(query_status(sidecar)).streams) {
    if (::fnmatch(pattern.c_str(), stream.name.c_str(), 0) == 0) names.push_back(stream.name);
  }
  return names;
}

bool set_one(const StreamsSetCommand& command, const std::string& stream) {
  core::SetStream wish = command.wish;
  wish.request = 1;
  wish.stream = stream;
  const core::StreamSet told = ask_set(sidecar_endpoint(command.common), wish);
  if (command.common.json) print(sidecar::to_json(told, stream) + "\n");
  if (!told.refusal.empty()) {
    say("restante: cannot set it: " + told.refusal);
    return false;
  }
  if (!command.common.json) print("stream " + stream + " " + rules_text(told) + "\n");
  return true;
}

}  // namespace

Exit run(const StreamsSetCommand& command) {
  const std::vector<std::string> streams = streams_of(command.wish.stream, sidecar_endpoint(command.common));
  if (streams.empty()) {
    say("restante: no stream of this node matches " + command.wish.stream + "; a name without * makes the stream");
    return Exit::refused;
  }
  bool all = true;
  for (const std::string& stream : streams) all = set_one(command, stream) && all;
  return all ? Exit::done : Exit::refused;
}

Exit run(const SubscriptionsSetCommand& command) {
  const core::SubscriptionSet told =
      ask_set(sidecar_endpoint(command.common),
              core::SetSubscription{1, command.stream, command.name, command.retry, command.limit});
  if (command.common.json) print(sidecar::to_json(told, command.stream, command.name) + "\n");
  if (!told.refusal.empty()) {
    say("restante: cannot set it: " + told.refusal);
    return Exit::refused;
  }
  if (!command.common.json) {
    print("subscription " + command.name + " of stream " + command.stream + ": " + retry_text(told.retry) + "; limit " +
          limit_text(told.limit) + "\n");
  }
  return Exit::done;
}

}  // namespace restante::commands
