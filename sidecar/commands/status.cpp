// restante status: how the sidecar is.

#include "sidecar/commands/command.h"
#include "sidecar/commands/query.h"
#include "sidecar/commands/report.h"
#include "sidecar/commands/terminal.h"

namespace restante::commands {

Exit run(const StatusCommand& command) {
  const std::string answer = query_status(sidecar_endpoint(command.common));
  print(command.common.json ? answer + "\n" : render_status(read_status(answer)));
  return Exit::done;
}

}  // namespace restante::commands
