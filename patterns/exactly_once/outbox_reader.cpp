#include "patterns/exactly_once/outbox_reader.h"

#include <sqlite3.h>

#include "patterns/exactly_once/database_check.h"
#include "patterns/exactly_once/statement_use.h"

namespace restante::detail {
namespace {

SQLite::Database open(const std::string& path) {
  SQLite::Database database(path, SQLite::OPEN_READWRITE);
  // It takes no part in checkpoints: those of the application's connection are enough, and before SQLite 3.51.3 a
  // checkpoint beside a commit of another connection can damage the file (sqlite.org/wal.html#walresetbug).
  database.exec("PRAGMA wal_autocheckpoint = 0");
  sqlite3_db_config(database.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  database.exec("PRAGMA synchronous = NORMAL");  // what it removes may come back: it is sent again then
  return database;
}

std::string_view view_of(const SQLite::Column& column) {
  const void* const octets = column.getBlob();
  return {static_cast<const char*>(octets), octets == nullptr ? 0 : static_cast<std::size_t>(column.getBytes())};
}

}  // namespace

// attributes: as they travel, without the header restante-origin. origin: that header. AUTOINCREMENT: the order of the
// ids is that of the commits, since one connection writes at a time, and no id comes again.
const char* const OutboxReader::table =
    "CREATE TABLE restante_outbox(id INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL, topic TEXT, "
    "origin TEXT NOT NULL, added_ms INTEGER NOT NULL, attributes BLOB NOT NULL, payload BLOB NOT NULL) STRICT";
const char* const OutboxReader::index = "CREATE INDEX restante_outbox_stream ON restante_outbox(stream, id)";

// Of all that ever were: the newest of those that are there goes back when they are removed.
const char* const OutboxReader::newest_id = "SELECT seq FROM main.sqlite_sequence WHERE name = 'restante_outbox'";

OutboxReader::OutboxReader(const std::string& path)
    : database_(open(path)),
      version_(database_, "PRAGMA data_version"),
      newest_(database_, newest_id),
      stream_(database_, "SELECT stream FROM restante_outbox WHERE stream > ? ORDER BY stream LIMIT 1"),
      rows_(database_,
            "SELECT id, topic, payload, attributes, origin FROM restante_outbox WHERE stream = ? AND id > ? "
            "ORDER BY id"),
      has_(database_, "SELECT 1 FROM restante_outbox WHERE id = ?") {}

bool OutboxReader::changed() {
  StatementUse version(version_);
  version->executeStep();
  const std::int64_t now = version->getColumn(0).getInt64();
  const bool differs = now != seen_version_;
  seen_version_ = now;
  return differs;
}

std::int64_t OutboxReader::newest() {
  StatementUse newest(newest_);
  return newest->executeStep() ? newest->getColumn(0).getInt64() : 0;
}

std::vector<std::string> OutboxReader::streams() {
  std::vector<std::string> all;
  for (std::string last;; last = all.back()) {  // a step in the index for each
    StatementUse next(stream_);
    next->bind(1, last);
    if (!next->executeStep()) return all;
    all.push_back(next->getColumn(0).getString());
  }
}

bool OutboxReader::rows(const std::string& stream, std::int64_t after,
                        const std::function<bool(const OutboxRow&)>& take) {
  StatementUse rows(rows_);
  rows->bindNoCopy(1, stream);
  rows->bind(2, after);
  while (rows->executeStep()) {
    OutboxRow row;
    row.id = rows->getColumn(0).getInt64();
    if (!rows->getColumn(1).isNull()) row.topic = view_of(rows->getColumn(1));
    row.payload = view_of(rows->getColumn(2));
    row.attributes = view_of(rows->getColumn(3));
    row.origin = view_of(rows->getColumn(4));
    if (!take(row)) return false;
  }
  return true;
}

bool OutboxReader::has(std::int64_t id) {
  StatementUse has(has_);
  has->bind(1, id);
  return has->executeStep();
}

bool OutboxReader::remove(const std::vector<std::int64_t>& ids) {
  try {
    SQLite::Transaction transaction(database_, SQLite::TransactionBehavior::IMMEDIATE);
    remove_rows(database_, ids);
    transaction.commit();
    return true;
  } catch (const SQLite::Exception& error) {
    if (is_busy(error)) return false;
    throw;
  }
}

void remove_rows(SQLite::Database& database, const std::vector<std::int64_t>& ids) {
  SQLite::Statement row(database, "DELETE FROM main.restante_outbox WHERE id = ?");
  for (const std::int64_t id : ids) {
    row.bind(1, id);
    row.exec();
    row.reset();
  }
}

}  // namespace restante::detail
