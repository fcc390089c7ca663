#include "sidecar/store/database.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <utility>

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <restante/error.h>
#include <restante/limits.h>

#include "sidecar/store/record_sum.h"
#include "sidecar/store/schema.h"
#include "sidecar/store/sqlite_error.h"
#include "sidecar/store/wall_clock.h"

namespace restante::sidecar {
namespace {

struct Setting {
  const char* name;
  const char* value;  // nullptr: only read
  const char* read_back;
};

#ifdef RESTANTE_PLANT_COMMIT_WITHOUT_SYNC  // what tests/campaigns/power.py must notice; never for use
constexpr const char* synchronous = "NORMAL";
constexpr const char* synchronous_read_back = "1";
#else
constexpr const char* synchronous = "FULL";
constexpr const char* synchronous_read_back = "2";
#endif

// In this order. EXCLUSIVE before anything reads the file: then the index of the log is in memory, there is no -shm
// file, and no other process gets in. RELIABILITY.md section 3 has the reason of each.
constexpr std::array settings{
    Setting{"locking_mode", "EXCLUSIVE", "exclusive"},
    Setting{"trusted_schema", "OFF", "0"},
    Setting{"cell_size_check", "ON", "1"},
    Setting{"mmap_size", "0", "0"},
    Setting{"temp_store", "MEMORY", "2"},
    Setting{"cache_size", "-8192", "-8192"},  // 8 MiB: two group commits, so that one never spills before its commit
    Setting{"journal_mode", "WAL", "wal"},
    Setting{"synchronous", synchronous, synchronous_read_back},
    Setting{"secure_delete", "FAST", "2"},
    Setting{"foreign_keys", "ON", "1"},
    Setting{"wal_autocheckpoint", "0", "0"},
    Setting{"auto_vacuum", nullptr, "2"},
};

struct Limit {
  int id;
  int value;
};

// Room for what we do and for little else, should the file hold something that we did not put there.
constexpr std::array sqlite_limits{
    Limit{SQLITE_LIMIT_LENGTH, static_cast<int>(limits::transaction_octets)},  // a frame, or a very ragged cursor
    Limit{SQLITE_LIMIT_SQL_LENGTH, 64 << 10},
    Limit{SQLITE_LIMIT_COLUMN, 32},
    Limit{SQLITE_LIMIT_EXPR_DEPTH, 32},
    Limit{SQLITE_LIMIT_COMPOUND_SELECT, 4},
    Limit{SQLITE_LIMIT_VDBE_OP, 25000},
    Limit{SQLITE_LIMIT_FUNCTION_ARG, 32},
    Limit{SQLITE_LIMIT_ATTACHED, 0},
    Limit{SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 64},
    Limit{SQLITE_LIMIT_VARIABLE_NUMBER, 32},
    Limit{SQLITE_LIMIT_TRIGGER_DEPTH, 0},
    Limit{SQLITE_LIMIT_WORKER_THREADS, 0},
};

void configure(SQLite::Database& database, int option, int value) {
  int is_now = 0;
  const int code = sqlite3_db_config(database.getHandle(), option, value, &is_now);
  if (code != SQLITE_OK || is_now != value) {
    throw Error(ErrorCode::store_failed,
                "cannot open the store: SQLite does not take its option " + std::to_string(option));
  }
}

void harden(SQLite::Database& database) {
  configure(database, SQLITE_DBCONFIG_DEFENSIVE, 1);
  configure(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0);
  configure(database, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0);
  configure(database, SQLITE_DBCONFIG_ENABLE_VIEW, 0);
  configure(database, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0);
  for (const Limit& limit : sqlite_limits) sqlite3_limit(database.getHandle(), limit.id, limit.value);
}

void require(SQLite::Database& database, const std::string& name, const std::string& expected) {
  const std::string is_now = database.execAndGet("PRAGMA " + name).getString();
  if (is_now == expected) return;
  throw Error(ErrorCode::store_failed, "cannot open the store: SQLite has " + name + " = " + is_now + ", not " +
                                           expected + ". Use the SQLite library that Restante was built for");
}

core::Incarnation draw_incarnation() {
  core::Incarnation incarnation{};
  if (::getrandom(incarnation.data(), sizeof incarnation, 0) != static_cast<ssize_t>(sizeof incarnation)) {
    throw Error(ErrorCode::store_failed, "cannot make the store: no random numbers: " + system_text(errno));
  }
  return incarnation;
}

void fill_new_database(const StorePaths& paths, const std::string& node, std::uint32_t page_size) {
  SQLite::Database database(paths.new_database.string(), SQLite::OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW);
  add_record_sum(database);
  database.exec("PRAGMA page_size = " + std::to_string(page_size));
  database.exec("PRAGMA auto_vacuum = INCREMENTAL");  // before the first table, or never
  database.exec("PRAGMA synchronous = OFF");          // the whole file is synced before it gets its name
  migrate(database);
  write_meta(database, "node", node);
  write_meta(database, "incarnation", incarnation_text(draw_incarnation()));
  write_meta(database, "created", utc_now());
  write_meta(database, "clean", "yes");
  require(database, "page_size", std::to_string(page_size));
  require(database, "journal_mode = WAL", "wal");  // now, so that the file under its own name always was
}

}  // namespace

void create_database(const StorePaths& paths, const std::string& node, std::uint32_t page_size) {
  // What an unfinished start left behind: never a store, and the lock is ours.
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
    std::error_code ignored;
    std::filesystem::remove(paths.new_database.string() + suffix, ignored);
  }
  static_cast<void>(open_file(paths.new_database, O_RDWR | O_CREAT | O_EXCL));  // SQLite's own mode would be 0644
  try {
    fill_new_database(paths, node, page_size);
  } catch (const SQLite::Exception& error) {
    throw error_of_open(error, paths);
  }
  if (const FileDescriptor file = open_file(paths.new_database, O_RDWR); ::fsync(file.get()) != 0) {
    throw Error(ErrorCode::store_failed, "cannot sync " + paths.new_database.string() + ": " + system_text(errno));
  }
  std::filesystem::rename(paths.new_database, paths.database);
  sync_directory(paths.directory);
}

