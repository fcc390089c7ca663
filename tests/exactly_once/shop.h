#pragma once
/// \file
/// An application's database in a folder of its own, and the work that the tests have it do: counting.

#include <filesystem>
#include <string>

#include <SQLiteCpp/SQLiteCpp.h>

#include "tests/patterns/link_fixture.h"

namespace restante::test {

class Folder {
 public:
  [[nodiscard]] std::string file(const std::string& name = "shop.db") const { return place_.file(name); }

 private:
  link::test::Place place_;
};

/// As an application opens it: a log, and each commit synced.
class Shop : public SQLite::Database {
 public:
  explicit Shop(const std::string& path, const std::string& settings = "journal_mode = WAL", int busy_ms = 0)
      : SQLite::Database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, busy_ms) {
    exec("PRAGMA synchronous = FULL");
    if (!settings.empty()) exec("PRAGMA " + settings);
    exec("CREATE TABLE IF NOT EXISTS done(payload TEXT PRIMARY KEY, times INTEGER NOT NULL)");
  }

  void count(std::string_view payload) {
    SQLite::Statement insert(*this, "INSERT INTO done VALUES(?, 1) ON CONFLICT DO UPDATE SET times = times + 1");
    insert.bind(1, std::string(payload));
    insert.exec();
  }
  [[nodiscard]] int times(const std::string& payload) {
    SQLite::Statement query(*this, "SELECT times FROM done WHERE payload = ?");
    query.bind(1, payload);
    return query.executeStep() ? query.getColumn(0).getInt() : 0;
  }
  [[nodiscard]] int number(const std::string& sql) { return execAndGet(sql).getInt(); }
};

}  // namespace restante::test
