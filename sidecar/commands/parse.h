#pragma once
/// \file
/// From what was typed to a Command.

#include <string>
#include <vector>

#include "sidecar/commands/command.h"

namespace restante::commands {

/// `arguments` without the program's name. Throws UsageError. Every value is checked and no two contradict when it
/// returns; nothing has been opened or looked at yet.
Command parse(const std::vector<std::string>& arguments);

/// What `restante --version` prints.
std::string version_text();

}  // namespace restante::commands
