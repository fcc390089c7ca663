#pragma once
/// \file
/// Pages of dead letters.

#include <SQLiteCpp/SQLiteCpp.h>

#include "core/store_effects.h"

namespace restante::sidecar {

/// Reads only; a statement is reset before a call returns. Whether a letter fits its checksum is looked
/// at where its payload is asked for. Throws SQLite::Exception.
class DeadReader {
 public:
  explicit DeadReader(SQLite::Database& database);

  core::DeadReply load(const core::DeadRequest& request);

 private:
  SQLite::Statement letters_;
};

}  // namespace restante::sidecar
