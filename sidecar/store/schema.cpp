#include "sidecar/store/schema.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <SQLiteCpp/SQLiteCpp.h>

#include "sidecar/store/database_header.h"

namespace restante::sidecar {
namespace {

// Version 1. The text is part of the format: SQLite keeps it, and it is compared at each start. Random 64-bit ids
// (grant_id, handle, writer, claim) are stored as two's complement, so half of them show as negative numbers. sum: the
// checksum of what a row says, see record_sum.h; that of a subscription covers its filters.
constexpr std::array version_1{
    // node, incarnation (32 hex digits), created (UTC), clean (yes, or no while a sidecar has it open), clock_ms (the
    // latest time at which a message was parked, by the clock that parked messages wait by)
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL, sum INTEGER NOT NULL) STRICT, WITHOUT ROWID",

    // writer: the handle that may write, and its process. pruned_to: rows up to here are gone or about to go, but those
    // that a parked message needs. retain_*: how much of what nobody is owed stays, 0 is no bound; all 0: nothing.
    // newest_row and *_count are kept by the store itself: highest sequence in any row ever, and rows, sequences and
    // octets that are there.
    "CREATE TABLE stream(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, "
    "next INTEGER NOT NULL, last_row INTEGER NOT NULL, last_marker INTEGER NOT NULL, writer INTEGER NOT NULL, "
    "writer_name TEXT NOT NULL, writer_host TEXT NOT NULL, writer_pid INTEGER NOT NULL, writer_start INTEGER NOT NULL, "
    "pruned_to INTEGER NOT NULL DEFAULT 0, newest_row INTEGER NOT NULL DEFAULT 0, "
    "row_count INTEGER NOT NULL DEFAULT 0, sequence_count INTEGER NOT NULL DEFAULT 0, "
    "octet_count INTEGER NOT NULL DEFAULT 0, retain_ms INTEGER NOT NULL, retain_messages INTEGER NOT NULL, "
    "retain_octets INTEGER NOT NULL, expire_ms INTEGER NOT NULL, expired_dead INTEGER NOT NULL, "
    "max_messages INTEGER NOT NULL, max_octets INTEGER NOT NULL, on_limit TEXT NOT NULL, "
    "drain_messages INTEGER NOT NULL, drain_octets INTEGER NOT NULL, priority INTEGER NOT NULL, "
    "sum INTEGER NOT NULL DEFAULT 0) STRICT",

    "CREATE TABLE grant_block(stream INTEGER NOT NULL REFERENCES stream(id), grant_id INTEGER NOT NULL, "
    "first INTEGER NOT NULL, last INTEGER NOT NULL, handle INTEGER NOT NULL, sum INTEGER NOT NULL, "
    "PRIMARY KEY(stream, grant_id)) STRICT, WITHOUT ROWID",

    "CREATE TABLE subscription(id INTEGER PRIMARY KEY, stream INTEGER NOT NULL REFERENCES stream(id), "
    "name TEXT NOT NULL, mode TEXT NOT NULL, start INTEGER NOT NULL, claim INTEGER NOT NULL, "
    "made INTEGER NOT NULL, max_messages INTEGER NOT NULL, max_octets INTEGER NOT NULL, on_limit TEXT NOT NULL, "
    "retry_initial_ms INTEGER NOT NULL, retry_factor_percent INTEGER NOT NULL, retry_max_ms INTEGER NOT NULL, "
    "attempts_max INTEGER NOT NULL, "
    "sum INTEGER NOT NULL DEFAULT 0, UNIQUE(stream, name)) STRICT",

    // No line: everything. up_to: what was copied up to there belongs by this one; 0: by which all that follows does.
    "CREATE TABLE subscription_filter(subscription INTEGER NOT NULL REFERENCES subscription(id), "
    "position INTEGER NOT NULL, topic TEXT NOT NULL, up_to INTEGER NOT NULL, PRIMARY KEY(subscription, position)) "
    "STRICT, WITHOUT ROWID",

    // settled: the ranges above the floor, as JSON: [[12,15],[17,17]]
    "CREATE TABLE cursor(subscription INTEGER PRIMARY KEY REFERENCES subscription(id), floor INTEGER NOT NULL, "
    "settled TEXT NOT NULL, sum INTEGER NOT NULL) STRICT",

    // What was dropped by a rule, until a consumer was told of it.
    "CREATE TABLE gap(subscription INTEGER NOT NULL REFERENCES subscription(id), number INTEGER NOT NULL, "
    "first INTEGER NOT NULL, last INTEGER NOT NULL, reason TEXT NOT NULL, sum INTEGER NOT NULL, "
    "PRIMARY KEY(subscription, number), CHECK(first > 0 AND first <= last)) STRICT, WITHOUT ROWID",

