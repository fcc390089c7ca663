/// \file
/// Which directories and files a store is opened from, and with which settings.

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include <SQLiteCpp/SQLiteCpp.h>
#include <catch2/catch.hpp>

#include "sidecar/store/database.h"
#include "tests/sidecar/store_contract.h"

using namespace restante;
using namespace restante::sidecar;
using Catch::Matchers::Contains;

namespace {

namespace fs = std::filesystem;

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

std::string contents_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const fs::path& path, const std::string& octets) {
  std::ofstream(path, std::ios::binary) << octets;
  REQUIRE(::chmod(path.c_str(), 0600) == 0);
}

/// A store of node "here" with one row, closed.
void make_store(const fs::path& directory) {
  SqliteStore store(options_for(directory));
  store.commit(first_transaction());
  store.commit(rows_of(1, 1, 200, 1000));
}

/// Expects that the store is refused and its database left alone; returns why.
Error refused_untouched(const fs::path& directory) {
  const std::string before = contents_of(directory / "restante.db");
  const auto refusal = refusal_of(options_for(directory));
  REQUIRE(refusal);
  CHECK(contents_of(directory / "restante.db") == before);
  CHECK_THAT(refusal->what(), Contains(directory.string()));
  return *refusal;
}

}  // namespace

TEST_CASE("a store makes its directory and lets nobody else in", "[store]") {
  const TemporaryDirectory place;
  const fs::path directory = place.path() / "state" / "restante";
  SqliteStore store(options_for(directory.string() + "/"));
  store.commit(first_transaction());
  CHECK(store.directory() == directory);
  CHECK(store.node() == "here");
  CHECK(mode_of(directory) == 0700);
  for (const char* name : {"restante.db", "restante.db-wal", "restante.lock", "restante.ballast"}) {
    INFO(name);
    CHECK(mode_of(directory / name) == 0600);
  }
  CHECK_FALSE(fs::exists(directory / "restante.db-shm"));
}

TEST_CASE("a store that was closed is one database, free to be copied", "[store]") {
  const TemporaryDirectory place;
  make_store(place.path());
  CHECK_FALSE(fs::exists(place.path() / "restante.db-wal"));
  CHECK(ask_sql(place.path(), "SELECT value FROM meta WHERE key = 'clean'") == "yes");
  CHECK(ask_sql(place.path(), "SELECT count(*) FROM batch") == "200");
  const SqliteStore again(options_for(place.path()));
  CHECK(again.warnings().empty());
}

TEST_CASE("a second sidecar is refused and told who has the store", "[store]") {
  const TemporaryDirectory place;
  SqliteStore store(options_for(place.path()));
  const auto refusal = refusal_of(options_for(place.path()));
  REQUIRE(refusal);
  CHECK(refusal->code() == ErrorCode::held_elsewhere);
  CHECK_THAT(refusal->what(), Contains("process " + std::to_string(::getpid()) + " since 2"));
  CHECK(store.holds_lock());
  store.commit(first_transaction());
  store.close();
  CHECK_FALSE(store.holds_lock());
  CHECK_FALSE(refusal_of(options_for(place.path())));
}

TEST_CASE("a store notices that its lock was taken away", "[store]") {
  const TemporaryDirectory place;
  const SqliteStore store(options_for(place.path()));
  fs::remove(place.path() / "restante.lock");
  CHECK_FALSE(store.holds_lock());
  write_file(place.path() / "restante.lock", "process 1 since ever\n");
  CHECK_FALSE(store.holds_lock());
}

TEST_CASE("no other program gets into an open store", "[store]") {
  const TemporaryDirectory place;
  SqliteStore store(options_for(place.path()));
  const pid_t child = ::fork();  // in a process of its own: closing its descriptor would drop our locks here
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      ask_sql(place.path(), "SELECT count(*) FROM batch");
      ::_exit(0);
    } catch (const SQLite::Exception& error) {
      ::_exit(error.getErrorCode());
    }
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WEXITSTATUS(status) == 5);  // SQLITE_BUSY
  store.commit(first_transaction());
}

