#include "sidecar/store/sqlite_store.h"

#include <exception>
#include <filesystem>
#include <utility>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <restante/error.h>

#include "sidecar/store/database.h"
#include "sidecar/store/dead_reader.h"
#include "sidecar/store/image_reader.h"
#include "sidecar/store/open_store.h"
#include "sidecar/store/row_reader.h"
#include "sidecar/store/row_sweeper.h"
#include "sidecar/store/schema.h"
#include "sidecar/store/space.h"
#include "sidecar/store/sql_query.h"
#include "sidecar/store/sqlite_error.h"
#include "sidecar/store/transaction_writer.h"

namespace restante::sidecar {
namespace {

/// Octets that `transaction`, which takes `removed` records away with subscriptions, may add to the log, on the high
/// side: it decides when a checkpoint is due.
std::uint64_t log_octets_of(const core::Transaction& transaction, std::uint64_t removed) {
  constexpr std::uint64_t record = 256;
  constexpr std::uint64_t range = 42;  // two numbers, brackets and commas
  constexpr std::uint64_t pages_of_trees = 64U << 10;
  std::uint64_t sum =
      record * (transaction.streams.size() + transaction.grants.size() + transaction.parked.size() +
                transaction.subscriptions.size() + transaction.unparked.size() + transaction.gaps.size() +
                transaction.told.size() + transaction.raised.size() + removed);
  for (const auto& row : transaction.rows) sum += record + row.octets.size();
  for (const auto& dead : transaction.dead) {
    sum += 2 * record + dead.payload.size() + dead.attributes.size() + dead.history.size();
  }
  for (const auto& parked : transaction.parked) sum += parked.octets.size() + parked.history.size();
  for (const auto& cursor : transaction.cursors) sum += record + range * cursor.settled.size();
  return sum + sum / 4 + pages_of_trees;
}

}  // namespace

/// Everything between opening and closing. Statements go before the database, the database before the lock.
struct SqliteStore::Engine {
  explicit Engine(OpenStore opened)
      : open(std::move(opened)),
        space(*open.database, open.paths, open.budget),
        sweeper(*open.database),
        writer(*open.database, sweeper),
        reader(*open.database),
        dead_reader(*open.database) {}

