#include "sidecar/store/row_reader.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include <sqlite3.h>

#include "sidecar/store/record_sum.h"
#include "sidecar/store/sql_query.h"

namespace restante::sidecar {

RowReader::RowReader(SQLite::Database& database)
    : book_(database, "SELECT pruned_to, newest_row FROM stream WHERE id = ?1"),
      // From the index alone, so that a damaged page of the table costs the rows on it and no others.
      places_(database,
              "SELECT id, first FROM batch INDEXED BY batch_place WHERE stream = ?1 AND first >= coalesce("
              "(SELECT first FROM batch WHERE stream = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1), 0) "
              "AND first <= ?3 ORDER BY first"),
      row_(database,
           "SELECT last, grant_id, stored_prev, octets, first, stored_ms FROM batch WHERE id = ?1 AND stream = ?2"),
      newest_(database,
              "SELECT id, first FROM batch INDEXED BY batch_place WHERE stream = ?1 ORDER BY first DESC LIMIT 1"),
      time_(database, "SELECT stored_ms FROM batch WHERE id = ?1 AND stream = ?2"),
      place_before_(database,
                    "SELECT id, first FROM batch INDEXED BY batch_place WHERE stream = ?1 AND first <= ?2 "
                    "ORDER BY first DESC LIMIT 1"),
      place_after_(database,
                   "SELECT id, first FROM batch INDEXED BY batch_place WHERE stream = ?1 AND first > ?2 "
                   "ORDER BY first LIMIT 1"),
      parked_between_(database,
                      "SELECT DISTINCT sequence FROM parked WHERE stream = ?1 AND sequence >= ?2 AND sequence <= ?3 "
                      "AND octets IS NULL ORDER BY sequence"),
      own_(database,
           "SELECT grant_id, octets FROM parked WHERE subscription = ?1 AND sequence = ?2 AND octets IS NOT NULL"),
      parked_(database,
              std::string("SELECT sequence, grant_id, due_ms, attempts, reason, ") + parked_is_whole_sql +
                  ", history, octets IS NOT NULL FROM parked WHERE subscription = ?1 ORDER BY due_ms, sequence") {}

core::LoadReply RowReader::load(const core::LoadRequest& asked) {
  if (auto own = load_own(asked)) return std::move(*own);
  core::LoadRequest request = asked;
  request.after = std::min(asked.after, sequence_end);
  request.up_to = std::min(asked.up_to, sequence_end);
  if (request.from_ms > 0) request.after = std::max(request.after, before(request.stream, request.from_ms));
  const StreamBook book = book_of(request.stream);
  core::LoadPage page(request, book.pruned_to,
                      [this, &request](Sequence sequence) { return last_of(request.stream, sequence); });
  if (!add_rows(request, book, page)) return page.more();
  const Sequence parked_to = std::min(request.up_to, book.pruned_to);
  return page.end(named_after(request, book), parked_between(request.stream, request.after + 1, parked_to));
}

/// The batch of a parked message that has no row: it was a dead letter.
std::optional<core::LoadReply> RowReader::load_own(const core::LoadRequest& asked) {
  if (asked.parked_of == 0) return std::nullopt;
  SqlQuery query(own_);
  if (!query.with(asked.parked_of).with(asked.up_to).next()) return std::nullopt;
  core::LoadReply reply{asked.number, asked.stream, {}, true, {}, 0};
  reply.rows.push_back({asked.stream, query.natural(0), asked.up_to, asked.up_to, 0, query.octets(1)});
  return reply;
}

/// False if the page is full before its end.
bool RowReader::add_rows(const core::LoadRequest& request, const StreamBook& book, core::LoadPage& page) {
  SqlQuery places(places_);
  places.with(request.stream).with(request.after).with(request.up_to);
  while (places.next()) {
    core::RowRecord row;
    row.stream = request.stream;
    const Sequence first = places.natural(1);
    if (first > request.up_to) continue;  // a damaged number, as they come in order: its successor names it
    if (!read_row(places.number(0), row)) {
      if (!page.takes(0)) return false;
      page.add_unreadable(first);
      continue;
    }
    row.first = first;  // if the row has another one, it is damaged
    if (row.last <= request.after) continue;
    // Pruned, and not swept yet.
    if (row.last <= book.pruned_to && parked_between(request.stream, row.first, row.last).empty()) continue;
    if (!page.takes(row.octets.size())) return false;
    page.add(std::move(row));
  }
  return true;
}

/// False if the pages of the row are damaged, or another stream has it: `row.stream` is that of the caller. A disk that
/// cannot read is another matter, and throws: it may be able to tomorrow, and nothing must be given up for lost before.
bool RowReader::read_row(std::int64_t id, core::RowRecord& row) try {
  SqlQuery query(row_);
  if (!query.with(id).with(row.stream).next()) return false;
  row.last = query.natural(0);
  row.grant = query.natural(1);
  row.stored_prev = query.natural(2);
  row.octets = query.octets(3);
  row.first = query.natural(4);
  row.stored_ms = query.number(5);
  return true;
} catch (const SQLite::Exception& error) {
  if ((error.getErrorCode() & 0xFF) != SQLITE_CORRUPT) throw;
  return false;
}

/// The sequence before the first row that was stored at `from_ms` or later. The clock of rows never goes back, so that
/// halving finds it; a row whose time cannot be read counts as one before.
Sequence RowReader::before(core::StreamId stream, std::int64_t from_ms) {
  SqlQuery newest(newest_);
  if (!newest.with(stream).next()) return 0;
  if (time_of(stream, newest.number(0)) < from_ms) return sequence_end;  // not even a part of the newest
  Sequence behind = 0;                 // rows that begin here or earlier were stored before
  Sequence ahead = newest.natural(1);  // those that begin here or later were not
  while (behind + 1 < ahead) {
    const Sequence middle = behind + (ahead - behind) / 2;
    SqlQuery place(place_before_);
    const bool found = place.with(stream).with(middle).next();
    const Sequence first = found ? place.natural(1) : 0;
    if (first > behind && time_of(stream, place.number(0)) >= from_ms) {
      ahead = first;
    } else {
      behind = middle;
    }
  }
  return ahead - 1;
}

std::int64_t RowReader::time_of(core::StreamId stream, std::int64_t id) try {
  SqlQuery query(time_);
  return query.with(id).with(stream).next() ? query.number(0) : 0;
} catch (const SQLite::Exception& error) {
  if ((error.getErrorCode() & 0xFF) != SQLITE_CORRUPT) throw;
  return 0;
}

RowReader::StreamBook RowReader::book_of(core::StreamId stream) {
  SqlQuery query(book_);
  if (!query.with(stream).next()) return {};
  return {query.natural(0), query.natural(1)};
}

/// Of a row that cannot be read: that it is there. It is reported where it is met. But where the index leads to a row
/// of another place, one of the two is damaged, and the row that is asked for may not be met anywhere.
Sequence RowReader::last_of(core::StreamId stream, Sequence sequence) {
  SqlQuery place(place_before_);
  if (!place.with(stream).with(sequence).next()) return 0;
  core::RowRecord row;
  row.stream = stream;
  if (!read_row(place.number(0), row)) return sequence;
  return row.first == place.natural(1) ? row.last : 0;
}

Sequence RowReader::named_after(const core::LoadRequest& request, const StreamBook& book) {
  SqlQuery place(place_after_);
  if (!place.with(request.stream).with(request.up_to).next()) return book.newest_row;
  core::RowRecord row;
  row.stream = request.stream;
  return read_row(place.number(0), row) ? row.stored_prev : 0;
}

std::vector<Sequence> RowReader::parked_between(core::StreamId stream, Sequence first, Sequence last) {
  std::vector<Sequence> sequences;
  if (first > last) return sequences;
  SqlQuery query(parked_between_);
  query.with(stream).with(first).with(last);
  while (query.next()) sequences.push_back(query.natural(0));
  return sequences;
}

core::ParkedReply RowReader::load(const core::ParkedRequest& request) {
  core::ParkedReply reply;
  reply.number = request.number;
  reply.subscription = request.subscription;
  SqlQuery query(parked_);
  query.with(request.subscription);
  while (query.next()) {
    core::ParkedRecord parked;
    parked.subscription = request.subscription;
    parked.sequence = query.natural(0);
    parked.grant = query.natural(1);
    parked.due_ms = query.number(2);
    parked.attempts = static_cast<std::uint32_t>(query.number(3));
    parked.reason = query.text(4);
    parked.history = query.text(6);
    parked.revived = query.number(7) != 0;
    if (query.number(5) == 0) {
      throw std::runtime_error("the record of a parked message does not fit its checksum: subscription " +
                               std::to_string(request.subscription) + ", sequence " + std::to_string(parked.sequence));
    }
    if (parked.due_ms > request.due_ms || reply.parked.size() == request.count) {
      reply.next_due_ms = parked.due_ms;
      break;
    }
    reply.parked.push_back(std::move(parked));
  }
  return reply;
}

}  // namespace restante::sidecar
