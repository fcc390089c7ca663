#include "sidecar/store/store_lock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include <restante/error.h>

#include "sidecar/store/wall_clock.h"

namespace restante::sidecar {
namespace {

/// "process 4711 since 2026-11-22T10:00:00Z", as the holder wrote it.
std::string holder_text(int fd) {
  std::array<char, 128> text{};
  const auto size = ::pread(fd, text.data(), text.size(), 0);
  if (size <= 0) return "a process that has not written its number yet";
  std::string line(text.data(), static_cast<std::size_t>(size));
  return line.substr(0, line.find('\n'));
}

void write_holder(int fd) {
  const std::string text = "process " + std::to_string(::getpid()) + " since " + utc_now() + "\n";
  // Only for people: a disk too full for it must not keep the store from opening.
  if (::ftruncate(fd, 0) == 0) static_cast<void>(::pwrite(fd, text.data(), text.size(), 0) > 0);
}

}  // namespace

StoreLock::StoreLock(const std::filesystem::path& path) : path_(path) {
  const bool was_there = check_file(path);
  file_ = open_file(path, O_RDWR | O_CREAT);
  // A killed process holds its lock until the kernel has taken it down, which a quick restart would run into.
  bool locked = ::flock(file_.get(), LOCK_EX | LOCK_NB) == 0;
  for (int tries = 0; !locked && errno == EWOULDBLOCK && tries < 50; ++tries) {
    ::poll(nullptr, 0, 20);
    locked = ::flock(file_.get(), LOCK_EX | LOCK_NB) == 0;
  }
  if (!locked) {
    const std::string store = path.parent_path().string();
    if (errno != EWOULDBLOCK) {
      throw Error(ErrorCode::misconfigured, "cannot lock the store " + store + ": " + system_text(errno));
    }
    throw Error(ErrorCode::held_elsewhere, "the store " + store + " is in use by " + holder_text(file_.get()) +
                                               ". Stop that process, or name another directory with --store");
  }
  write_holder(file_.get());
  if (!was_there) sync_directory(path.parent_path());
}

bool StoreLock::is_held() const noexcept {
  struct stat held {};
  struct stat named {};
  return ::fstat(file_.get(), &held) == 0 && ::lstat(path_.c_str(), &named) == 0 && held.st_ino == named.st_ino &&
         held.st_dev == named.st_dev;
}

}  // namespace restante::sidecar
