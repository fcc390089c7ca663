#pragma once
/// \file
/// A look at a database file before SQLite may touch it, so that a file of somebody else is never changed.

#include <cstdint>

#include "sidecar/store/store_files.h"

namespace restante::sidecar {

/// "Rst1" in the header of every database of ours.
inline constexpr std::uint32_t application_id = 0x52737431;

/// The schema that this program writes; PRAGMA user_version.
inline constexpr std::uint32_t schema_version = 1;

/// Reads the first 100 octets. A database of ours is made whole under another name and then renamed, so one that is
/// empty, short or without our id was never ours or was damaged afterwards. Throws Error: misconfigured (not a
/// database, or not ours), store_failed (cut short, or lost beside its log), incompatible_version (newer).
void check_header(const StorePaths& paths);

}  // namespace restante::sidecar
