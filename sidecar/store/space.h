#pragma once
/// \file
/// How much room a store has, and the work that keeps it: checkpoints, ballast, vacuum.

#include <cstdint>
#include <string>

#include <SQLiteCpp/SQLiteCpp.h>

#include "core/store_effects.h"
#include "sidecar/store/ballast.h"
#include "sidecar/store/log_end.h"
#include "sidecar/store/store_files.h"
#include "sidecar/store/store_options.h"

namespace restante::sidecar {

/// A store is *full* from the moment a write met the end of the disk or of the quota until there is room again for the
/// ballast and two logs; the ballast is gone for that time. Then only transactions that free space are taken, and they
/// and their checkpoint have the room of the ballast. Without the distance between the two marks a store would be full
/// again after a few rows (RELIABILITY 0.5).
///
/// Throws SQLite::Exception, and Error from the file system. Not to be used within a transaction but for met_full().
class Space {
 public:
  Space(SQLite::Database& database, const StorePaths& paths, const StoreBudget& budget);
  ~Space();
  Space(const Space&) = delete;
  Space& operator=(const Space&) = delete;

  [[nodiscard]] bool is_full() const noexcept { return !ballast_.is_there(); }

  /// Full, and because of the disk. Then the blocks of the log are kept: others would take them if they were given up.
  [[nodiscard]] bool is_disk_full() const noexcept { return is_full() && is_disk_short_; }

  /// Why it is full and what helps, as a sentence.
  [[nodiscard]] std::string full_text();

  /// Takes the ballast back if there is room for it again. Whether writes are welcome.
  bool regain();

  /// A write met the end: gives up the ballast. On a full disk its blocks become those of database and log.
  void met_full();

  /// Room in the log for `octets` more: a checkpoint if they would pass the cap. Before a commit, so that a forced
  /// checkpoint delays this confirm and not one that is due. False if there is no room: `octets` alone pass the cap, as
  /// one group commit can in a small store, and the disk could not hold them twice, in log and database.
  bool prepare_log(std::uint64_t octets);

  /// After a commit: what passed the cap is copied at once, while the disk is known to have room for it.
  void settle_log();

  /// Copies the whole log into the database and syncs it. `truncate` also gives its blocks back to the disk. False if
  /// the disk is too full even so; the log then stays as it is.
  bool checkpoint(bool truncate);

  /// One step of what can wait: up to 64 pages given back to the disk, or a checkpoint of a log that is half full.
  /// Whether there is more to do.
  bool idle_step();

  core::StoreUsage usage();

 private:
  static int on_commit(void* self, sqlite3*, const char*, int frames);
  std::uint64_t count(SQLite::Statement& statement);
  std::uint64_t live_octets();
  [[nodiscard]] std::uint64_t log_octets() const noexcept;
  [[nodiscard]] bool has_disk_room() const;
  bool wants_vacuum();
  bool wants_checkpoint();
  bool try_checkpoint(bool truncate);
  void cap_pages(std::uint64_t pages);
  void count_writes();

  SQLite::Database& database_;
  StorePaths paths_;
  StoreBudget budget_;
  Ballast ballast_;
  std::uint64_t wanted_;  // free octets that the refused write asks for
  SQLite::Statement page_count_;
  SQLite::Statement free_pages_;
  LogEnd log_end_;
  std::uint64_t log_frames_ = 0;  // committed and not yet in the database
  std::uint64_t octets_written_ = 0;
  bool is_disk_short_ = false;  // it was the disk that was full, not the quota
};

}  // namespace restante::sidecar
