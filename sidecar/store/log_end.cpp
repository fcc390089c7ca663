#include "sidecar/store/log_end.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

namespace restante::sidecar {
namespace {

/// As SQLite has it open; nullptr if it has none.
sqlite3_file* log_of(SQLite::Database& database) noexcept {
  sqlite3_file* file = nullptr;
  const int code = sqlite3_file_control(database.getHandle(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
  return code == SQLITE_OK && file != nullptr && file->pMethods != nullptr ? file : nullptr;
}

}  // namespace

void LogEnd::mark() {
  sqlite3_file* const log = log_of(database_);
  if (is_marked_ || log == nullptr) return;
  sqlite3_int64 size = 0;
  int code = log->pMethods->xFileSize(log, &size);
  if (code == SQLITE_OK && size == 0) return;
  if (code == SQLITE_OK) code = log->pMethods->xWrite(log, &mark_octet, 1, 0);
  if (code == SQLITE_FULL) return;  // of a file system that never overwrites: the log stays as it was
  if (code != SQLITE_OK) throw SQLite::Exception(database_.getHandle(), code);
  is_marked_ = true;
}

bool LogEnd::is_commit_kept() noexcept {
  if (!is_marked_) return true;
  sqlite3_file* const log = log_of(database_);
  char first = 0;
  if (log == nullptr || log->pMethods->xRead(log, &first, 1, 0) != SQLITE_OK) return false;
  is_marked_ = first == mark_octet;
  return !is_marked_;
}

}  // namespace restante::sidecar
