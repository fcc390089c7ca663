// What an application's database has to be like.

#include <string>

#include <restante/exactly_once.h>
#include <catch2/catch.hpp>

#include "tests/exactly_once/shop.h"

using namespace restante;
using namespace restante::test;

namespace {

std::string refusal(SQLite::Database& database, const InboxOptions& options = {}) {
  try {
    Inbox(database, "billing", options);
    return {};
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::misconfigured);
    return error.what();
  }
}

}  // namespace

TEST_CASE("a database that a power cut can set back is refused, by the name of its setting") {
  Folder folder;
  struct Case {
    const char* settings;
    const char* refused;  // nullptr: taken
  };
  const std::vector<Case> cases{
      {"journal_mode = WAL; PRAGMA synchronous = FULL", nullptr},
      {"journal_mode = WAL; PRAGMA synchronous = EXTRA", nullptr},
      {"journal_mode = WAL; PRAGMA synchronous = NORMAL", "Set PRAGMA synchronous = FULL"},
      {"journal_mode = WAL; PRAGMA synchronous = OFF", "Set PRAGMA synchronous = FULL"},
      {"journal_mode = TRUNCATE; PRAGMA synchronous = FULL", nullptr},
      {"journal_mode = PERSIST; PRAGMA synchronous = NORMAL", "Set PRAGMA synchronous = FULL"},
      {"journal_mode = DELETE; PRAGMA synchronous = EXTRA", nullptr},
      {"journal_mode = DELETE; PRAGMA synchronous = FULL", "PRAGMA journal_mode = WAL, or PRAGMA synchronous = EXTRA"},
      {"journal_mode = MEMORY; PRAGMA synchronous = EXTRA", "Set PRAGMA journal_mode = WAL"},
      {"journal_mode = OFF; PRAGMA synchronous = EXTRA", "Set PRAGMA journal_mode = WAL"},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    INFO(cases[i].settings);
    Shop shop(folder.file(std::to_string(i)), cases[i].settings);
    const std::string text = refusal(shop);
    if (cases[i].refused == nullptr) CHECK(text.empty());
    else CHECK_THAT(text, Catch::Contains(cases[i].refused) && Catch::Contains("inbox billing"));
    CHECK(refusal(shop, {.accept_weak_sync = true}).empty());
  }
}

TEST_CASE("a database in memory is refused, unless that is accepted") {
  SQLite::Database memory(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  CHECK_THAT(refusal(memory), Catch::Contains("in memory only"));
  CHECK(refusal(memory, {.accept_weak_sync = true}).empty());
}

TEST_CASE("a table of another shape and a bad name are refused, a second opening is not") {
  Folder folder;
  Shop shop(folder.file());
  CHECK(refusal(shop).empty());
  CHECK(refusal(shop).empty());
  for (const char* name : {"", "Billing", "a b"}) {
    try {
      Inbox(shop, name);
      FAIL("it was taken");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::bad_argument);
    }
  }
  shop.exec("ALTER TABLE restante_inbox ADD COLUMN more TEXT");
  try {
    Inbox(shop, "billing");
    FAIL("it was taken");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::incompatible_version);
    CHECK_THAT(error.what(), Catch::Contains("restante_inbox"));
  }
}

TEST_CASE("an application that may only read is told so") {
  Folder folder;
  { Shop shop(folder.file()); }
  SQLite::Database reading(folder.file(), SQLite::OPEN_READONLY);
  CHECK_THAT(refusal(reading), Catch::Contains("permissions"));
}
