#pragma once
/// \file
/// The image of a store, read once at its start.

#include "core/store_effects.h"

namespace SQLite {
class Database;
}

namespace restante::sidecar {

/// Everything but the rows themselves: their counts are kept with their streams, so that a start does not read a long
/// backlog. Rows that were pruned and not swept yet are counted. Throws SQLite::Exception; std::runtime_error if a
/// table holds what this program never writes.
core::StoreImage read_image(SQLite::Database& database);

}  // namespace restante::sidecar
