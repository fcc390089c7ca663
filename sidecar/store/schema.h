#pragma once
/// \file
/// The tables, and how older ones become these. docs/storage.md explains them to people.

#include <string>
#include <vector>

namespace SQLite {
class Database;
}

namespace restante::sidecar {

/// Brings an empty database or one of an older version to schema_version, in one transaction. Throws SQLite::Exception.
void migrate(SQLite::Database& database);

/// What differs from the tables as migrate() leaves them, as a sentence; empty if nothing does. A trigger or a view
/// that somebody added counts.
std::string difference_of_schema(SQLite::Database& database);

/// One value of the table `meta`; empty if it is not there.
std::string read_meta(SQLite::Database& database, const std::string& key);
void write_meta(SQLite::Database& database, const std::string& key, const std::string& value);

}  // namespace restante::sidecar
