#pragma once
/// \file
/// The parts of a transaction as statements.

#include <cstdint>
#include <map>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>

#include "core/store_effects.h"
#include "sidecar/store/row_sweeper.h"

namespace restante::sidecar {

/// Applies transactions; the caller begins and commits. Throws SQLite::Exception, and std::logic_error for a
/// transaction that no table constraint catches and that must not be: core's own fault in each case.
class TransactionWriter {
 public:
  TransactionWriter(SQLite::Database& database, RowSweeper& sweeper);

  /// What is there of each stream that was pruned, in the order of the prunes.
  std::vector<core::Pruned> apply(const core::Transaction& transaction);

  /// Records that go with the subscriptions that `transaction` removes.
  [[nodiscard]] std::uint64_t records_removed(const core::Transaction& transaction);

 private:
  void write_stream(const core::StreamRecord& stream);
  void write_grant(const core::GrantRecord& grant);
  void write_subscription(const core::SubscriptionRecord& subscription);
  void write_rows(const core::Transaction& transaction);
  void write_parked(const core::ParkedRecord& parked);
  void write_dead(const core::DeadRecord& dead);
  void write_gap(const core::GapRecord& gap);
  void write_cursor(const core::CursorRecord& cursor);
  void unpark(const core::Unpark& message);
  void remove(core::SubscriptionId subscription);

  SQLite::Database& database_;
  RowSweeper& sweeper_;
  SQLite::Statement stream_;
  SQLite::Statement sum_stream_;
  SQLite::Statement grant_;  // an id is bound to its range for ever: with another one nothing changes, which is found
  SQLite::Statement close_grant_;
  SQLite::Statement subscription_;
  SQLite::Statement sum_subscription_;
  SQLite::Statement clear_filters_;
  SQLite::Statement filter_;
  SQLite::Statement row_;
  SQLite::Statement count_rows_;
  SQLite::Statement parked_;
  SQLite::Statement known_parked_;
  SQLite::Statement dead_;
  SQLite::Statement raise_;
  SQLite::Statement find_parked_;
  SQLite::Statement unpark_;
  SQLite::Statement gap_;
  SQLite::Statement end_gap_;
  SQLite::Statement cursor_;
  SQLite::Statement keep_clock_;
  SQLite::Statement first_parked_;
  SQLite::Statement count_records_;
  SQLite::Statement remove_parked_;
  SQLite::Statement remove_gaps_;
  SQLite::Statement remove_cursor_;
  SQLite::Statement remove_subscription_;
};

}  // namespace restante::sidecar
