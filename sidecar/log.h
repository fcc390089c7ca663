#pragma once
/// \file
/// The log of the processes of this project: standard error, one line an entry. log.cpp is the only file that includes
/// spdlog.

#include <string_view>

namespace restante::sidecar {

/// Writes one entry if `level` (0 debug, 1 information, 2 warning, 3 error) is at least that of RESTANTE_LOG
/// (debug, info, warning or error; default: warning). Thread-safe; fits NodeOptions::log and SidecarOptions::log.
void log_to_stderr(int level, std::string_view text);

}  // namespace restante::sidecar
