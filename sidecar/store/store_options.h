#pragma once
/// \file
/// What a store is opened with, and the sizes that follow from it.

#include <cstdint>
#include <string>

#include <restante/limits.h>

namespace restante::sidecar {

struct StoreOptions {
  std::string directory;                      ///< made if missing, mode 0700; its parents too
  std::string node;                           ///< must be the store's own if it has one; empty: take the store's
  std::string default_node;                   ///< of a new store if `node` is empty
  std::uint64_t quota = limits::store_quota;  ///< octets of everything in the directory, ballast included
  bool allow_network_fs = false;              ///< NFS, FUSE and the like: their locks and syncs cannot be relied on
};

/// Below this the parts of a store are too small to be told apart: the log alone would be most of it.
inline constexpr std::uint64_t quota_min = 4U << 20;

/// How the quota is divided: database + write-ahead log + ballast. All in octets but where the name says otherwise.
struct StoreBudget {
  std::uint64_t quota = 0;
  std::uint64_t wal_cap = 0;  ///< a checkpoint is forced before the log grows beyond it
  std::uint64_t ballast = 0;  ///< the file that is given up when the disk is full
  std::uint32_t page_size = 0;
  std::uint64_t database_pages = 0;   ///< in normal times
  std::uint64_t emergency_pages = 0;  ///< while the ballast is gone, for cursors that must grow before rows can go
  std::uint64_t resume_room = 0;      ///< free octets, of disk and of quota, that end the state of being full
};

/// 16 KiB pages suit batches of 64 KiB; small stores take 4 KiB so that a single message does not cost 16.
constexpr std::uint32_t page_size_for(std::uint64_t quota) noexcept {
  return quota >= (std::uint64_t{256} << 20) ? 16384 : 4096;
}

/// `page_size` is the one that the database was made with; the quota may have changed since.
constexpr StoreBudget budget_for(std::uint64_t quota, std::uint32_t page_size) noexcept {
  constexpr std::uint64_t wal_min = 256U << 10;
  StoreBudget budget;
  budget.quota = quota;
  budget.page_size = page_size;
  budget.wal_cap = quota / 16;
  if (budget.wal_cap < wal_min) budget.wal_cap = wal_min;
  if (budget.wal_cap > limits::wal_octets) budget.wal_cap = limits::wal_octets;
  budget.ballast = 2 * budget.wal_cap;  // the log may have to be copied while this is the only room left
  budget.database_pages = (quota - budget.wal_cap - budget.ballast) / page_size;
  budget.emergency_pages = (quota - budget.wal_cap) / page_size;
  budget.resume_room = budget.ballast + 2 * budget.wal_cap;
  return budget;
}

}  // namespace restante::sidecar
