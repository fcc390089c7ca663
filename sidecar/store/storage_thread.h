#pragma once
/// \file
/// The thread that owns the store, so that the loop of a sidecar never waits for a disk.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "core/store.h"

namespace restante::sidecar {

/// The transaction was not kept, as the store is full; the text says of what and what helps.
struct CommitFull {
  std::uint64_t number = 0;
  std::string text;
};

/// The store can no longer be trusted (core::StoreFailed). The last result there ever is: end the process.
struct StorageFailed {
  std::string text;
};

/// Idle work has made room.
struct Freed {
  core::StoreUsage usage;
};

using StorageResult = std::variant<core::CommitToken, CommitFull, core::LoadReply, core::ParkedReply, core::DeadReply,
                                   Freed, StorageFailed>;

/// Takes requests, one at a time and in their order, and keeps the answers till they are taken, in the same order. So a
/// load sees every commit that was submitted before it. Between requests it does the store's idle work.
///
/// submit(), take_results() and stop() belong to one thread, that of the loop. `notify` is called on the storage thread
/// after each result, without a lock; it must not throw. How much may be asked at once is up to the caller.
class StorageThread {
 public:
  StorageThread(std::unique_ptr<core::Store> store, std::function<void()> notify);
  ~StorageThread();  ///< stop()
  StorageThread(const StorageThread&) = delete;
  StorageThread& operator=(const StorageThread&) = delete;

  void submit(core::Transaction transaction);
  void submit(const core::LoadRequest& request);
  void submit(const core::ParkedRequest& request);
  void submit(core::DeadRequest request);

  /// What was answered since the last call; empty if nothing was.
  [[nodiscard]] std::vector<StorageResult> take_results();

  /// Does what was submitted, closes the store and ends the thread. The results can still be taken. May be repeated.
  void stop();

 private:
  using Request = std::variant<core::Transaction, core::LoadRequest, core::ParkedRequest, core::DeadRequest>;

  void submit_request(Request request);
  void run();
  bool serve();
  StorageResult answer(const core::Transaction& transaction);
  StorageResult answer(const core::LoadRequest& request) { return store_->load(request); }
  StorageResult answer(const core::ParkedRequest& request) { return store_->load(request); }
  StorageResult answer(const core::DeadRequest& request) { return store_->load(request); }
  void publish(StorageResult result);

  std::unique_ptr<core::Store> store_;  // of the thread, from its start to its end
  std::function<void()> notify_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Request> requests_;  // the rest is guarded by mutex_
  std::vector<StorageResult> results_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace restante::sidecar
