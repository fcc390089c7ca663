#pragma once
/// \file
/// A publisher that speaks ZMTP by hand, for what a real one does only by chance: standing still, and going at the
/// worst moment.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include <catch2/catch.hpp>

#include "tests/patterns/link_fixture.h"

namespace restante::link::test {

/// Listens from the start; has one connection at a time.
class ZmtpPublisher {
 public:
  ZmtpPublisher() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    auto* const address = reinterpret_cast<sockaddr*>(&address_);
    REQUIRE(::bind(listener_, address, size) == 0);
    REQUIRE(::listen(listener_, 8) == 0);
    REQUIRE(::getsockname(listener_, address, &size) == 0);
  }
  ~ZmtpPublisher() {
    hang_up();
    ::close(listener_);
  }
  ZmtpPublisher(const ZmtpPublisher&) = delete;
  ZmtpPublisher& operator=(const ZmtpPublisher&) = delete;

  [[nodiscard]] unsigned port() const { return ntohs(address_.sin_port); }
  [[nodiscard]] std::string endpoint() const { return "tcp://127.0.0.1:" + std::to_string(port()); }

  /// Somebody has dialed. The connection stays in the kernel's hands until accept().
  [[nodiscard]] bool is_dialed(Duration limit) const { return ready(listener_, POLLIN, limit); }

  void accept() {
    hang_up();
    REQUIRE(is_dialed(deadline));
    peer_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    REQUIRE(peer_ >= 0);
    const std::string greeting = std::string("\xff\0\0\0\0\0\0\0\0\x7f\3\0NULL", 16) + std::string(48, '\0');
    const std::string properties = "\x0bSocket-Type" + std::string("\0\0\0\3PUB", 7);
    const std::string body = "\5READY" + properties;
    REQUIRE(say(greeting + '\4' + static_cast<char>(body.size()) + body));
    std::string heard;
    while (heard.find("READY") == std::string::npos) {  // what is published before it is a breach of the protocol
      char octet = 0;
      REQUIRE(ready(peer_, POLLIN, deadline));
      REQUIRE(::recv(peer_, &octet, 1, 0) == 1);
      heard += octet;
    }
  }

  bool publish(const std::string& topic, const std::string& batch) {
    const std::size_t size = batch.size();
    std::string frames{'\1', static_cast<char>(topic.size())};
    frames += topic + std::string("\2\0\0\0\0\0\0", 7) + static_cast<char>(size >> 8) + static_cast<char>(size & 0xff);
    return say(frames + batch);
  }

  /// Until the subscriber takes no more and the kernel neither.
  void pour() {
    while (publish("topic", std::string(4000, 'b'))) {
    }
  }

  /// With a reset, as the kernel does it for a process that dies with unread octets in its hands.
  void hang_up() {
    if (peer_ < 0) return;
    const linger at_once{1, 0};
    ::setsockopt(peer_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(peer_);
    peer_ = -1;
  }

 private:
  static bool ready(int descriptor, short event, Duration limit) {
    pollfd one{descriptor, event, 0};
    return ::poll(&one, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(limit).count())) == 1;
  }

  /// False if nothing of the octets that are left is taken for a while.
  bool say(std::string octets) {
    while (!octets.empty()) {
      if (!ready(peer_, POLLOUT, 500ms)) return false;
      const auto taken = ::send(peer_, octets.data(), octets.size(), MSG_NOSIGNAL);
      if (taken < 0) return false;
      octets.erase(0, static_cast<std::size_t>(taken));
    }
    return true;
  }

  int listener_;
  sockaddr_in address_{};
  int peer_ = -1;
};

}  // namespace restante::link::test
