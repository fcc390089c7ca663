// restante sub and replay: read what is published, as a subscription, or what is kept of it.

#include "sidecar/commands/command.h"
#include "sidecar/commands/receiving.h"

namespace restante::commands {

Exit run(const SubCommand& command) {
  ReceivingWays ways;
  ways.open = [&command](Node& node, const ReceiverOptions& options) {
    return node.subscriber(command.stream, command.filters,
                           {command.durable, command.start, command.shared, 0, command.limit, command.strict}, options);
  };
  ways.tells_gaps = true;
  return run_receiving(command, ways);
}

Exit run(const ReplayCommand& command) {
  ReceivingWays ways;
  const SubCommand& sub = command.sub;
  ways.open = [&](Node& node, const ReceiverOptions& options) {
    return node.subscriber(sub.stream, sub.filters, {{}, sub.start, false, command.until}, options);
  };
  ways.tells_gaps = true;
  ways.ends = true;
  return run_receiving(sub, ways);
}

}  // namespace restante::commands
