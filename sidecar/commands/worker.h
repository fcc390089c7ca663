#pragma once
/// \file
/// A message in the hands of a shell command: `restante recv --exec`.

#include <string>

#include <restante/delivery.h>
#include <restante/types.h>

#include "sidecar/commands/child.h"

namespace restante::commands {

/// What a command made of a message, by its end.
enum class Verdict {
  ack,       ///< exit status 0
  nack,      ///< exit status 75
  reject,    ///< any other, or killed by a signal
  unusable,  ///< exit status 126 or 127 of the shell: the command itself cannot be run, which is no message's fault
};
Verdict verdict_of(const ChildEnd& end);

struct Worked {
  enum class End {
    settled,   ///< acked or rejected
    again,     ///< nacked, or released because of a stop: it comes again
    unusable,  ///< released; `fault` says what is wrong with the command
  };
  End end = End::again;
  std::string fault;
};

/// Runs `command` for `delivery` and settles it. The lease is extended while it runs. Once `stop_descriptor` is
/// readable the command is asked to end (SIGTERM), then killed, and the delivery is released unless it still ended by 0
/// or 75.
Worked run_command(const std::string& command, Delivery& delivery, Duration lease, int stop_descriptor);

}  // namespace restante::commands
