#include "patterns/exactly_once/database_check.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

namespace restante::detail {
namespace {

constexpr int full = 2;   // PRAGMA synchronous
constexpr int extra = 3;  // also syncs the directory after a journal was removed from it

int primary_code(const SQLite::Exception& error) { return error.getErrorCode() & 0xFF; }

/// The name in "CREATE TABLE name(…" or "CREATE INDEX name ON …".
std::string name_in(std::string_view statement) {
  constexpr std::string_view table = "CREATE TABLE ";
  constexpr std::string_view index = "CREATE INDEX ";
  statement.remove_prefix(statement.starts_with(table) ? table.size() : index.size());
  return std::string(statement.substr(0, statement.find_first_of(" (")));
}

std::string sql_of(SQLite::Database& database, const std::string& name) {
  SQLite::Statement query(database, "SELECT sql FROM main.sqlite_schema WHERE name = ?");
  query.bind(1, name);
  return query.executeStep() ? query.getColumn(0).getString() : std::string{};
}

[[noreturn]] void refuse_weak(const std::string& what, const std::string& is_now, const std::string& next_step) {
  throw Error(ErrorCode::misconfigured, what + ": the database runs with " + is_now +
                                            ", so a power cut can take back a commit whose message was acked, and it "
                                            "is lost. " +
                                            next_step);
}

}  // namespace

std::string path_of(SQLite::Database& database) {
  const char* path = sqlite3_db_filename(database.getHandle(), "main");
  return path == nullptr ? std::string{} : std::string(path);
}

bool in_transaction(SQLite::Database& database) { return sqlite3_get_autocommit(database.getHandle()) == 0; }

void check_durable(SQLite::Database& database, const std::string& what) {
  if (path_of(database).empty()) {
    throw Error(ErrorCode::misconfigured, what +
                                              ": the database is in memory only, and ends with this process. Open a "
                                              "file");
  }
  const std::string journal = database.execAndGet("PRAGMA main.journal_mode").getString();
  const int synchronous = database.execAndGet("PRAGMA main.synchronous").getInt();
  const std::string is_now =
      "PRAGMA journal_mode = " + journal + " and PRAGMA synchronous = " + std::to_string(synchronous);
  if (journal == "wal" || journal == "truncate" || journal == "persist") {
    if (synchronous < full) refuse_weak(what, is_now, "Set PRAGMA synchronous = FULL on this connection");
  } else if (journal != "delete") {
    refuse_weak(what, is_now, "Set PRAGMA journal_mode = WAL");
  } else if (synchronous < extra) {  // the removed journal may come back, and rolls back what was committed
    refuse_weak(what, is_now, "Set PRAGMA journal_mode = WAL, or PRAGMA synchronous = EXTRA");
  }
}

void make_table(SQLite::Database& database, std::string_view statement, const std::string& what) {
  if (in_transaction(database)) {
    throw Error(ErrorCode::bad_state, what +
                                          ": a transaction is open, whose end could take the table away. Open it "
                                          "before you begin one");
  }
  const std::string name = name_in(statement);
  try {
    if (sql_of(database, name).empty()) {
      std::string careful(statement);  // another process may be doing the same
      careful.insert(careful.find(name), "IF NOT EXISTS ");
      database.exec(careful);
    }
    if (sql_of(database, name) == statement) return;
  } catch (const SQLite::Exception& error) {
    throw error_of(error, database, what);
  }
  throw Error(ErrorCode::incompatible_version, what + ": the database has a " + name +
                                                   " of another shape, of another version of Restante or not of it. "
                                                   "Use the version that made it, or another database");
}

bool is_busy(const SQLite::Exception& error) {
  const int code = primary_code(error);
  // A snapshot that is out of date stays so until its transaction begins anew.
  return (code == SQLITE_BUSY || code == SQLITE_LOCKED) && error.getExtendedErrorCode() != SQLITE_BUSY_SNAPSHOT;
}

bool is_trouble(const SQLite::Exception& error) {
  switch (primary_code(error)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_READONLY:
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_PERM:
    case SQLITE_NOTADB: return true;
    default: return false;
  }
}

Error error_of(const SQLite::Exception& error, SQLite::Database& database, const std::string& what) {
  const std::string text = what + ": " + path_of(database) + ": " + error.what() + " (code " +
                           std::to_string(error.getExtendedErrorCode()) + ")";
  switch (primary_code(error)) {
    case SQLITE_BUSY:
      if (error.getExtendedErrorCode() == SQLITE_BUSY_SNAPSHOT) {
        return Error(ErrorCode::retry_later, text +
                                                 ": another connection wrote after this transaction had read. "
                                                 "Begin it as IMMEDIATE");
      }
      [[fallthrough]];
    case SQLITE_LOCKED:
      return Error(ErrorCode::retry_later, text + ": another connection holds it for long. Find which, or wait longer");
    case SQLITE_FULL: return Error(ErrorCode::retry_later, text + ". Free some space on its disk");
    case SQLITE_NOMEM: return Error(ErrorCode::retry_later, text);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return Error(ErrorCode::misconfigured, text + ". Check the permissions of the file and its folder");
    default: return Error(ErrorCode::store_failed, text);
  }
}

}  // namespace restante::detail
