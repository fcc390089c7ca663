#include "sidecar/store/space.h"

#include <algorithm>

#include <sqlite3.h>

#include "sidecar/store/claim.h"
#include "sidecar/store/sql_query.h"
#include "sidecar/store/sqlite_error.h"

namespace restante::sidecar {
namespace {

constexpr std::uint64_t frame_header_octets = 24;  // of each page in the log
constexpr std::uint64_t vacuum_pages = 64;         // in one idle step: bounds how long the next commit waits

}  // namespace

Space::Space(SQLite::Database& database, const StorePaths& paths, const StoreBudget& budget)
    : database_(database),
      paths_(paths),
      budget_(budget),
      ballast_(paths.ballast, budget.ballast),
      wanted_(budget.resume_room),
      page_count_(database, "PRAGMA page_count"),
      free_pages_(database, "PRAGMA freelist_count"),
      log_end_(database) {
  sqlite3_wal_hook(database_.getHandle(), &Space::on_commit, this);
  cap_pages(is_full() ? budget_.emergency_pages : budget_.database_pages);
  if (is_full()) regain();
}

Space::~Space() { sqlite3_wal_hook(database_.getHandle(), nullptr, nullptr); }

int Space::on_commit(void* self, sqlite3*, const char*, int frames) {
  auto& space = *static_cast<Space*>(self);
  space.log_frames_ = static_cast<std::uint64_t>(frames);
  return space.log_end_.is_commit_kept() ? SQLITE_OK : SQLITE_IOERR;
}

std::uint64_t Space::count(SQLite::Statement& statement) {
  SqlQuery query(statement);
  return query.next() ? query.natural(0) : 0;
}

std::uint64_t Space::log_octets() const noexcept { return log_frames_ * (budget_.page_size + frame_header_octets); }

std::uint64_t Space::live_octets() { return (count(page_count_) - count(free_pages_)) * budget_.page_size; }

void Space::cap_pages(std::uint64_t pages) {
  // SQLite refuses no page that is there: a cap below the present size only ends growth.
  database_.execAndGet("PRAGMA max_page_count = " + std::to_string(pages));
}

core::StoreUsage Space::usage() {
  count_writes();
  // Of the database alone: the log has room of its own, however small it happens to be just now.
  return {live_octets(), budget_.database_pages * budget_.page_size, octets_written_, is_full()};
}

void Space::count_writes() {
  int pages = 0;
  int highest = 0;
  sqlite3_db_status(database_.getHandle(), SQLITE_DBSTATUS_CACHE_WRITE, &pages, &highest, 1);
  octets_written_ += static_cast<std::uint64_t>(pages) * (budget_.page_size + frame_header_octets);
}

std::string Space::full_text() {
  if (!is_disk_short_) {
    return "the store " + paths_.directory.string() + " has used up its quota of " + size_text(budget_.quota) +
           ". Let consumers settle what is stored, or raise --quota";
  }
  return "the disk of the store " + paths_.directory.string() + " is full: it has " +
         size_text(disk_space(paths_.directory).free) + " free, and " + size_text(wanted_) +
         " are needed to go on. Free some space";
}

void Space::met_full() {
  // With room left for the biggest commit the quota cannot have been met: the disk says "full" for reasons of its own.
  const std::uint64_t biggest = 2 * limits::transaction_octets / budget_.page_size;
  is_disk_short_ = !has_disk_room() || count(page_count_) + biggest < budget_.database_pages;
  wanted_ = budget_.resume_room;
  if (!is_disk_short_) {
    ballast_.release();
    return;
  }
  const std::uint64_t pages = count(page_count_) + vacuum_pages;
  Claim claim(database_, paths_, pages * budget_.page_size, budget_.wal_cap + budget_.wal_cap / 4);
  ballast_.release([&claim](std::uint64_t octets) { claim.take(octets); });
}

/// For the ballast and two logs. What the log has already is not needed again.
bool Space::has_disk_room() const {
  const std::uint64_t logs = std::min(allocated_octets(paths_.wal), budget_.resume_room - budget_.ballast);
  return disk_space(paths_.directory).free + logs >= budget_.resume_room;
}

bool Space::regain() {
  if (!is_full()) return true;
  cap_pages(budget_.emergency_pages);
  is_disk_short_ = !has_disk_room();
  if (is_disk_short_) return false;
  if (live_octets() + budget_.resume_room > budget_.quota) return false;
  is_disk_short_ = !ballast_.create();
  if (is_disk_short_) return false;
  cap_pages(budget_.database_pages);
  return true;
}

bool Space::prepare_log(std::uint64_t octets) {
  if (log_frames_ > 0 && log_octets() + octets > budget_.wal_cap) checkpoint(false);
  if (octets <= budget_.wal_cap || disk_space(paths_.directory).free >= 2 * octets) return true;
  met_full();
  is_disk_short_ = true;
  wanted_ = std::max(budget_.resume_room, 2 * octets);
  return false;
}

void Space::settle_log() {
  if (log_octets() > budget_.wal_cap) checkpoint(false);
}

bool Space::checkpoint(bool truncate) {
  if (try_checkpoint(truncate)) return true;
  if (is_full()) return false;
  met_full();
  return try_checkpoint(truncate);
}

bool Space::try_checkpoint(bool truncate) {
  int in_log = 0;
  int copied = 0;
  const int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
  const int code = sqlite3_wal_checkpoint_v2(database_.getHandle(), nullptr, mode, &in_log, &copied);
  if (code != SQLITE_OK) {
    const SQLite::Exception error(database_.getHandle(), code);
    if (fault_of(error, database_) == Fault::full) return false;
    throw error;
  }
  // A page that is in the log more than once is copied once, and SQLite does not say how many are: this is the most.
  octets_written_ += std::min(log_frames_, count(page_count_)) * budget_.page_size;
  if (in_log != copied) return true;
  log_frames_ = 0;
  log_end_.mark();
  return true;
}

bool Space::wants_vacuum() {
  const std::uint64_t free_pages = count(free_pages_);
  if (is_disk_full()) return free_pages > vacuum_pages;                    // a few are kept, for cursors that must grow
  if (count(page_count_) > budget_.database_pages) return free_pages > 0;  // it grew while the ballast was gone
  // Free pages are what the next rows are written to; only what a passed backlog left behind is given back.
  const std::uint64_t live_pages = count(page_count_) - free_pages;
  return free_pages > live_pages / 2 + budget_.wal_cap / budget_.page_size;
}

/// The database is cut only when the log is copied.
bool Space::wants_checkpoint() {
  if (log_frames_ == 0) return false;
  if (is_full()) return true;
  if (log_octets() > budget_.wal_cap / 2) return true;
  return size_of_file(paths_.database) > count(page_count_) * budget_.page_size;
}

bool Space::idle_step() {
  if (wants_vacuum()) {
    prepare_log(2 * vacuum_pages * budget_.page_size);
    database_.exec("PRAGMA incremental_vacuum(" + std::to_string(vacuum_pages) + ")");
    return true;
  }
  if (wants_checkpoint()) return checkpoint(false) && !wants_checkpoint();
  if (is_full()) regain();
  return false;
}

}  // namespace restante::sidecar
