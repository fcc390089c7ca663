// restante recv: takes part in the work of a stream.

#include "sidecar/commands/command.h"
#include "sidecar/commands/receiving.h"

namespace restante::commands {

Exit run(const RecvCommand& command) {
  ReceivingWays ways;
  ways.open = [&command](Node& node, const ReceiverOptions& options) { return node.puller(command.stream, options); };
  return run_receiving(command, ways);
}

}  // namespace restante::commands
