#pragma once
/// \file
/// Removal of pruned rows, a bounded number at a time.

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>

#include "core/store_effects.h"

namespace restante::sidecar {

/// A prune is one number in the table `stream`, committed with the cursor that allows it (PROTOCOL B6). From then on
/// the rows below it count as gone. The rows themselves go in the same commit if they are few, else in this and the
/// following commits: a huge range in one transaction would stop every confirm, and could not be written on a full
/// disk. A crash between them costs nothing, as the number stays and the sweep begins anew.
///
/// Changes are staged with the transaction that the caller has open: call keep() after its commit, undo() after its
/// rollback. Throws SQLite::Exception.
class RowSweeper {
 public:
  static constexpr std::size_t rows_per_commit = 512;

  explicit RowSweeper(SQLite::Database& database);

  /// With bounds of what is kept it removes up to `rows` rows at once. What is there of the stream then.
  core::Pruned prune(const core::Prune& prune, std::size_t rows);

  /// A message is no longer parked: its row goes too if it was pruned and nobody else needs it.
  void revisit(const core::Unpark& message);

  /// What was parked from `from` on no longer is: its rows go as pruned ones do, a part of them with each commit.
  void revisit(core::StreamId stream, Sequence from);

  /// A row was written. If it is below what was pruned, only a parked message can keep it.
  void revisit(const core::RowRecord& row);

  /// Removes up to `rows` pruned rows.
  void sweep(std::size_t rows);

  /// Whether pruned rows may be left.
  [[nodiscard]] bool is_behind() const noexcept { return !behind_.empty(); }

  void keep() { changes_.clear(); }
  void undo();

 private:
  /// Rows of a stream with last in (done_to, to] are still to be looked at. Those below are gone or needed.
  struct Work {
    Sequence done_to = 0;
    Sequence to = 0;
  };
  struct Row {
    std::int64_t id = 0;
    Sequence first = 0;
    Sequence last = 0;
    std::uint64_t octets = 0;
  };

  void prune_kept(const core::Prune& prune, std::size_t rows, core::Pruned& pruned);
  core::Pruned read_book(core::StreamId stream);
  Work& change(core::StreamId stream);
  std::size_t sweep_stream(core::StreamId stream, std::size_t rows);
  void remove(core::StreamId stream, const std::vector<Row>& rows);

  SQLite::Statement prune_;
  SQLite::Statement book_;
  SQLite::Statement oldest_;
  SQLite::Statement held_;
  SQLite::Statement find_;
  SQLite::Statement find_unparked_;
  SQLite::Statement remove_;
  SQLite::Statement account_;
  SQLite::Statement sum_;
  std::map<core::StreamId, Work> work_;
  std::set<core::StreamId> behind_;                       // all streams with rows to look at, and perhaps some without
  std::vector<std::pair<core::StreamId, Work>> changes_;  // what was before, since the last keep()
};

}  // namespace restante::sidecar
