#include "patterns/link/accept_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <mutex>

namespace {

// All of it is constant at start and never destroyed: accept() may be called before main() and after it, by any thread.
#ifdef RESTANTE_PLANT_NO_ACCEPT_GUARD
constinit std::atomic<bool> is_guarded{false};  // the planted bug of a campaign's control
#else
constinit std::atomic<bool> is_guarded{true};
#endif
constinit std::mutex spare_mutex;
constinit std::atomic<int> spare{-1};  ///< written with spare_mutex held

/// With spare_mutex held. Without a descriptor left it does nothing; the next accept() tries again.
void refill_spare() noexcept {
  if (spare.load() < 0) spare.store(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

int kernel_accept(int listener, sockaddr* address, socklen_t* size, int flags) noexcept {
  return static_cast<int>(::syscall(SYS_accept4, listener, address, size, flags));
}

/// Accepts one connection in place of the spare descriptor and closes it, so that its peer sees an end instead of
/// waiting in the queue, and the listener does not stay readable for ever.
void turn_away(int listener) noexcept {
  const std::lock_guard lock(spare_mutex);
  const int freed = spare.exchange(-1);
  if (freed >= 0) ::close(freed);
  // EMFILE comes before any look at the queue: without this a blocking listener could wait here, with the lock held.
  pollfd waiting{listener, POLLIN, 0};
  if (::poll(&waiting, 1, 0) == 1) {
    const int connection = kernel_accept(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection >= 0) ::close(connection);
  }
  refill_spare();  // another thread may be faster; then the next call tries again
}

bool is_exhausted(int error) noexcept {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

int guarded_accept(int listener, sockaddr* address, socklen_t* size, int flags) noexcept {
  if (!is_guarded.load()) return kernel_accept(listener, address, size, flags);
  if (spare.load() < 0) {
    const std::lock_guard lock(spare_mutex);
    refill_spare();
  }
  const int connection = kernel_accept(listener, address, size, flags);
  if (connection >= 0 || !is_exhausted(errno)) return connection;
  turn_away(listener);
  errno = ECONNABORTED;  // which all callers must expect
  return -1;
}

}  // namespace

extern "C" {

// Visible even if the executable hides its symbols: the definitions are there for libzmq. Weak, so that a program that
// has guards of its own keeps them.
__attribute__((visibility("default"), used, weak)) int accept4(int listener, sockaddr* address, socklen_t* size,
                                                               int flags) {
  return guarded_accept(listener, address, size, flags);
}

__attribute__((visibility("default"), used, weak)) int accept(int listener, sockaddr* address, socklen_t* size) {
  return guarded_accept(listener, address, size, 0);
}

}  // extern "C"

namespace restante::link {

void keep_accept_guard() noexcept {}

void guard_accept(bool on) noexcept { is_guarded.store(on); }

}  // namespace restante::link
