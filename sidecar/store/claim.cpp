#include "sidecar/store/claim.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include <sqlite3.h>

namespace restante::sidecar {

Claim::Claim(SQLite::Database& database, const StorePaths& paths, std::uint64_t database_octets,
             std::uint64_t log_octets)
    : database_(database),
      paths_(paths),
      database_octets_(database_octets),
      log_octets_(log_octets),
      database_has_(size_of_file(paths.database)),
      log_has_(allocated_octets(paths.wal)) {}

void Claim::take(std::uint64_t octets) noexcept {
  const std::uint64_t missing = database_octets_ - std::min(database_octets_, database_has_);
  const std::uint64_t for_database = std::min(octets, missing);
  if (for_database > 0 && !grow_database(database_has_ + for_database)) return;
  octets -= for_database;
  if (octets > 0 && log_has_ < log_octets_) grow_log(std::min(octets, log_octets_ - log_has_));
}

/// By SQLite's own hand, as it does before a checkpoint: its locks would go with any descriptor that we close.
bool Claim::grow_database(std::uint64_t octets) noexcept {
  sqlite3* const handle = database_.getHandle();
  int step = 4096;
  auto size = static_cast<sqlite3_int64>(octets);
  sqlite3_file_control(handle, "main", SQLITE_FCNTL_CHUNK_SIZE, &step);
  const int code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_SIZE_HINT, &size);
  step = 0;
  sqlite3_file_control(handle, "main", SQLITE_FCNTL_CHUNK_SIZE, &step);
  if (code == SQLITE_OK) database_has_ = octets;
  return code == SQLITE_OK;
}

/// Beyond its end, where SQLite does not look until it writes there. (Locks are on the database only.)
void Claim::grow_log(std::uint64_t octets) noexcept {
  const FileDescriptor file(::open(paths_.wal.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return;
  const auto from = static_cast<off_t>(log_has_);
  if (::fallocate(file.get(), FALLOC_FL_KEEP_SIZE, from, static_cast<off_t>(octets)) == 0) log_has_ += octets;
}

}  // namespace restante::sidecar
