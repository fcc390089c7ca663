#pragma once
/// \file
/// What an application's database has to be like, and what its errors mean here.

#include <string>
#include <string_view>

#include <restante/error.h>

namespace SQLite {
class Database;
class Exception;
}  // namespace SQLite

namespace restante::detail {

/// The path of the main database; empty if it is in memory or temporary.
std::string path_of(SQLite::Database& database);

[[nodiscard]] bool in_transaction(SQLite::Database& database);

/// Throws Error misconfigured, naming the PRAGMA, if a power cut can take a commit back. `what`: who asks.
void check_durable(SQLite::Database& database, const std::string& what);

/// Makes the table or index that `statement` makes, if it is missing. Throws Error incompatible_version if there is
/// another of that name, and bad_state inside a transaction, whose end could take it away.
void make_table(SQLite::Database& database, std::string_view statement, const std::string& what);

/// Another connection holds what is needed: the same may succeed a moment later.
[[nodiscard]] bool is_busy(const SQLite::Exception& error);
/// The database is at fault, and not what is asked of it: locked, full, out of memory, an I/O error.
[[nodiscard]] bool is_trouble(const SQLite::Exception& error);
/// For trouble: retry_later, or store_failed if waiting does not help. `what` begins the sentence.
Error error_of(const SQLite::Exception& error, SQLite::Database& database, const std::string& what);

}  // namespace restante::detail
