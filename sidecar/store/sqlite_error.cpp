#include "sidecar/store/sqlite_error.h"

#include <cerrno>

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

namespace restante::sidecar {
namespace {

int primary_code(const SQLite::Exception& error) { return error.getErrorCode() & 0xFF; }

bool is_out_of_space(int error) { return error == ENOSPC || error == EDQUOT; }

}  // namespace

Fault fault_of(const SQLite::Exception& error, const SQLite::Database& database) {
  switch (primary_code(error)) {
    case SQLITE_FULL: return Fault::full;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Fault::corrupt;
    case SQLITE_IOERR: {
      // Only of a write: a failed sync is never "full", as pages that did not reach the disk count as clean then.
      const bool is_write = error.getExtendedErrorCode() == SQLITE_IOERR_WRITE;
      return is_write && is_out_of_space(sqlite3_system_errno(database.getHandle())) ? Fault::full : Fault::failed;
    }
    default: return Fault::failed;
  }
}

std::string text_of(const SQLite::Exception& error, const SQLite::Database& database) {
  return std::string(error.what()) + " (code " + std::to_string(primary_code(error)) + ", extended " +
         std::to_string(error.getExtendedErrorCode()) + ", errno " +
         std::to_string(sqlite3_system_errno(database.getHandle())) + ")";
}

Error error_of_open(const SQLite::Exception& error, const StorePaths& paths) {
  const std::string what = "cannot open the store: " + paths.database.string() + ": " + error.what();
  switch (primary_code(error)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error(ErrorCode::held_elsewhere, what + ". Another program, such as sqlite3, has it open: close it there");
    case SQLITE_FULL:
      return Error(ErrorCode::retry_later, what + ". Free some space on the disk of " + paths.directory.string());
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return Error(ErrorCode::misconfigured, what + ". Check the permissions of " + paths.directory.string());
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Error(ErrorCode::store_failed, what +
                                                ". It is damaged, and nothing was deleted: put back a backup, or "
                                                "move the directory away to begin with a new store");
    default: return Error(ErrorCode::store_failed, what);
  }
}

}  // namespace restante::sidecar
