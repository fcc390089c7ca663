#pragma once
/// \file
/// Making and opening the one database of a store.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/messages.h"
#include "sidecar/store/store_files.h"

namespace SQLite {
class Database;
}

namespace restante::sidecar {

/// Makes a new database with a fresh incarnation, whole or not at all: it gets its name only when it is complete and
/// synced. Throws Error.
void create_database(const StorePaths& paths, const std::string& node, std::uint32_t page_size);

/// Opens the database that check_header() has passed, with every setting read back. The only connection there may ever
/// be: SQLite 3.40 can damage a database in WAL mode that two connections write and checkpoint. Throws Error.
std::unique_ptr<SQLite::Database> open_database(const StorePaths& paths);

/// Applies and reads back what depends on the budget: the log is cut to `wal_cap` octets whenever it begins anew.
void set_log_limit(SQLite::Database& database, std::uint64_t wal_cap);

/// Leaves the log as it is when the connection is closed: after a fault nothing may be copied from it or removed.
void keep_log_on_close(SQLite::Database& database, bool keep);

/// 32 hex digits and back; nothing if they are not.
std::string incarnation_text(const core::Incarnation& incarnation);
std::optional<core::Incarnation> incarnation_of(const std::string& text);

}  // namespace restante::sidecar
