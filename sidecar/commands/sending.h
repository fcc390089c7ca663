#pragma once
/// \file
/// The run of `send` and `pub`: records of standard input become messages of a stream.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include <restante/node.h>

#include "sidecar/commands/command.h"
#include "sidecar/commands/sending_end.h"
#include "sidecar/commands/topic_record.h"

namespace restante::commands {

/// What tells one such command from another.
struct SendingWays {
  std::function<SendingEnd(Node& node, const SenderOptions& options)> open;
  /// Makes topic and payload of a record; returns what is wrong with it, as split_topic_record() does.
  std::function<std::string(std::string_view record, TopicRecord& parts)> split;
  std::size_t record_size_max = limits::payload_size_max;
};

/// From the first record to the last line on standard error. Throws what `open` throws.
Exit run_sending(const SendingOptions& options, const SendingWays& ways);

}  // namespace restante::commands
