#pragma once
/// \file
/// Checksums of the small records: SQLite has none, and a bit that turns in a cursor would lose messages in silence.

#include <string>

namespace SQLite {
class Database;
}

namespace restante::sidecar {

/// Makes the SQL function record_sum(...) known to this connection: CRC-32C over the type, size and octets of its
/// arguments, in order. Every table of records has a column `sum` that is written with it. (Rows of messages have the
/// checksum of their batch.) Throws SQLite::Exception.
void add_record_sum(SQLite::Database& database);

/// Of a row of table `stream`, which several statements change: each is followed by this. Parameter 1 is the id.
extern const char* const sum_stream_sql;
/// Of a row of table `subscription` and its filters. Parameter 1 is the id.
extern const char* const sum_subscription_sql;
/// Is what a row of table `parked` says whole? For a SELECT list; 1 or 0.
extern const char* const parked_is_whole_sql;
/// The same of table `dead`.
extern const char* const dead_is_whole_sql;

/// The first row whose sum does not fit, as a sentence; empty if there is none. Reads all tables but those of messages
/// and of dead letters.
std::string complaint_of_sums(SQLite::Database& database);
/// The same of the dead letters.
std::string complaint_of_dead(SQLite::Database& database);

}  // namespace restante::sidecar
