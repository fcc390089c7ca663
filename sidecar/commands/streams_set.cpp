// restante streams set: how long a stream keeps what nobody is owed any more.

#include "sidecar/commands/command.h"
#include "sidecar/commands/query.h"
#include "sidecar/commands/report.h"
#include "sidecar/commands/terminal.h"
#include "sidecar/json.h"

namespace restante::commands {

Exit run(const StreamsSetCommand& command) {
  const core::StreamSet told =
      ask_set(sidecar_endpoint(command.common), core::SetStream{1, command.stream, command.retention, {}});
  if (command.common.json) print(sidecar::to_json(told, command.stream) + "\n");
  if (!told.refusal.empty()) {
    say("restante: cannot set it: " + told.refusal);
    return Exit::refused;
  }
  if (!command.common.json) {
    print("stream " + command.stream + " keeps " + retention_text(told.retention) + " of what is done\n");
  }
  return Exit::done;
}

}  // namespace restante::commands
