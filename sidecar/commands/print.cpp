// restante help, --help, --version.

#include "sidecar/commands/command.h"
#include "sidecar/commands/terminal.h"

namespace restante::commands {

Exit run(const PrintCommand& command) {
  print(command.text);
  return Exit::done;
}

}  // namespace restante::commands
