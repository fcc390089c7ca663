#pragma once
/// \file
/// The pump's own connection to the application's database.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>

namespace restante::detail {

/// One message that waits. The views are valid until the next row.
struct OutboxRow {
  std::int64_t id = 0;
  std::optional<std::string_view> topic;  ///< without: of a pipeline
  std::string_view payload;
  std::string_view attributes;  ///< encoded
  std::string_view origin;
};

/// Reads what is committed, in short transactions, and never waits for a lock. One thread at a time. Throws
/// SQLite::Exception.
class OutboxReader {
 public:
  static const char* const table;  ///< the statements that make the table and its index
  static const char* const index;
  static const char* const newest_id;  ///< the query; no row: there never was one

  explicit OutboxReader(const std::string& path);

  /// Whether another connection has committed since the last call.
  bool changed();
  [[nodiscard]] std::int64_t newest();
  [[nodiscard]] std::vector<std::string> streams();
  /// Hands rows of `stream` behind `after` to `take`, in their order, until it returns false. True: all were taken.
  bool rows(const std::string& stream, std::int64_t after, const std::function<bool(const OutboxRow&)>& take);
  [[nodiscard]] bool has(std::int64_t id);
  /// The one thing that it writes. False: another connection is writing.
  bool remove(const std::vector<std::int64_t>& ids);

 private:
  SQLite::Database database_;
  SQLite::Statement version_;
  SQLite::Statement newest_;
  SQLite::Statement stream_;
  SQLite::Statement rows_;
  SQLite::Statement has_;
  std::optional<std::int64_t> seen_version_;
};

/// Removes rows in the transaction of `database` that is open.
void remove_rows(SQLite::Database& database, const std::vector<std::int64_t>& ids);

}  // namespace restante::detail
