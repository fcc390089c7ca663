// restante pub: each record of standard input is published, under one topic or each under its own.

#include "sidecar/commands/command.h"
#include "sidecar/commands/sending.h"

namespace restante::commands {

Exit run(const PubCommand& command) {
  SendingWays ways;
  ways.open = [&command](Node& node, SenderOptions options) {
    options.publish_at = command.publish_at;
    options.keep_single = command.keep_single;
    options.live_only = command.live_only;
    return SendingEnd(node.publisher(command.stream, options));
  };
  if (command.topic) {
    ways.split = [&topic = *command.topic](std::string_view record, TopicRecord& parts) {
      parts = {topic, record};
      return std::string();
    };
  } else {
    ways.split = split_topic_record;
    ways.record_size_max += limits::topic_size_max + 1;  // the TAB
  }
  return run_sending(command, ways);
}

}  // namespace restante::commands
