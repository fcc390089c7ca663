#pragma once
/// \file
/// The store of a sidecar: one SQLite database in a directory of its own. docs/storage.md shows what is in it.

#include <memory>
#include <string>
#include <vector>

#include "core/store.h"
#include "sidecar/store/idle_work.h"
#include "sidecar/store/store_options.h"

namespace restante::sidecar {

/// Keeps what core::Store says, on disk. A commit that returned survives `kill -9` and a power cut, if the disk obeys
/// a flush. One thread at a time; construction and use may be on different threads. While it lives no other process
/// gets into the store, and none of this process may open its files.
///
/// A full disk or quota throws StoreFull, and the store goes on; see Space for how it gets out. Any other fault throws
/// StoreFailed, then and at every later call: nothing is retried and the log is left as it is, for the next start.
class SqliteStore : public core::Store, public IdleWork {
 public:
  /// Opens the store, or makes one. Throws Error: held_elsewhere (names the process that has it), denied,
  /// misconfigured, bad_argument, incompatible_version, retry_later (disk full), store_failed. Files that are not ours
  /// are left as they are.
  explicit SqliteStore(const StoreOptions& options);
  ~SqliteStore() override;  ///< close(), but a fault then is only seen by the next start

  core::StoreImage image() override;
  core::CommitToken commit(const core::Transaction& transaction) override;
  core::LoadReply load(const core::LoadRequest& request) override;
  core::ParkedReply load(const core::ParkedRequest& request) override;
  core::DeadReply load(const core::DeadRequest& request) override;

  /// One short step of what can wait: rows of a big prune, checkpoint, vacuum, taking the ballast back. To be called
  /// when there is nothing else to do; true means that there is more. Throws StoreFailed.
  bool idle_work() override;

  /// Marks the store as closed in good order and leaves one file, fit to be copied. Throws StoreFailed.
  void close();

  [[nodiscard]] core::StoreUsage usage() override;

  /// What the operator should know of how the store was found, as sentences.
  [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return warnings_; }

  /// The canonical path.
  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }

  [[nodiscard]] const std::string& node() const noexcept { return node_; }

  /// False if the lock file was removed or replaced: another sidecar may have the store, end this one.
  [[nodiscard]] bool holds_lock() const noexcept;

 private:
  struct Engine;

  template <typename Call>
  auto guarded(const char* operation, Call call);
  [[noreturn]] void fail(const char* operation, const std::string& cause);
  void roll_back();
  void mark_open();

  std::string directory_;
  std::string node_;
  std::vector<std::string> warnings_;
  std::unique_ptr<Engine> engine_;  // none after close()
  std::string failure_;             // why no call is taken any more; empty while all is well
};

}  // namespace restante::sidecar
