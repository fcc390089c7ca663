#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstring>

#include <restante/error.h>

#include "patterns/link/link.h"

namespace restante::link {

Wake::Wake() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0) {
    throw Error(ErrorCode::retry_later, std::string("cannot open a wake-up descriptor: ") + std::strerror(errno) +
                                            "; raise the limit of open files (ulimit -n, LimitNOFILE)");
  }
}

Wake::~Wake() { ::close(descriptor_); }

void Wake::signal() noexcept {
  const int before = errno;  // a signal handler must not change it
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then it is signalled.
  static_cast<void>(!::write(descriptor_, &one, sizeof one));
  errno = before;
}

void Wake::drain() noexcept {
  std::uint64_t count = 0;
  static_cast<void>(!::read(descriptor_, &count, sizeof count));
}

}  // namespace restante::link
