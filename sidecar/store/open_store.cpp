#include "sidecar/store/open_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <SQLiteCpp/SQLiteCpp.h>

#include <restante/error.h>

#include "sidecar/store/database.h"
#include "sidecar/store/database_header.h"
#include "sidecar/store/log_check.h"
#include "sidecar/store/log_end.h"
#include "sidecar/store/record_sum.h"
#include "sidecar/store/schema.h"
#include "sidecar/store/sqlite_error.h"
#include "sidecar/store/wall_clock.h"

namespace restante::sidecar {
namespace {

constexpr std::uint64_t full_check_max = std::uint64_t{64} << 20;  // some 0.1 s; a start must not take minutes

[[noreturn]] void damaged(const StorePaths& paths, const std::string& why) {
  throw Error(ErrorCode::store_failed, "cannot open the store: " + paths.database.string() + ": " + why +
                                           ". Nothing was deleted: put back a backup, or move the directory away to "
                                           "begin with a new store");
}

std::uint64_t quota_of(const StoreOptions& options, const StorePaths& paths, std::vector<std::string>& warnings) {
  if (options.quota < quota_min) {
    throw Error(ErrorCode::bad_argument, "cannot open the store: a quota of " + size_text(options.quota) +
                                             " is too small. Give at least " + size_text(quota_min));
  }
  const std::uint64_t total = disk_space(paths.directory).total;
  if (total < quota_min) {
    throw Error(ErrorCode::misconfigured, "cannot open the store: the disk of " + paths.directory.string() + " has " +
                                              size_text(total) + " in all. It takes at least " + size_text(quota_min));
  }
  if (total < options.quota) {
    warnings.push_back("the quota of " + size_text(options.quota) + " is more than the whole disk of " +
                       paths.directory.string() + ": " + size_text(total) + " is taken as the quota");
  }
  return std::min(options.quota, total);
}

void keep_damaged_log(const StorePaths& paths, const LogState& log, std::vector<std::string>& warnings) {
  const std::string copy = paths.wal.string() + ".damaged-" + utc_now();
  std::error_code failed;
  std::filesystem::copy_file(paths.wal, copy, failed);
  warnings.push_back("the log " + paths.wal.string() + " is damaged" +
                     (log.is_header_damaged ? ", and with it all that was stored since the last checkpoint"
                                            : ", and with it " + std::to_string(log.lost_commits) + " commits") +
                     ": their messages and cursors are lost. " +
                     (failed ? "It could not be kept: " + failed.message() : "It was kept as " + copy));
}

/// Nothing of it is needed.
void mark_log(const StorePaths& paths) {
  const FileDescriptor file = open_file(paths.wal, O_WRONLY);
  if (::pwrite(file.get(), &LogEnd::mark_octet, 1, 0) == 1) return;
  throw Error(ErrorCode::store_failed, "cannot write to " + paths.wal.string() + ": " + system_text(errno));
}

/// Opening the database takes over what is whole of the log and forgets the rest: that is kept beside it.
void rescue_log(const StorePaths& paths, std::vector<std::string>& warnings) {
  drop_page_cache(paths.wal);
  const LogState log = check_log(paths.wal);
  if (log.is_damaged()) keep_damaged_log(paths, log, warnings);
  // SQLite would go on under the same salts, over what a power cut left of a commit that never was. If the power is cut
  // again, the rest of that would look like a commit behind one that cannot be read.
  if (log.commits == 0) mark_log(paths);
}

/// Makes the database if there is none. Returns whether a log of an earlier run lies beside it.
bool prepare_database(const StoreOptions& options, const StorePaths& paths, std::uint64_t quota,
                      std::vector<std::string>& warnings) {
  const bool has_database = check_file(paths.database);
  const bool has_log = check_file(paths.wal) && size_of_file(paths.wal) > 0;
  if (has_database) {
    check_header(paths);
    if (has_log) {
      drop_page_cache(paths.database);
      rescue_log(paths, warnings);
    }
    return has_log;
  }
  if (has_log) damaged(paths, "it is gone, but its log " + paths.wal.filename().string() + " is there");
  if (check_file(paths.ballast)) {
    damaged(paths, "it is gone, but its ballast " + paths.ballast.filename().string() + " is there");
  }
  const std::string& node = options.node.empty() ? options.default_node : options.node;
  if (node.empty()) {
    throw Error(ErrorCode::bad_argument,
                "cannot make the store " + paths.directory.string() + ": a new store needs a node name. Name the node");
  }
  create_database(paths, node, page_size_for(quota));
  return false;
}

/// The node's name.
std::string check_node(const StoreOptions& options, const StorePaths& paths, SQLite::Database& database) {
  const std::string node = read_meta(database, "node");
  if (node.empty()) damaged(paths, "its node is missing (table meta)");
  if (!incarnation_of(read_meta(database, "incarnation"))) damaged(paths, "its incarnation is damaged (table meta)");
  if (options.node.empty() || options.node == node) return node;
  throw Error(ErrorCode::misconfigured, "the store " + paths.directory.string() + " belongs to the node \"" + node +
                                            "\", not to \"" + options.node +
                                            "\". Start with that node's name, or name another directory with --store");
}

struct Complaints {
  std::string first;   // of what must not be worked with
  std::string of_row;  // of the index of rows: what it has lost is noticed and named when it is read
};

/// What SQLite's own check says, of all tables with their indexes: a page of one in the place of another's may look
/// sound for itself.
Complaints check_all(SQLite::Database& database) {
  Complaints complaints;
  // Without SQLite's limit of 100: a lost index of rows is a complaint for each row, and hides what comes behind.
  SQLite::Statement check(database, "PRAGMA integrity_check(1000000000)");
  while (complaints.first.empty() && check.executeStep()) {
    const std::string text = check.getColumn(0).getString();
    if (text == "ok") continue;
    std::string& kept = text.find("index batch_place") == std::string::npos ? complaints.first : complaints.of_row;
    if (kept.empty()) kept = text;
  }
  return complaints;
}

/// The first complaint of a table; empty if there is none.
std::string complaint_of(SQLite::Database& database, const std::string& table) {
  const std::string answer = database.execAndGet("PRAGMA quick_check(" + table + ")").getString();
  return answer == "ok" ? std::string{} : answer;
}

/// At each start: a disk may turn a bit while nobody looks. The rows of a big database are not read through: each is
/// checked when it is loaded.
void check_pages(const StorePaths& paths, SQLite::Database& database, bool is_clean,
                 std::vector<std::string>& warnings) {
  const std::uint64_t size = size_of_file(paths.database) + size_of_file(paths.wal);
  std::string complaint;
  if (size < full_check_max) {
    const Complaints found = check_all(database);
    complaint = found.first;
    if (!found.of_row.empty()) {
      warnings.push_back("the index of the rows in " + paths.database.string() + " is damaged: " + found.of_row +
                         ". What it has lost is left out, and named when its stream is read");
    }
  } else {
    constexpr std::array small_tables{"meta",   "stream", "grant_block", "subscription", "subscription_filter",
                                      "cursor", "gap",    "parked"};
    for (const char* table : small_tables) {
      if (complaint.empty()) complaint = complaint_of(database, table);
    }
    if (!is_clean) {
      warnings.push_back("the store was not closed in good order; of its " + size_text(size) +
                         " only the tables without messages were checked at the start");
    }
  }
  if (complaint.empty()) complaint = complaint_of_sums(database);
  if (!complaint.empty()) damaged(paths, complaint);
  if (size >= full_check_max) return;
  if (const std::string letter = complaint_of_dead(database); !letter.empty()) {
    warnings.push_back("a dead letter in " + paths.database.string() + " is damaged: " + letter);
  }
}

void check_database(const StoreOptions& options, OpenStore& store, bool had_log) try {
  SQLite::Database& database = *store.database;
  migrate(database);
  if (const std::string difference = difference_of_schema(database); !difference.empty()) {
    damaged(store.paths, difference);
  }
  store.node = check_node(options, store.paths, database);
  const bool is_clean = read_meta(database, "clean") == "yes";
  if (!is_clean && !had_log) {
    store.warnings.push_back("the store was not closed in good order, and its log " + store.paths.wal.string() +
                             " is gone: what was stored after its last checkpoint is lost");
  }
  check_pages(store.paths, database, is_clean, store.warnings);
} catch (const SQLite::Exception& error) {
  throw error_of_open(error, store.paths);
}

}  // namespace

OpenStore open_store(const StoreOptions& options) {
  std::vector<std::string> warnings;
  const StorePaths paths(prepare_directory(options, warnings));
  StoreLock lock(paths.lock);
  const std::uint64_t quota = quota_of(options, paths, warnings);
  const bool had_log = prepare_database(options, paths, quota, warnings);
  OpenStore store{std::move(warnings), {}, paths, std::move(lock), {}, open_database(paths)};
  check_database(options, store, had_log);
  const auto page_size = static_cast<std::uint32_t>(store.database->execAndGet("PRAGMA page_size").getInt());
  store.budget = budget_for(quota, page_size);
  set_log_limit(*store.database, store.budget.wal_cap);
  return store;
}

}  // namespace restante::sidecar
