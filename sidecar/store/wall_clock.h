#pragma once
/// \file
/// The time of day, for people who read lock files and tables. Nothing is decided by it.

#include <string>

namespace restante::sidecar {

/// "2026-11-22T10:00:00Z".
std::string utc_now();

}  // namespace restante::sidecar
