#pragma once
/// \file
/// Whether the write-ahead log that an earlier run left behind is whole.

#include <cstdint>
#include <filesystem>

namespace restante::sidecar {

/// What of a log cannot be read.
struct LogDamage {
  bool is_header = false;     ///< the header is damaged: SQLite will take nothing of the log
  std::uint64_t commits = 0;  ///< from the first damaged frame on, as far as they can be counted
  explicit operator bool() const noexcept { return is_header || commits > 0; }
};

/// SQLite ends silently at the first frame whose checksum is wrong, as it must after a power cut: the last commit may
/// never have been synced. But each commit is synced before the next begins, so if anything whole lies behind the end
/// of a commit that cannot be read, the disk has lost what it once had. Damage to the very last commit cannot be told
/// from a power cut.
///
/// Reads the whole log. Not to be called while SQLite has the database open. Throws Error if it cannot be read.
LogDamage check_log(const std::filesystem::path& path);

}  // namespace restante::sidecar
