#include "sidecar/store/ballast.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <restante/error.h>

#include "sidecar/store/store_files.h"

namespace restante::sidecar {

Ballast::Ballast(std::filesystem::path path, std::uint64_t octets) : path_(std::move(path)), octets_(octets) {
  if (!check_file(path_)) return;
  struct stat status {};
  // A copied or restored file may be sparse, and then holds nothing.
  is_there_ = ::lstat(path_.c_str(), &status) == 0 && static_cast<std::uint64_t>(status.st_size) == octets_ &&
              static_cast<std::uint64_t>(status.st_blocks) * 512 >= octets_;
  if (!is_there_) release();
}

bool Ballast::create() {
  if (is_there_) return true;
  const FileDescriptor file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  int error = file ? ::posix_fallocate(file.get(), 0, static_cast<off_t>(octets_)) : errno;
  if (error == 0 && ::fsync(file.get()) != 0) error = errno;
  if (error == 0) {
    is_there_ = true;
    sync_directory(path_.parent_path());
    return true;
  }
  release();
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) return false;
  throw Error(ErrorCode::store_failed, "cannot make the ballast " + path_.string() + ": " + system_text(error));
}

void Ballast::release() noexcept {
  ::unlink(path_.c_str());
  is_there_ = false;
}

}  // namespace restante::sidecar
