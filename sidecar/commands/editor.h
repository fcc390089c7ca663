#pragma once
/// \file
/// The editor of whoever is at the terminal.

#include <optional>
#include <string>

#include "sidecar/commands/child.h"

namespace restante::commands {

/// $VISUAL, else $EDITOR: a shell command; nullopt if neither is set.
std::optional<std::string> editor_command();

/// Runs it with `path` as its last argument and our terminal as its own, and waits for it. SIGINT and SIGQUIT from the
/// keyboard are the editor's meanwhile. Throws Error(misconfigured) if it cannot be started.
ChildEnd run_editor(const std::string& command, const std::string& path);

}  // namespace restante::commands
