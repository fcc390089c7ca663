#pragma once
/// \file
/// The lock that keeps a second sidecar off a store.

#include <filesystem>

#include "sidecar/store/store_files.h"

namespace restante::sidecar {

/// Holds `restante.lock` by flock, which the kernel gives up when this process ends, however it ends. The file stays:
/// its text says who holds the store, or held it last. A lock of its own, since those of SQLite go when the process
/// closes any descriptor of the database.
class StoreLock {
 public:
  /// Throws Error held_elsewhere, naming the holder's process and since when; denied, misconfigured.
  explicit StoreLock(const std::filesystem::path& path);

  /// Whether the lock file is still the one that is held. If it was removed or replaced, another sidecar may have
  /// taken the store, and this one must end.
  [[nodiscard]] bool is_held() const noexcept;

 private:
  std::filesystem::path path_;
  FileDescriptor file_;
};

}  // namespace restante::sidecar