std::unique_ptr<SQLite::Database> open_database(const StorePaths& paths) {
  try {
    constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX;
    auto database = std::make_unique<SQLite::Database>(paths.database.string(), flags);
    keep_log_on_close(*database, true);  // till we know that it is ours and whole
    harden(*database);
    add_record_sum(*database);
    for (const Setting& setting : settings) {
      const std::string name = setting.name;
      if (setting.value != nullptr) database->exec("PRAGMA " + name + " = " + setting.value);
      require(*database, name, setting.read_back);
    }
    return database;
  } catch (const SQLite::Exception& error) {
    throw error_of_open(error, paths);
  }
}

void set_log_limit(SQLite::Database& database, std::uint64_t wal_cap) {
  require(database, "journal_size_limit = " + std::to_string(wal_cap), std::to_string(wal_cap));
}

void keep_log_on_close(SQLite::Database& database, bool keep) {
  configure(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep ? 1 : 0);
}

std::string incarnation_text(const core::Incarnation& incarnation) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint64_t part : incarnation) {
    for (int shift = 60; shift >= 0; shift -= 4) text += digits[part >> shift & 0xF];
  }
  return text;
}

std::optional<core::Incarnation> incarnation_of(const std::string& text) {
  core::Incarnation incarnation{};
  bool is_good = text.size() == 32;
  for (std::size_t i = 0; is_good && i < incarnation.size(); ++i) {
    const char* begin = text.data() + i * 16;
    const auto [end, error] = std::from_chars(begin, begin + 16, incarnation[i], 16);
    is_good = error == std::errc{} && end == begin + 16;
  }
  return is_good ? std::optional(incarnation) : std::nullopt;
}

}  // namespace restante::sidecar
