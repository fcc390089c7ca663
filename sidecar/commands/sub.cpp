// restante sub: reads what is published, as a subscription.

#include "sidecar/commands/command.h"
#include "sidecar/commands/receiving.h"

namespace restante::commands {

Exit run(const SubCommand& command) {
  ReceivingWays ways;
  ways.open = [&command](Node& node, const ReceiverOptions& options) {
    return node.subscriber(command.stream, command.filters, {command.durable, command.start, command.shared}, options);
  };
  ways.tells_gaps = true;
  return run_receiving(command, ways);
}

}  // namespace restante::commands
