#pragma once
/// \file
/// One use of a prepared statement.

#include <cstdint>
#include <string>
#include <string_view>

#include <SQLiteCpp/SQLiteCpp.h>

#include "core/buffer.h"

namespace restante::sidecar {

/// The highest sequence that a column can hold: "no end".
inline constexpr std::uint64_t sequence_end = (std::uint64_t{1} << 63) - 1;

/// Binds in order, steps, and resets at the end of its scope, however it ends: a statement left open would hold the log
/// back. What is bound must outlive it; nothing is copied. Throws SQLite::Exception.
class SqlQuery {
 public:
  explicit SqlQuery(SQLite::Statement& statement) : statement_(statement) {}
  ~SqlQuery() { statement_.tryReset(); }
  SqlQuery(const SqlQuery&) = delete;
  SqlQuery& operator=(const SqlQuery&) = delete;

  SqlQuery& with(std::int64_t number) {
    statement_.bind(++bound_, number);
    return *this;
  }
  /// Two's complement: ids above 2^63 show as negative numbers.
  SqlQuery& with(std::uint64_t number) { return with(static_cast<std::int64_t>(number)); }
  SqlQuery& with(std::uint32_t number) { return with(std::int64_t{number}); }
  SqlQuery& with(const std::string& text) {
    statement_.bindNoCopy(++bound_, text);
    return *this;
  }
  SqlQuery& with_octets(std::string_view octets) {
    // A null address would be bound as NULL, not as a blob without octets.
    statement_.bindNoCopy(++bound_, octets.empty() ? "" : octets.data(), static_cast<int>(octets.size()));
    return *this;
  }

  /// Runs a statement that gives no rows. Returns the number of rows that it changed.
  std::int64_t run() { return statement_.exec(); }
  /// The next row, if there is one.
  bool next() { return statement_.executeStep(); }

  [[nodiscard]] std::int64_t number(int column) const { return statement_.getColumn(column).getInt64(); }
  [[nodiscard]] std::uint64_t natural(int column) const { return static_cast<std::uint64_t>(number(column)); }
  [[nodiscard]] std::string text(int column) const { return statement_.getColumn(column).getString(); }
  [[nodiscard]] bool is_null(int column) const { return statement_.isColumnNull(column); }
  [[nodiscard]] core::Buffer octets(int column) const {
    const SQLite::Column blob = statement_.getColumn(column);
    return core::Buffer::copy_of({static_cast<const char*>(blob.getBlob()), static_cast<std::size_t>(blob.getBytes())});
  }

 private:
  SQLite::Statement& statement_;
  int bound_ = 0;
};

}  // namespace restante::sidecar
