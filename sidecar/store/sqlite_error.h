#pragma once
/// \file
/// What SQLite's result codes mean for a store.

#include <string>

#include <restante/error.h>

#include "sidecar/store/store_files.h"

namespace SQLite {
class Database;
class Exception;
}  // namespace SQLite

namespace restante::sidecar {

enum class Fault {
  full,     ///< no space on the disk or in the quota: the file is whole, only this write was not taken
  corrupt,  ///< what was read cannot be right
  failed,   ///< a read, a write or a sync failed, or anything else: nothing can be said about the file
};

/// `database` tells the system's error number behind the code.
Fault fault_of(const SQLite::Exception& error, const SQLite::Database& database);

/// "disk I/O error (code 10, extended 1034, errno 5)".
std::string text_of(const SQLite::Exception& error, const SQLite::Database& database);

/// The Error for a database that cannot be opened.
Error error_of_open(const SQLite::Exception& error, const StorePaths& paths);

}  // namespace restante::sidecar
