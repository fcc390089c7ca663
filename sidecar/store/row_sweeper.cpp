#include "sidecar/store/row_sweeper.h"

#include <algorithm>
#include <stdexcept>

#include "sidecar/store/record_sum.h"
#include "sidecar/store/sql_query.h"

namespace restante::sidecar {

RowSweeper::RowSweeper(SQLite::Database& database)
    : prune_(database, "UPDATE stream SET pruned_to = max(pruned_to, ?2) WHERE id = ?1"),
      find_(database,
            "SELECT id, first, last, length(octets) FROM batch AS b WHERE stream = ?1 AND first >= coalesce("
            "(SELECT first FROM batch WHERE stream = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1), 0) "
            "AND first <= ?3 AND last > ?2 AND last <= ?3 AND NOT EXISTS("
            "SELECT 1 FROM parked WHERE stream = ?1 AND sequence BETWEEN b.first AND b.last) ORDER BY first LIMIT ?4"),
      find_unparked_(database,
                     "SELECT b.id, b.first, b.last, length(b.octets), s.id FROM subscription AS u "
                     "JOIN stream AS s ON s.id = u.stream JOIN batch AS b ON b.id = (SELECT id FROM batch "
                     "WHERE stream = u.stream AND first <= ?2 ORDER BY first DESC LIMIT 1) "
                     "WHERE u.id = ?1 AND b.last >= ?2 AND b.last <= s.pruned_to AND NOT EXISTS("
                     "SELECT 1 FROM parked WHERE stream = s.id AND sequence BETWEEN b.first AND b.last)"),
      remove_(database, "DELETE FROM batch WHERE id = ?1"),
      account_(database,
               "UPDATE stream SET row_count = row_count - ?2, sequence_count = sequence_count - ?3, "
               "octet_count = octet_count - ?4 WHERE id = ?1"),
      sum_(database, sum_stream_sql) {
  // How far an earlier run came is not known: each stream is looked through once.
  SQLite::Statement pruned(database, "SELECT id, pruned_to FROM stream WHERE pruned_to > 0");
  SqlQuery query(pruned);
  while (query.next()) {
    work_[query.number(0)].to = query.natural(1);
    behind_.insert(query.number(0));
  }
}

RowSweeper::Work& RowSweeper::change(core::StreamId stream) {
  Work& work = work_[stream];
  changes_.emplace_back(stream, work);
  behind_.insert(stream);
  return work;
}

void RowSweeper::undo() {
  for (; !changes_.empty(); changes_.pop_back()) {
    const auto& [stream, before] = changes_.back();
    work_[stream] = before;
    behind_.insert(stream);
  }
}

void RowSweeper::prune(const core::Prune& prune) {
  const Sequence to = std::min(prune.to, sequence_end);
  if (SqlQuery(prune_).with(prune.stream).with(to).run() == 0) {
    throw std::logic_error("a prune is of a stream that is not there");
  }
  SqlQuery(sum_).with(prune.stream).run();
  Work& work = change(prune.stream);
  work.to = std::max(work.to, to);
}

void RowSweeper::revisit(const core::RowRecord& row) {
  const auto work = work_.find(row.stream);
  if (work == work_.end() || row.last > work->second.done_to) return;
  change(row.stream).done_to = row.first - 1;
}

void RowSweeper::revisit(core::StreamId stream, Sequence from) {
  const auto work = work_.find(stream);
  if (work == work_.end() || from > work->second.done_to) return;
  change(stream).done_to = from - 1;
}

void RowSweeper::revisit(const core::Unpark& message) {
  core::StreamId stream = 0;
  std::vector<Row> rows;
  if (SqlQuery query(find_unparked_); query.with(message.subscription).with(message.sequence).next()) {
    rows.push_back({query.number(0), query.natural(1), query.natural(2), query.natural(3)});
    stream = query.number(4);
  }
  remove(stream, rows);
}

void RowSweeper::sweep(std::size_t rows) {
  while (rows > 0 && !behind_.empty()) rows -= sweep_stream(*behind_.begin(), rows);
}

std::size_t RowSweeper::sweep_stream(core::StreamId stream, std::size_t rows) {
  Work& work = change(stream);
  std::vector<Row> found;
  if (work.done_to < work.to) {
    SqlQuery query(find_);
    query.with(stream).with(work.done_to).with(work.to).with(std::uint64_t{rows});
    while (query.next()) found.push_back({query.number(0), query.natural(1), query.natural(2), query.natural(3)});
  }
  remove(stream, found);
  if (found.size() == rows) {
    work.done_to = found.back().last;
  } else {
    work.done_to = work.to;
    behind_.erase(stream);
  }
  return found.size();
}

void RowSweeper::remove(core::StreamId stream, const std::vector<Row>& rows) {
  if (rows.empty()) return;
  std::uint64_t sequences = 0;
  std::uint64_t octets = 0;
  for (const Row& row : rows) {
    SqlQuery(remove_).with(row.id).run();
    sequences += row.last - row.first + 1;
    octets += row.octets;
  }
  SqlQuery(account_).with(stream).with(std::uint64_t{rows.size()}).with(sequences).with(octets).run();
  SqlQuery(sum_).with(stream).run();
}

}  // namespace restante::sidecar
