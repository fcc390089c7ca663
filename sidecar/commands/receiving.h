#pragma once
/// \file
/// The run of `recv`, `sub` and `replay`: messages of a stream go to standard output, or to a command, and are acked
/// after that.

#include <functional>

#include <restante/node.h>

#include "sidecar/commands/command.h"

namespace restante::commands {

/// What tells one such command from another.
struct ReceivingWays {
  std::function<Puller(Node& node, const ReceiverOptions& options)> open;
  /// Gaps are told among the messages with --json, else on standard error; false: the log has them.
  bool tells_gaps = false;
  /// It is at an end when everything that there was has come.
  bool ends = false;
};

/// From the first message to the last. Throws what `open` throws, and Error if no sidecar will have this receiver.
Exit run_receiving(const ReceivingOptions& options, const ReceivingWays& ways);

}  // namespace restante::commands