    // octets: the batch frame of docs/wire.md. stored_prev: last of the row before it in its stream. stored_ms: when it
    // was written, by the clock of meta's clock_ms.
    "CREATE TABLE batch(id INTEGER PRIMARY KEY, stream INTEGER NOT NULL REFERENCES stream(id), "
    "first INTEGER NOT NULL, last INTEGER NOT NULL, grant_id INTEGER NOT NULL, stored_prev INTEGER NOT NULL, "
    "stored_ms INTEGER NOT NULL, octets BLOB NOT NULL, CHECK(first > 0 AND first <= last)) STRICT",
    "CREATE UNIQUE INDEX batch_place ON batch(stream, first)",

    // octets: the batch of this one message, if it was a dead letter and has no row; it has its own checksum.
    "CREATE TABLE parked(subscription INTEGER NOT NULL REFERENCES subscription(id), sequence INTEGER NOT NULL, "
    "stream INTEGER NOT NULL, grant_id INTEGER NOT NULL, due_ms INTEGER NOT NULL, attempts INTEGER NOT NULL, "
    "reason TEXT NOT NULL, history TEXT NOT NULL, sum INTEGER NOT NULL, octets BLOB, "
    "PRIMARY KEY(subscription, sequence)) STRICT, WITHOUT ROWID",
    "CREATE INDEX parked_due ON parked(subscription, due_ms)",
    "CREATE INDEX parked_row ON parked(stream, sequence)",

    // No references: a dead letter outlives its subscription.
    "CREATE TABLE dead(id INTEGER PRIMARY KEY, subscription INTEGER NOT NULL, stream INTEGER NOT NULL, "
    "sequence INTEGER NOT NULL, grant_id INTEGER NOT NULL, attempts INTEGER NOT NULL, buried_ms INTEGER NOT NULL, "
    "reason TEXT NOT NULL, topic TEXT NOT NULL, payload BLOB NOT NULL, attributes BLOB NOT NULL, "
    "history TEXT NOT NULL, source_us INTEGER NOT NULL, sum INTEGER NOT NULL, UNIQUE(subscription, sequence)) STRICT",
};

/// The name of the table or index that a statement makes.
std::string_view name_of(std::string_view statement) {
  constexpr std::string_view unique_index = "CREATE UNIQUE INDEX ";
  constexpr std::string_view index = "CREATE INDEX ";
  constexpr std::string_view table = "CREATE TABLE ";
  for (const auto prefix : {unique_index, index, table}) {
    if (!statement.starts_with(prefix)) continue;
    statement.remove_prefix(prefix.size());
    return statement.substr(0, statement.find_first_of(" ("));
  }
  return {};
}

}  // namespace

void migrate(SQLite::Database& database) {
  const int version = database.execAndGet("PRAGMA user_version").getInt();
  if (version == static_cast<int>(schema_version)) return;
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  if (version < 1) {
    for (const char* statement : version_1) database.exec(statement);
    database.exec("PRAGMA application_id = " + std::to_string(application_id));
  }
  database.exec("PRAGMA user_version = " + std::to_string(schema_version));
  transaction.commit();
}

std::string difference_of_schema(SQLite::Database& database) {
  std::size_t found = 0;
  SQLite::Statement entries(database, "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL");
  while (entries.executeStep()) {
    const std::string name = entries.getColumn(0).getString();
    const std::string sql = entries.getColumn(1).getString();
    const auto expected = std::find_if(version_1.begin(), version_1.end(),
                                       [&name](const char* statement) { return name_of(statement) == name; });
    if (expected == version_1.end()) return "it has a table, index, view or trigger " + name + " that is not ours";
    if (sql != *expected) return "its table or index " + name + " was changed";
    ++found;
  }
  return found == version_1.size() ? std::string{} : "a table or index is missing";
}

std::string read_meta(SQLite::Database& database, const std::string& key) {
  SQLite::Statement query(database, "SELECT value FROM meta WHERE key = ?");
  query.bind(1, key);
  return query.executeStep() ? query.getColumn(0).getString() : std::string{};
}

void write_meta(SQLite::Database& database, const std::string& key, const std::string& value) {
  SQLite::Statement query(database,
                          "INSERT INTO meta(key, value, sum) VALUES(?1, ?2, record_sum(?1, ?2)) "
                          "ON CONFLICT(key) DO UPDATE SET value = excluded.value, sum = excluded.sum");
  query.bind(1, key);
  query.bind(2, value);
  query.exec();
}

}  // namespace restante::sidecar
