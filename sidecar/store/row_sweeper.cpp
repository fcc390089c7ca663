#include "sidecar/store/row_sweeper.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "sidecar/store/record_sum.h"
#include "sidecar/store/sql_query.h"

namespace restante::sidecar {

RowSweeper::RowSweeper(SQLite::Database& database)
    : prune_(database, "UPDATE stream SET pruned_to = max(pruned_to, ?2) WHERE id = ?1"),
      book_(database, "SELECT pruned_to, row_count, sequence_count, octet_count FROM stream WHERE id = ?1"),
      oldest_(database,
              "SELECT id, first, last, length(octets), stored_ms, EXISTS(SELECT 1 FROM parked WHERE stream = ?1 "
              "AND sequence BETWEEN b.first AND b.last AND parked.octets IS NULL) FROM batch AS b WHERE stream = ?1 "
              "AND first >= coalesce("
              "(SELECT first FROM batch WHERE stream = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1), 0) "
              "AND first <= ?3 AND last > ?2 AND last <= ?3 ORDER BY first LIMIT ?4"),
      held_(database,
            "SELECT coalesce(sum(messages), 0), coalesce(sum(octets), 0) FROM (SELECT last - first + 1 AS messages, "
            "length(octets) AS octets FROM batch WHERE stream = ?1 AND first <= ?2 AND last <= ?2 LIMIT 1024)"),
      find_(database,
            "SELECT id, first, last, length(octets) FROM batch AS b WHERE stream = ?1 AND first >= coalesce("
            "(SELECT first FROM batch WHERE stream = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1), 0) "
            "AND first <= ?3 AND last > ?2 AND last <= ?3 AND NOT EXISTS("
            "SELECT 1 FROM parked WHERE stream = ?1 AND sequence BETWEEN b.first AND b.last AND parked.octets IS NULL) "
            "ORDER BY first LIMIT ?4"),
      find_unparked_(database,
                     "SELECT b.id, b.first, b.last, length(b.octets), s.id FROM subscription AS u "
                     "JOIN stream AS s ON s.id = u.stream JOIN batch AS b ON b.id = (SELECT id FROM batch "
                     "WHERE stream = u.stream AND first <= ?2 ORDER BY first DESC LIMIT 1) "
                     "WHERE u.id = ?1 AND b.last >= ?2 AND b.last <= s.pruned_to AND NOT EXISTS("
                     "SELECT 1 FROM parked WHERE stream = s.id AND sequence BETWEEN b.first AND b.last AND "
                     "parked.octets IS NULL)"),
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

core::Pruned RowSweeper::read_book(core::StreamId stream) {
  SqlQuery query(book_);
  if (!query.with(stream).next()) throw std::logic_error("a prune is of a stream that is not there");
  return {stream, query.natural(0), query.natural(1), query.natural(2), query.natural(3), false};
}

core::Pruned RowSweeper::prune(const core::Prune& prune, std::size_t rows) {
  core::Pruned pruned = read_book(prune.stream);
  core::Prune all = prune;
  if (prune.keep.any()) {
    prune_kept(prune, rows, pruned);
    all.to = pruned.to;
  }
  const Sequence to = std::min(all.to, sequence_end);
  if (SqlQuery(prune_).with(prune.stream).with(to).run() == 0) {
    throw std::logic_error("a prune is of a stream that is not there");
  }
  SqlQuery(sum_).with(prune.stream).run();
  Work& work = change(prune.stream);
  work.to = std::max(work.to, to);
  pruned.to = std::max(pruned.to, to);
  return pruned;
}

/// The oldest rows go as long as the stream has more than it is to keep. A time that is to come is damaged, and would
/// hold up all that is behind it for ever.
void RowSweeper::prune_kept(const core::Prune& prune, std::size_t rows, core::Pruned& pruned) {
  const core::Retention& keep = prune.keep;
  std::vector<Row> going;
  // Without what only parked messages hold, of which no more than 1,024 rows are looked at.
  std::uint64_t left = pruned.messages;
  std::uint64_t left_octets = pruned.octets;
  if (SqlQuery held(held_); held.with(prune.stream).with(pruned.to).next()) {
    left -= std::min(left, held.natural(0));
    left_octets -= std::min(left_octets, held.natural(1));
  }
  std::optional<SqlQuery> query(std::in_place, oldest_);
  query->with(prune.stream).with(pruned.to).with(std::min(prune.to, sequence_end)).with(std::uint64_t{rows});
  std::size_t looked_at = 0;
  bool fits = false;
  while (!fits && query->next()) {
    const Row row{query->number(0), query->natural(1), query->natural(2), query->natural(3)};
    const std::int64_t stored_ms = query->number(4);
    const bool is_old = keep.age_ms != 0 && (stored_ms < prune.now_ms - keep.age_ms || stored_ms > prune.now_ms);
    const std::uint64_t messages = row.last - row.first + 1;
    const bool too_many = (keep.messages != 0 && left >= keep.messages + messages) ||
                          (keep.octets != 0 && left_octets >= keep.octets + row.octets);
    fits = !is_old && !too_many;
    if (fits) continue;
    ++looked_at;
    pruned.to = row.last;
    left -= std::min(left, messages);
    left_octets -= std::min(left_octets, row.octets);
    if (query->number(5) != 0) continue;  // a parked message needs it
    going.push_back(row);
    pruned.rows -= 1;
    pruned.messages -= messages;
    pruned.octets -= row.octets;
  }
  query.reset();
  pruned.more = looked_at == rows;
  remove(prune.stream, going);
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
