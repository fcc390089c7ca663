#pragma once
/// \file
/// Blocks of a disk that is about to be full, for the files that must grow before anything can be freed.

#include <cstdint>

#include <SQLiteCpp/SQLiteCpp.h>

#include "sidecar/store/store_files.h"

namespace restante::sidecar {

/// Takes what the ballast gives up for the database and its log, before another writer of the same disk does: first
/// `database_octets` for the database, so that the log can be copied into it, then blocks for a log of `log_octets`.
class Claim {
 public:
  Claim(SQLite::Database& database, const StorePaths& paths, std::uint64_t database_octets, std::uint64_t log_octets);

  /// Takes about `octets` more, or what there is. No error: whoever needs the room finds out that it is not there.
  void take(std::uint64_t octets) noexcept;

 private:
  bool grow_database(std::uint64_t octets) noexcept;
  void grow_log(std::uint64_t octets) noexcept;

  SQLite::Database& database_;
  StorePaths paths_;
  std::uint64_t database_octets_;
  std::uint64_t log_octets_;
  std::uint64_t database_has_;
  std::uint64_t log_has_;
};

}  // namespace restante::sidecar
