// restante send: each record of standard input is a message.

#include "sidecar/commands/command.h"
#include "sidecar/commands/sending.h"

namespace restante::commands {

Exit run(const SendCommand& command) {
  SendingWays ways;
  ways.open = [&command](Node& node, const SenderOptions& options) {
    return SendingEnd(node.pusher(command.stream, options));
  };
  ways.split = [](std::string_view record, TopicRecord& parts) {
    parts.payload = record;
    return std::string();
  };
  return run_sending(command, ways);
}

}  // namespace restante::commands
