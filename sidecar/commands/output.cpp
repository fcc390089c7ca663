#include "sidecar/commands/output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <system_error>

namespace restante::commands {

Output::Output(int descriptor, int stop_descriptor) : descriptor_(descriptor), stop_descriptor_(stop_descriptor) {
  struct stat status {};
  waits_ = ::fstat(descriptor, &status) == 0 && !S_ISREG(status.st_mode);
}

Output::Result Output::write(std::string_view octets) {
  taken_ = 0;
  while (taken_ < octets.size()) {
    std::size_t size = octets.size() - taken_;
    if (waits_) {
      std::array<pollfd, 2> polled{{{descriptor_, POLLOUT, 0}, {stop_descriptor_, POLLIN, 0}}};
      if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) break;
      // A stop alone does not tear a record in two: only a reader that takes nothing does.
      if (polled[0].revents == 0 && polled[1].revents != 0) return Result::stopped;
      if (polled[0].revents == 0) continue;
      size = std::min<std::size_t>(size, PIPE_BUF);  // so much is taken at once by what poll() called ready
    }
    const ssize_t written = ::write(descriptor_, octets.data() + taken_, size);
    if (written >= 0) taken_ += static_cast<std::size_t>(written);
    if (written < 0 && errno != EINTR && errno != EAGAIN) break;
  }
  if (taken_ == octets.size()) return Result::all;
  const int error = errno;
  fault_ = std::generic_category().message(error);
  return error == EPIPE ? Result::closed : Result::failed;
}

}  // namespace restante::commands
