#pragma once
/// \file
/// A prepared statement that is used again and again.

#include <SQLiteCpp/SQLiteCpp.h>

namespace restante::detail {

/// Resets it at the end, also after an error: a statement that is not would keep its transaction open.
class StatementUse {
 public:
  explicit StatementUse(SQLite::Statement& statement) : statement_(statement) {}
  ~StatementUse() { statement_.tryReset(); }
  StatementUse(const StatementUse&) = delete;
  StatementUse& operator=(const StatementUse&) = delete;
  SQLite::Statement* operator->() { return &statement_; }

 private:
  SQLite::Statement& statement_;
};

}  // namespace restante::detail