TEST_CASE("a store belongs to one node", "[store]") {
  const TemporaryDirectory place;
  StoreOptions options = options_for(place.path());
  options.node.clear();
  SECTION("a new one needs a name") {
    const auto refusal = refusal_of(options);
    REQUIRE(refusal);
    CHECK(refusal->code() == ErrorCode::bad_argument);
  }
  SECTION("a new one takes the default, an old one keeps its own") {
    options.default_node = "by-default";
    CHECK(SqliteStore(options).node() == "by-default");
    options.default_node = "another";
    CHECK(SqliteStore(options).node() == "by-default");
  }
  SECTION("another one is refused") {
    make_store(place.path());
    options.node = "there";
    const auto refusal = refusal_of(options);
    REQUIRE(refusal);
    CHECK(refusal->code() == ErrorCode::misconfigured);
    CHECK_THAT(refusal->what(), Contains("\"here\"") && Contains("\"there\""));
  }
}

TEST_CASE("two stores never have the same incarnation", "[store]") {
  const TemporaryDirectory place;
  SqliteStore one(options_for(place.path() / "one"));
  SqliteStore two(options_for(place.path() / "two"));
  CHECK(one.image().incarnation != two.image().incarnation);
}

TEST_CASE("a database of another program is refused and left alone", "[store]") {
  const TemporaryDirectory place;
  {
    SQLite::Database recipes((place.path() / "restante.db").string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    recipes.exec("CREATE TABLE recipe(name TEXT); PRAGMA application_id = 1234");
  }
  REQUIRE(::chmod((place.path() / "restante.db").c_str(), 0600) == 0);
  const Error refusal = refused_untouched(place.path());
  CHECK(refusal.code() == ErrorCode::misconfigured);
  CHECK_THAT(refusal.what(), Contains("another program"));
}

TEST_CASE("a file that is no database is refused and left alone", "[store]") {
  const TemporaryDirectory place;
  write_file(place.path() / "restante.db", "Dear diary, today I was no database.\n");
  CHECK(refused_untouched(place.path()).code() == ErrorCode::misconfigured);
}

TEST_CASE("a database that was cut off is refused and left alone", "[store]") {
  const TemporaryDirectory place;
  make_store(place.path());
  const std::string whole = contents_of(place.path() / "restante.db");
  for (const std::size_t left : {whole.size() / 2, whole.size() - 1, 4096UL, 50UL, 0UL}) {
    write_file(place.path() / "restante.db", whole.substr(0, left));
    const Error refusal = refused_untouched(place.path());
    CHECK(refusal.code() == ErrorCode::store_failed);
    CHECK_THAT(refusal.what(), Contains("cut off") && Contains("backup"));
  }
  write_file(place.path() / "restante.db", whole);
  SqliteStore store(options_for(place.path()));
  CHECK(load_all(store).rows.size() == 200);
}

TEST_CASE("a log without its database is refused and left alone", "[store]") {
  const TemporaryDirectory place;
  write_file(place.path() / "restante.db-wal", std::string(5000, 'x'));
  CHECK(refused_untouched(place.path()).code() == ErrorCode::store_failed);
  write_file(place.path() / "restante.db", "");
  CHECK(refused_untouched(place.path()).code() == ErrorCode::store_failed);
  CHECK(contents_of(place.path() / "restante.db-wal").size() == 5000);
}

TEST_CASE("a database that is gone is no reason to begin with a new one in its place", "[store]") {
  const TemporaryDirectory place;
  make_store(place.path());
  fs::remove(place.path() / "restante.db");
  const auto refusal = refusal_of(options_for(place.path()));
  REQUIRE(refusal);
  CHECK(refusal->code() == ErrorCode::store_failed);
  CHECK_THAT(refusal->what(), Contains("restante.db") && Contains("gone") && Contains("restante.ballast"));
  CHECK_FALSE(fs::exists(place.path() / "restante.db"));
}

TEST_CASE("a store of a newer version is refused and left alone", "[store]") {
  const TemporaryDirectory place;
  make_store(place.path());
  run_sql(place.path(), "PRAGMA user_version = 101");
  const Error refusal = refused_untouched(place.path());
  CHECK(refusal.code() == ErrorCode::incompatible_version);
  CHECK_THAT(refusal.what(), Contains("101"));
}

TEST_CASE("tables that somebody changed are refused", "[store]") {
  const TemporaryDirectory place;
  make_store(place.path());
  SECTION("a trigger") { run_sql(place.path(), "CREATE TRIGGER t AFTER INSERT ON batch BEGIN DELETE FROM dead; END"); }
  SECTION("a view") { run_sql(place.path(), "CREATE VIEW v AS SELECT 1"); }
  SECTION("a column") { run_sql(place.path(), "ALTER TABLE stream ADD COLUMN colour TEXT"); }
  SECTION("a missing index") { run_sql(place.path(), "DROP INDEX parked_row"); }
  CHECK(refused_untouched(place.path()).code() == ErrorCode::store_failed);
}

TEST_CASE("a store whose own record is damaged is refused, and told which record of which store", "[store]") {
  const TemporaryDirectory place;
  make_store(place.path());
  std::string record = "incarnation";
  SECTION("other letters") { run_sql(place.path(), "UPDATE meta SET value = 'g' || value WHERE key = 'incarnation'"); }
  SECTION("another key") { run_sql(place.path(), "UPDATE meta SET key = 'incarnatioo' WHERE key = 'incarnation'"); }
  SECTION("no node") {
    run_sql(place.path(), "DELETE FROM meta WHERE key = 'node'");
    record = "node";
  }
  const Error refusal = refused_untouched(place.path());
  CHECK(refusal.code() == ErrorCode::store_failed);
  CHECK_THAT(refusal.what(), Contains("restante.db") && Contains("table meta") && Contains(record));
}

TEST_CASE("links are not followed", "[store]") {
  const TemporaryDirectory place;
  const fs::path store = place.path() / "store";
  make_store(place.path() / "other");
  fs::create_directory(store);
  REQUIRE(::chmod(store.c_str(), 0700) == 0);
  const fs::path target = place.path() / "other" / "restante.db";
  SECTION("a symbolic link as database") { fs::create_symlink(target, store / "restante.db"); }
  SECTION("a hard link as database") { fs::create_hard_link(target, store / "restante.db"); }
  SECTION("a symbolic link as lock") { fs::create_symlink(target, store / "restante.lock"); }
  SECTION("a symbolic link as log") { fs::create_symlink(target, store / "restante.db-wal"); }
  SECTION("a symbolic link as ballast") { fs::create_symlink(target, store / "restante.ballast"); }
  SECTION("a directory as database") { fs::create_directory(store / "restante.db"); }
  const std::string before = contents_of(target);
  const auto refusal = refusal_of(options_for(store));
  REQUIRE(refusal);
  CHECK(refusal->code() == ErrorCode::denied);
  CHECK(contents_of(target) == before);
}

TEST_CASE("a directory may be reached by a symbolic link", "[store]") {
  const TemporaryDirectory place;
  fs::create_directory_symlink(place.path() / "real", place.path() / "link");
  make_store(place.path() / "real");
  const SqliteStore store(options_for(place.path() / "link"));
  CHECK(store.directory() == place.path() / "real");
}

TEST_CASE("directories that cannot hold a store are refused", "[store]") {
  const TemporaryDirectory place;
  StoreOptions options = options_for(place.path() / "store");
  ErrorCode expected = ErrorCode::misconfigured;
  SECTION("no name") {
    options.directory.clear();
    expected = ErrorCode::bad_argument;
  }
  SECTION("a file") { write_file(options.directory, "a file"); }
  SECTION("below a file") {
    write_file(options.directory, "a file");
    options.directory += "/store";
  }
  SECTION("others may write it") {
    fs::create_directory(options.directory);
    REQUIRE(::chmod(options.directory.c_str(), 0770) == 0);
    expected = ErrorCode::denied;
  }
  SECTION("a quota that holds nothing") {
    options.quota = quota_min - 1;
    expected = ErrorCode::bad_argument;
  }
  const auto refusal = refusal_of(options);
  REQUIRE(refusal);
  CHECK(refusal->code() == expected);
}

TEST_CASE("a directory of another user, or without leave to write, is refused", "[store]") {
  constexpr uid_t nobody = 65534;
  const TemporaryDirectory place;
  const fs::path directory = place.path() / "store";
  fs::create_directory(directory);
  if (::geteuid() != 0) {
    REQUIRE(::chmod(directory.c_str(), 0500) == 0);
    CHECK(refusal_of(options_for(directory)).value().code() == ErrorCode::misconfigured);
    return;
  }
  REQUIRE(::chmod(place.path().c_str(), 0755) == 0);
  REQUIRE(::chmod(directory.c_str(), 0500) == 0);
  REQUIRE(::chown(directory.c_str(), nobody, nobody) == 0);
  CHECK(refusal_of(options_for(directory)).value().code() == ErrorCode::denied);
  const pid_t child = ::fork();  // root may write anything
  REQUIRE(child >= 0);
  if (child == 0) {
    if (::setresuid(nobody, nobody, nobody) != 0) ::_exit(100);
    const auto refusal = refusal_of(options_for(directory));
    ::_exit(refusal ? static_cast<int>(refusal->code()) : 101);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WEXITSTATUS(status) == static_cast<int>(ErrorCode::misconfigured));
}

TEST_CASE("what an unfinished start left behind is cleared away", "[store]") {
  const TemporaryDirectory place;
  write_file(place.path() / "restante.db.new", "half a database");
  write_file(place.path() / "restante.db.new-journal", "half a journal");
  SqliteStore store(options_for(place.path()));
  CHECK_FALSE(fs::exists(place.path() / "restante.db.new"));
  CHECK_FALSE(fs::exists(place.path() / "restante.db.new-journal"));
}

TEST_CASE("SQLite runs with the settings that the promises need", "[store]") {
  const TemporaryDirectory place;
  const StorePaths paths(place.path());
  create_database(paths, "here", page_size_for(limits::store_quota));
  const auto database = open_database(paths);
  const auto pragma = [&](const std::string& name) { return database->execAndGet("PRAGMA " + name).getString(); };
  CHECK(pragma("journal_mode") == "wal");
  CHECK(pragma("synchronous") == "2");
  CHECK(pragma("locking_mode") == "exclusive");
  CHECK(pragma("secure_delete") == "2");
  CHECK(pragma("auto_vacuum") == "2");
  CHECK(pragma("page_size") == "16384");
  CHECK(pragma("foreign_keys") == "1");
  CHECK(pragma("trusted_schema") == "0");
  CHECK(pragma("cell_size_check") == "1");
  CHECK(pragma("mmap_size") == "0");
  CHECK(pragma("wal_autocheckpoint") == "0");
  CHECK(pragma("application_id") == std::to_string(0x52737431));
  CHECK(pragma("user_version") == "1");
  CHECK_THROWS(database->exec("ATTACH ':memory:' AS other"));
  CHECK_THROWS(database->exec("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema"));
  CHECK_THROWS(database->exec("CREATE TABLE t(x) STRICT"));  // no type
}

TEST_CASE("damage that comes while no sidecar runs is found at the start", "[store]") {
  const TemporaryDirectory place;
  {
    SqliteStore store(options_for(place.path()));
    core::Transaction parked = first_transaction();
    parked.rows = {row_of(1, 1, 1, 0)};
    parked.parked = {parked_of(1, 1, 5)};
    store.commit(parked);
  }
  const auto database = place.path() / "restante.db";
  const std::string root = ask_sql(place.path(), "SELECT rootpage FROM sqlite_schema WHERE name = 'parked'");
  const std::string page_size = ask_sql(place.path(), "PRAGMA page_size");
  {
    std::fstream file(database, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp((std::stol(root) - 1) * std::stol(page_size));
    file << std::string(std::stoul(page_size), '\0');
  }
  const auto size = std::filesystem::file_size(database);
  const auto refusal = refusal_of(options_for(place.path()));
  REQUIRE(refusal);
  CHECK(refusal->code() == ErrorCode::store_failed);
  CHECK_THAT(refusal->what(), Contains("othing was deleted"));
  CHECK(std::filesystem::file_size(database) == size);
}
