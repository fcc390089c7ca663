#include "sidecar/store/store_files.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <restante/error.h>

namespace restante::sidecar {
namespace {

struct KnownFileSystem {
  std::uint64_t magic;
  const char* name;
  bool is_network;  // else it forgets: fine for tests and containers, not for messages
};

// Not in linux/magic.h of every kernel: cifs, smb2, ceph, overlay in old ones.
constexpr std::array file_systems{
    KnownFileSystem{NFS_SUPER_MAGIC, "NFS", true},   KnownFileSystem{0x65735546, "FUSE", true},
    KnownFileSystem{0xFF534D42, "CIFS", true},       KnownFileSystem{0xFE534D42, "SMB", true},
    KnownFileSystem{SMB_SUPER_MAGIC, "SMB", true},   KnownFileSystem{V9FS_MAGIC, "9P", true},
    KnownFileSystem{0x00C36400, "Ceph", true},       KnownFileSystem{AFS_SUPER_MAGIC, "AFS", true},
    KnownFileSystem{CODA_SUPER_MAGIC, "Coda", true}, KnownFileSystem{0x794C7630, "an overlay", false},
    KnownFileSystem{TMPFS_MAGIC, "tmpfs", false},    KnownFileSystem{RAMFS_MAGIC, "ramfs", false},
};

[[noreturn]] void refuse(ErrorCode code, const std::filesystem::path& path, const std::string& why) {
  throw Error(code, "cannot open the store: " + path.string() + " " + why);
}

void make_directory(const std::filesystem::path& directory) {
  const auto parent = directory.parent_path();
  std::error_code failed;
  if (!parent.empty()) std::filesystem::create_directories(parent, failed);
  if (::mkdir(directory.c_str(), 0700) == 0) {
    sync_directory(parent.empty() ? std::filesystem::path(".") : parent);
  } else if (errno != EEXIST) {
    refuse(ErrorCode::misconfigured, directory, "cannot be made: " + system_text(errno) + ". Make it, or name another");
  }
}

void check_directory(const std::filesystem::path& directory) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) {
    refuse(ErrorCode::misconfigured, directory, "cannot be looked at: " + system_text(errno));
  }
  if (!S_ISDIR(status.st_mode)) refuse(ErrorCode::misconfigured, directory, "is not a directory. Name another");
  if (status.st_uid != ::geteuid()) {
    refuse(ErrorCode::denied, directory, "belongs to another user. Run as its owner, or name another");
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    refuse(ErrorCode::denied, directory, "can be written by other users. Run: chmod 0700 " + directory.string());
  }
  if (::access(directory.c_str(), R_OK | W_OK | X_OK) != 0) {
    refuse(ErrorCode::misconfigured, directory, "cannot be written: " + system_text(errno) + ". Make it writable");
  }
}

void check_file_system(const std::filesystem::path& directory, bool allow_network, std::vector<std::string>& warnings) {
  struct statfs status {};
  if (::statfs(directory.c_str(), &status) != 0) {
    refuse(ErrorCode::misconfigured, directory, "is on an unknown file system: " + system_text(errno));
  }
  const auto magic = static_cast<std::uint64_t>(status.f_type) & 0xFFFFFFFFU;
  const auto known = std::find_if(file_systems.begin(), file_systems.end(),
                                  [magic](const KnownFileSystem& system) { return system.magic == magic; });
  if (known == file_systems.end()) return;
  const std::string place = std::string("is on ") + known->name;
  if (!known->is_network) {
    warnings.push_back("the store " + directory.string() + " " + place +
                       ": what it holds may not survive a restart of this machine or container");
  } else if (allow_network) {
    warnings.push_back("the store " + directory.string() + " " + place +
                       ", as allowed: its locks and syncs cannot be relied on");
  } else {
    refuse(ErrorCode::misconfigured, directory,
           place +
               ", whose locks and syncs cannot be relied on. Name a "
               "directory on a local disk, or allow it explicitly");
  }
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

StorePaths::StorePaths(const std::filesystem::path& directory_path)
    : directory(directory_path),
      database(directory / "restante.db"),
      wal(directory / "restante.db-wal"),
      new_database(directory / "restante.db.new"),
      lock(directory / "restante.lock"),
      ballast(directory / "restante.ballast") {}

std::filesystem::path prepare_directory(const StoreOptions& options, std::vector<std::string>& warnings) {
  if (options.directory.empty()) {
    throw Error(ErrorCode::bad_argument, "cannot open the store: no directory is named. Name one with --store");
  }
  auto directory = std::filesystem::path(options.directory).lexically_normal();
  if (!directory.has_filename()) directory = directory.parent_path();  // "store/" names "store"
  make_directory(directory);
  check_directory(directory);
  directory = std::filesystem::canonical(directory);
  check_file_system(directory, options.allow_network_fs, warnings);
  return directory;
}

bool check_file(const std::filesystem::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return false;
    refuse(ErrorCode::misconfigured, path, "cannot be looked at: " + system_text(errno));
  }
  if (S_ISLNK(status.st_mode)) refuse(ErrorCode::denied, path, "is a symbolic link. Put the file itself there");
  if (!S_ISREG(status.st_mode)) refuse(ErrorCode::denied, path, "is not a file. Move it away");
  if (status.st_uid != ::geteuid()) refuse(ErrorCode::denied, path, "belongs to another user. Run as its owner");
  if (status.st_nlink != 1) refuse(ErrorCode::denied, path, "has a second name (hard link). Remove the other name");
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    refuse(ErrorCode::denied, path, "can be written by other users. Run: chmod 0600 " + path.string());
  }
  return true;
}

FileDescriptor open_file(const std::filesystem::path& path, int flags) {
  FileDescriptor file(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) refuse(ErrorCode::misconfigured, path, "cannot be opened: " + system_text(errno));
  return file;
}

void sync_directory(const std::filesystem::path& directory) {
  const FileDescriptor handle(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!handle || ::fsync(handle.get()) != 0) {
    throw Error(ErrorCode::store_failed, "cannot sync the directory " + directory.string() + ": " + system_text(errno));
  }
}

void drop_page_cache(const std::filesystem::path& path) noexcept {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file) static_cast<void>(::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED));
}

std::uint64_t size_of_file(const std::filesystem::path& path) noexcept {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

std::uint64_t allocated_octets(const std::filesystem::path& path) noexcept {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_blocks) * 512 : 0;
}

DiskSpace disk_space(const std::filesystem::path& directory) {
  struct statvfs status {};
  if (::statvfs(directory.c_str(), &status) != 0) {
    throw Error(ErrorCode::store_failed,
                "cannot ask for the space of " + directory.string() + ": " + system_text(errno));
  }
  return {std::uint64_t{status.f_blocks} * status.f_frsize, std::uint64_t{status.f_bavail} * status.f_frsize};
}

std::string system_text(int error) {
  return std::generic_category().message(error) + " (errno " + std::to_string(error) + ")";
}

std::string size_text(std::uint64_t octets) {
  if (octets >= (10U << 20)) return std::to_string(octets >> 20) + " MiB";
  if (octets >= (10U << 10)) return std::to_string(octets >> 10) + " KiB";
  return std::to_string(octets) + " octets";
}

}  // namespace restante::sidecar