  OpenStore open;
  Space space;
  RowSweeper sweeper;
  TransactionWriter writer;
  RowReader reader;
  DeadReader dead_reader;
  SQLite::Statement begin{*open.database, "BEGIN IMMEDIATE"};
  SQLite::Statement commit{*open.database, "COMMIT"};
};

SqliteStore::SqliteStore(const StoreOptions& options) try {
  OpenStore opened = open_store(options);
  directory_ = opened.paths.directory.string();
  node_ = opened.node;
  warnings_ = std::move(opened.warnings);
  engine_ = std::make_unique<Engine>(std::move(opened));
  mark_open();
} catch (const std::filesystem::filesystem_error& error) {
  throw Error(ErrorCode::misconfigured, "cannot open the store " + options.directory + ": " + error.what());
} catch (const SQLite::Exception& error) {
  throw Error(ErrorCode::store_failed, "cannot open the store " + options.directory + ": " + error.what());
}

SqliteStore::~SqliteStore() {
  try {
    close();
  } catch (const std::exception&) {
    // The store is not marked as closed, so that its next start checks it.
  }
}

/// From here on a stop without close() shows, and in the database itself, so that a log that is removed later does too.
void SqliteStore::mark_open() {
  Space& space = engine_->space;
  try {
    write_meta(*engine_->open.database, "clean", "no");
  } catch (const SQLite::Exception& error) {
    if (fault_of(error, *engine_->open.database) != Fault::full) throw;
    space.met_full();
    try {
      write_meta(*engine_->open.database, "clean", "no");
    } catch (const SQLite::Exception& again) {
      throw error_of_open(again, engine_->open.paths);
    }
  }
  space.checkpoint(false);
  if (space.is_full()) warnings_.push_back(space.full_text());
}

template <typename Call>
auto SqliteStore::guarded(const char* operation, Call call) {
  if (!failure_.empty()) throw core::StoreFailed(failure_);
  try {
    return call();
  } catch (const core::StoreFull&) {
    throw;
  } catch (const SQLite::Exception& error) {
    const SQLite::Database& database = *engine_->open.database;
    if (fault_of(error, database) != Fault::full) fail(operation, text_of(error, database));
  } catch (const std::exception& error) {
    fail(operation, error.what());
  }
  try {
    roll_back();
    engine_->space.met_full();
    throw core::StoreFull(engine_->space.full_text());
  } catch (const core::StoreFull&) {
    throw;
  } catch (const std::exception& error) {
    fail(operation, error.what());
  }
}

void SqliteStore::fail(const char* operation, const std::string& cause) {
  failure_ = "the store " + directory_ + " failed in " + operation + ": " + cause +
             ". What was confirmed is safe; this process must end, and the next start checks the store";
  throw core::StoreFailed(failure_);
}

void SqliteStore::roll_back() {
  SQLite::Database& database = *engine_->open.database;
  // Some faults roll back by themselves.
  if (sqlite3_get_autocommit(database.getHandle()) == 0) database.exec("ROLLBACK");
  engine_->sweeper.undo();
}

core::CommitToken SqliteStore::commit(const core::Transaction& transaction) {
  return guarded("a commit", [&] {
    Engine& engine = *engine_;
    const std::uint64_t octets = log_octets_of(transaction, engine.writer.records_removed(transaction));
    const bool has_room = engine.space.prepare_log(octets) && engine.space.regain();
    if (!has_room && !transaction.only_frees()) throw core::StoreFull(engine.space.full_text());
    SqlQuery(engine.begin).run();
    std::vector<core::Pruned> pruned = engine.writer.apply(transaction);
    SqlQuery(engine.commit).run();
    engine.sweeper.keep();
    engine.space.settle_log();
    if (engine.space.is_full()) engine.space.regain();
    return committed(transaction.number, engine.space.usage(), std::move(pruned));
  });
}

core::StoreImage SqliteStore::image() {
  return guarded("reading the image", [&] {
    core::StoreImage image = read_image(*engine_->open.database);
    image.usage = engine_->space.usage();
    return image;
  });
}

core::LoadReply SqliteStore::load(const core::LoadRequest& request) {
  return guarded("a load", [&] { return engine_->reader.load(request); });
}

core::DeadReply SqliteStore::load(const core::DeadRequest& request) {
  return guarded("a load of dead letters", [&] { return engine_->dead_reader.load(request); });
}

core::ParkedReply SqliteStore::load(const core::ParkedRequest& request) {
  return guarded("a load of parked messages", [&] { return engine_->reader.load(request); });
}

bool SqliteStore::idle_work() try {
  return guarded("idle work", [&] {
    Engine& engine = *engine_;
    if (!engine.sweeper.is_behind()) return engine.space.idle_step();
    engine.space.prepare_log(0);
    SqlQuery(engine.begin).run();
    engine.sweeper.sweep(RowSweeper::rows_per_commit);
    SqlQuery(engine.commit).run();
    engine.sweeper.keep();
    return true;
  });
} catch (const core::StoreFull&) {
  return false;  // told with the next commit; there is room for it now that the ballast is gone
}

void SqliteStore::close() {
  if (engine_ == nullptr) return;
  if (failure_.empty()) {
    try {
      guarded("closing", [&] {
        write_meta(*engine_->open.database, "clean", "yes");
        // Only a log that is all in the database may be removed; on a full disk the next start needs its blocks.
        const bool keep = engine_->space.is_disk_full();
        if (engine_->space.checkpoint(!keep) && !keep) keep_log_on_close(*engine_->open.database, false);
      });
    } catch (const core::StoreFull&) {
      // The log stays and is read at the next start.
    }
  }
  failure_ = "the store " + directory_ + " is closed";
  engine_.reset();
}

core::StoreUsage SqliteStore::usage() {
  return guarded("asking for its size", [&] { return engine_->space.usage(); });
}

bool SqliteStore::holds_lock() const noexcept { return engine_ != nullptr && engine_->open.lock.is_held(); }

}  // namespace restante::sidecar
