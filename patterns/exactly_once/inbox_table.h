#pragma once
/// \file
/// The set of effect ids that one reader has done, as ranges in a table.

#include <cstdint>
#include <string>
#include <string_view>

#include <SQLiteCpp/SQLiteCpp.h>

namespace restante::detail {

/// Where an effect id belongs: `node/stream/grant/17` is number 17 of the source `node/stream/grant`. An id that does
/// not end in such a number is number 0 of itself. No two ids have the same place.
struct EffectPlace {
  std::string source;
  std::int64_t number = 0;
};
EffectPlace place_of(std::string_view effect_id);

/// One thread, that of the database. Throws SQLite::Exception.
class InboxTable {
 public:
  static const char* const statement;  ///< that makes the table

  InboxTable(SQLite::Database& database, std::string reader);

  /// False if it is there. In a transaction whose write lock is held: it reads and then writes.
  bool add(const EffectPlace& place);
  [[nodiscard]] bool contains(const EffectPlace& place);
  /// How many rows were made by add(); also what a rollback took back.
  [[nodiscard]] std::uint64_t made() const noexcept { return made_; }
  /// Takes the write lock and writes nothing.
  void lock();
  [[nodiscard]] std::uint64_t rows();
  /// Removes all but the `rows` that changed last.
  std::uint64_t trim(std::uint64_t rows);
  std::uint64_t clear();

 private:
  struct Range {
    std::int64_t first = 0;
    std::int64_t last = -1;
    [[nodiscard]] bool is_there() const noexcept { return first <= last; }
  };
  Range range_at_or_before(const EffectPlace& place);
  Range range_that_begins(const std::string& source, std::int64_t first);
  void remove(const std::string& source, std::int64_t first);
  void put(const std::string& source, const Range& range);
  std::int64_t next_time();

  SQLite::Database& database_;
  const std::string reader_;
  SQLite::Statement lock_;
  SQLite::Statement find_;
  SQLite::Statement begins_;
  SQLite::Statement remove_;
  SQLite::Statement put_;
  std::int64_t time_us_ = 0;
  std::uint64_t made_ = 0;
};

}  // namespace restante::detail
