#pragma once
/// \file
/// The directory of a store and the checks of its files, before SQLite sees any of them.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "sidecar/store/store_options.h"

namespace restante::sidecar {

/// Closes a descriptor at the end of its scope.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) noexcept : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor();

  [[nodiscard]] int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_;
};

/// The names in a store's directory.
struct StorePaths {
  explicit StorePaths(const std::filesystem::path& directory_path);

  std::filesystem::path directory;
  std::filesystem::path database;      ///< restante.db
  std::filesystem::path wal;           ///< restante.db-wal, SQLite's
  std::filesystem::path new_database;  ///< restante.db.new: under construction, never in use
  std::filesystem::path lock;          ///< restante.lock
  std::filesystem::path ballast;       ///< restante.ballast
};

/// Makes the directory if it is missing and checks that it is ours alone and on a file system that can hold a store.
/// What is only doubtful is added to `warnings`. Returns its canonical path, for SQLite refuses links in paths.
/// Throws Error: bad_argument, misconfigured, denied.
std::filesystem::path prepare_directory(const StoreOptions& options, std::vector<std::string>& warnings);

/// Whether `path` is there. Throws Error denied if it is a link, not a file, not ours, has a second name, or others may
/// write it: then somebody else decides what is in it.
bool check_file(const std::filesystem::path& path);

/// Opens a file of ours without following links, made with mode 0600 if `flags` say so. Throws Error misconfigured.
FileDescriptor open_file(const std::filesystem::path& path, int flags);

/// Makes names in `directory` survive a power cut. Throws Error store_failed.
void sync_directory(const std::filesystem::path& directory);

/// Lets the kernel forget what it holds of a file, so that it is read from the disk: after a failed sync, pages that
/// never reached the disk are kept as if they had. Must not be called while SQLite has the file open, as closing any
/// descriptor of a file drops the locks that its process holds on it.
void drop_page_cache(const std::filesystem::path& path) noexcept;

/// 0 if there is no such file.
std::uint64_t size_of_file(const std::filesystem::path& path) noexcept;

/// What it takes of the disk; 0 if there is no such file.
std::uint64_t allocated_octets(const std::filesystem::path& path) noexcept;

/// Of the file system of `directory`, for an ordinary user.
struct DiskSpace {
  std::uint64_t total = 0;
  std::uint64_t free = 0;
};
DiskSpace disk_space(const std::filesystem::path& directory);

/// "permission denied (errno 13)".
std::string system_text(int error);

/// "32 MiB", "900 octets".
std::string size_text(std::uint64_t octets);

}  // namespace restante::sidecar
