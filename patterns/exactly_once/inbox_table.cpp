#include "patterns/exactly_once/inbox_table.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "patterns/exactly_once/statement_use.h"

namespace restante::detail {
EffectPlace place_of(std::string_view effect_id) {
  const auto slash = effect_id.rfind('/');
  if (slash != effect_id.npos) {
    const std::string_view digits = effect_id.substr(slash + 1);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    // Only as it would be written back, or two ids would have one place; and with room for the number behind it.
    const bool is_plain = error == std::errc{} && end == digits.data() + digits.size() && number > 0 &&
                          number < INT64_MAX && digits.front() != '0';
    if (is_plain) return {std::string(effect_id.substr(0, slash)), number};
  }
  return {std::string(effect_id), 0};
}

// first to last are done. changed_us: when that was written last, rising; only which rows are the oldest is read from
// it.
const char* const InboxTable::statement =
    "CREATE TABLE restante_inbox(reader TEXT NOT NULL, source TEXT NOT NULL, first INTEGER NOT NULL, "
    "last INTEGER NOT NULL, changed_us INTEGER NOT NULL, PRIMARY KEY(reader, source, first), CHECK(first <= last)) "
    "STRICT, WITHOUT ROWID";

InboxTable::InboxTable(SQLite::Database& database, std::string reader)
    : database_(database),
      reader_(std::move(reader)),
      lock_(database, "DELETE FROM main.restante_inbox WHERE 0"),
      find_(database,
            "SELECT first, last FROM main.restante_inbox WHERE reader = ? AND source = ? AND first <= ? "
            "ORDER BY first DESC LIMIT 1"),
      begins_(database, "SELECT last FROM main.restante_inbox WHERE reader = ? AND source = ? AND first = ?"),
      remove_(database, "DELETE FROM main.restante_inbox WHERE reader = ? AND source = ? AND first = ?"),
      put_(database,
           "INSERT INTO main.restante_inbox(reader, source, first, last, changed_us) VALUES(?1, ?2, ?3, ?4, ?5) "
           "ON CONFLICT DO UPDATE SET last = excluded.last, changed_us = excluded.changed_us") {
  SQLite::Statement newest(database, "SELECT max(changed_us) FROM main.restante_inbox WHERE reader = ?");
  newest.bindNoCopy(1, reader_);
  if (newest.executeStep()) time_us_ = newest.getColumn(0).getInt64();
}

bool InboxTable::add(const EffectPlace& place) {
  const auto& [source, number] = place;
  Range range = range_at_or_before(place);
  if (range.last >= number) return false;
  const bool grows = range.is_there() && range.last == number - 1;
  const Range behind = range_that_begins(source, number + 1);
  if (behind.is_there()) remove(source, behind.first);
  if (!grows) range.first = number;
  if (!grows && !behind.is_there()) ++made_;
  range.last = behind.is_there() ? behind.last : number;
  put(source, range);
  return true;
}

bool InboxTable::contains(const EffectPlace& place) {
  const Range range = range_at_or_before(place);
  return range.is_there() && range.last >= place.number;
}

void InboxTable::lock() { StatementUse(lock_)->exec(); }

std::uint64_t InboxTable::rows() {
  SQLite::Statement count(database_, "SELECT count(*) FROM main.restante_inbox WHERE reader = ?");
  count.bindNoCopy(1, reader_);
  count.executeStep();
  return static_cast<std::uint64_t>(count.getColumn(0).getInt64());
}

std::uint64_t InboxTable::trim(std::uint64_t rows) {
  SQLite::Statement oldest(
      database_,
      "DELETE FROM main.restante_inbox WHERE reader = ?1 AND changed_us <= (SELECT changed_us FROM "
      "main.restante_inbox WHERE reader = ?1 ORDER BY changed_us DESC LIMIT 1 OFFSET ?2)");
  oldest.bindNoCopy(1, reader_);
  oldest.bind(2, static_cast<std::int64_t>(std::min<std::uint64_t>(rows, INT64_MAX)));
  return static_cast<std::uint64_t>(oldest.exec());
}

std::uint64_t InboxTable::clear() {
  SQLite::Statement all(database_, "DELETE FROM main.restante_inbox WHERE reader = ?");
  all.bindNoCopy(1, reader_);
  return static_cast<std::uint64_t>(all.exec());
}

InboxTable::Range InboxTable::range_at_or_before(const EffectPlace& place) {
  StatementUse find(find_);
  find->bindNoCopy(1, reader_);
  find->bindNoCopy(2, place.source);
  find->bind(3, place.number);
  if (!find->executeStep()) return {};
  return {find->getColumn(0).getInt64(), find->getColumn(1).getInt64()};
}

InboxTable::Range InboxTable::range_that_begins(const std::string& source, std::int64_t first) {
  StatementUse begins(begins_);
  begins->bindNoCopy(1, reader_);
  begins->bindNoCopy(2, source);
  begins->bind(3, first);
  if (!begins->executeStep()) return {};
  return {first, begins->getColumn(0).getInt64()};
}

void InboxTable::remove(const std::string& source, std::int64_t first) {
  StatementUse row(remove_);
  row->bindNoCopy(1, reader_);
  row->bindNoCopy(2, source);
  row->bind(3, first);
  row->exec();
}

void InboxTable::put(const std::string& source, const Range& range) {
  StatementUse row(put_);
  row->bindNoCopy(1, reader_);
  row->bindNoCopy(2, source);
  row->bind(3, range.first);
  row->bind(4, range.last);
  row->bind(5, next_time());
  row->exec();
}

/// The clock may be set back, and the newest row must not become the oldest by that.
std::int64_t InboxTable::next_time() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  time_us_ = std::max(time_us_ + 1, std::chrono::duration_cast<std::chrono::microseconds>(now).count());
  return time_us_;
}

}  // namespace restante::detail
