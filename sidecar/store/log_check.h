#pragma once
/// \file
/// Whether the write-ahead log that an earlier run left behind is whole.

#include <cstdint>
#include <filesystem>

namespace restante::sidecar {

/// What is in a log.
struct LogState {
  bool is_header_damaged = false;  ///< SQLite will take nothing of the log
  std::uint64_t lost_commits = 0;  ///< from the first damaged frame on, as far as they can be counted
  std::uint64_t commits = 0;       ///< before that: SQLite will take them over
  [[nodiscard]] bool is_damaged() const noexcept { return is_header_damaged || lost_commits > 0; }
};

/// SQLite ends silently at the first frame whose checksum is wrong, as it must after a power cut: the last commit may
/// never have been synced. But each commit is synced before the next begins, so if anything whole lies behind the end
/// of a commit that cannot be read, the disk has lost what it once had. Damage to the very last commit cannot be told
/// from a power cut.
///
/// Reads the whole log. Not to be called while SQLite has the database open. Throws Error if it cannot be read.
LogState check_log(const std::filesystem::path& path);

}  // namespace restante::sidecar
