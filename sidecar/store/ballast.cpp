#include "sidecar/store/ballast.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <restante/error.h>

#include "sidecar/store/store_files.h"

namespace restante::sidecar {

Ballast::Ballast(std::filesystem::path path, std::uint64_t octets) : path_(std::move(path)), octets_(octets) {
  if (!check_file(path_)) return;
  // A copied or restored file may be sparse, and then holds nothing.
  is_there_ = size_of_file(path_) == octets_ && allocated_octets(path_) >= octets_;
  if (!is_there_) release();
}

bool Ballast::create() {
  if (is_there_) return true;
#ifdef RESTANTE_PLANT_NO_BALLAST  // what tests/campaigns/full.py must notice; never for use
  return is_there_ = true;
#endif
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

void Ballast::release(const Take& take) noexcept {
  constexpr std::uint64_t pieces = 32;
  if (is_there_ && take) {
    const FileDescriptor file(::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    const std::uint64_t piece = octets_ / pieces;
    for (std::uint64_t left = octets_; file && left >= piece; take(piece)) {
      left -= piece;
      if (::ftruncate(file.get(), static_cast<off_t>(left)) != 0) break;
    }
  }
  ::unlink(path_.c_str());
  is_there_ = false;
}

}  // namespace restante::sidecar
