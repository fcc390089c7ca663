#pragma once
/// \file
/// Whether somebody listens at the path of an ipc socket.

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace restante::link {

/// Connects to `path` once, without waiting.
class SocketProbe {
 public:
  explicit SocketProbe(const std::string& path)
      : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const auto* const to = reinterpret_cast<const sockaddr*>(&address);
    error_ = socket_ >= 0 && ::connect(socket_, to, sizeof address) == 0 ? 0 : errno;
  }
  ~SocketProbe() {
    if (socket_ >= 0) ::close(socket_);
  }
  SocketProbe(const SocketProbe&) = delete;
  SocketProbe& operator=(const SocketProbe&) = delete;

  /// Someone listens; with EAGAIN he has too many guests.
  [[nodiscard]] bool answered() const noexcept { return error_ == 0 || error_ == EAGAIN; }
  [[nodiscard]] bool deserted() const noexcept { return error_ == ECONNREFUSED; }
  [[nodiscard]] int error() const noexcept { return error_; }
  /// Who answered, for people.
  [[nodiscard]] std::string owner() const {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (error_ != 0 || ::getsockopt(socket_, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return "another process";
    return "process " + std::to_string(peer.pid);
  }

 private:
  int socket_;
  int error_;
};

}  // namespace restante::link
