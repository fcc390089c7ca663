#pragma once
/// \file
/// The start of a store, step by step, up to a database that can be used.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sidecar/store/store_files.h"
#include "sidecar/store/store_lock.h"
#include "sidecar/store/store_options.h"

namespace SQLite {
class Database;
}

namespace restante::sidecar {

/// A store that is locked, checked and migrated. Members are released in reverse order: the lock last.
struct OpenStore {
  std::vector<std::string> warnings;
  std::string node;
  StorePaths paths;
  StoreLock lock;
  StoreBudget budget;
  std::unique_ptr<SQLite::Database> database;
};

/// Directory, lock, header, database, schema, node; after a stop without close() also the pages. Throws Error: its code
/// says what can be done. A file that is not ours or is damaged is left as it is.
OpenStore open_store(const StoreOptions& options);

}  // namespace restante::sidecar
