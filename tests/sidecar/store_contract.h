#pragma once
/// \file
/// What every core::Store must do alike is tested over benches: the memory store and the SQLite store, each with the
/// few things that a test must be able to do to it from outside.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <restante/error.h>

#include "core/batch.h"
#include "core/memory_store.h"
#include "sidecar/store/sqlite_store.h"

namespace restante::sidecar {

/// A directory of its own, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

/// The twin in memory.
class MemoryBench {
 public:
  core::Store& store() { return store_; }
  void reopen() { store_.mend(); }
  void settle() {}
  void damage(core::StreamId stream, Sequence first) { store_.damage_row(stream, first); }
  void lose(core::StreamId stream, Sequence first) { store_.lose_row(stream, first); }

 private:
  core::MemoryStore store_{"here", {1, 2}, quota};
  static constexpr std::uint64_t quota = 4U << 20;
};

/// The store on disk.
class SqliteBench {
 public:
  SqliteBench() { reopen(); }
  core::Store& store() { return *store_; }
  SqliteStore& sqlite() { return *store_; }
  void reopen();
  /// Does all that can wait.
  void settle();
  void damage(core::StreamId stream, Sequence first);
  void lose(core::StreamId stream, Sequence first);

 private:
  void behind_its_back(const std::string& sql);

  TemporaryDirectory directory_;
  std::unique_ptr<SqliteStore> store_;
};

/// Of node "here", with the smallest quota.
StoreOptions options_for(const std::filesystem::path& directory);

/// The error that opening a store ends with, if it does.
std::optional<Error> refusal_of(const StoreOptions& options);

/// Runs `sql` in the database of a store that is closed.
void run_sql(const std::filesystem::path& store, const std::string& sql);
/// The first value of the first row, as text.
std::string ask_sql(const std::filesystem::path& store, const std::string& sql);

// ---- records to store
inline constexpr GrantId test_grant = 0xF000000000000001;  // above 2^63

core::StreamRecord stream_of(core::StreamId id, const std::string& name);
core::SubscriptionRecord subscription_of(core::SubscriptionId id, core::StreamId stream, const std::string& name);
core::ParkedRecord parked_of(core::SubscriptionId subscription, Sequence sequence, std::int64_t due_ms);
core::DeadRecord dead_of(core::SubscriptionId subscription, Sequence sequence);
/// A whole batch of stream "orders"; its payloads have `size` octets.
core::RowRecord row_of(core::StreamId stream, Sequence first, Sequence last, Sequence stored_prev,
                       std::size_t size = 16);

/// A transaction that makes stream 1 "orders" with the subscription 1 "workers".
core::Transaction first_transaction();
/// Rows of one message each, `from` to `to`, chained.
core::Transaction rows_of(core::StreamId stream, Sequence from, Sequence to, std::size_t size = 16);
/// A prune with the cursor that allows it.
core::Transaction prune_of(core::StreamId stream, Sequence to);

/// All rows of a stream in one page.
core::LoadReply load_all(core::Store& store, core::StreamId stream = 1, Sequence after = 0);
/// Their first sequences.
std::vector<Sequence> firsts_of(const core::LoadReply& reply);

}  // namespace restante::sidecar
