#pragma once
/// \file
/// The seam between core and a disk: implemented by the SQLite store, by the simulated disk and by the memory store.

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/store_effects.h"

namespace restante::core {

/// The disk or the quota is full: nothing of the transaction was kept, the store goes on, try again when space is free.
class StoreFull : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A write, a sync or a read failed, or the file is damaged: nothing of this store can be trusted any more in this
/// process. The only answer is to end the process without a further confirm (fail-stop; RELIABILITY section 3).
class StoreFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// One thread at a time. No call retries by itself.
class Store {
 public:
  virtual ~Store() = default;
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// What the store holds, without its rows. Called once, before anything else.
  virtual StoreImage image() = 0;

  /// Applies and syncs all of `transaction`, or nothing. When it returns, the transaction survives a power cut.
  /// Throws StoreFull, StoreFailed.
  virtual CommitToken commit(const Transaction& transaction) = 0;

  /// A damaged row is left out and reported in `damaged`, never delivered. Throws StoreFailed.
  virtual LoadReply load(const LoadRequest& request) = 0;
  virtual ParkedReply load(const ParkedRequest& request) = 0;
  virtual DeadReply load(const DeadRequest& request) = 0;

 protected:
  static CommitToken committed(std::uint64_t number, const StoreUsage& usage, std::vector<Pruned> pruned) {
    return CommitToken(number, usage, std::move(pruned));
  }
};

}  // namespace restante::core
