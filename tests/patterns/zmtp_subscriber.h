#pragma once
/// \file
/// A subscriber that speaks ZMTP by hand and shows what is really said to it.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include <catch2/catch.hpp>

#include "tests/patterns/link_fixture.h"

namespace restante::link::test {

/// Of all topics.
class ZmtpSubscriber {
 public:
  /// `endpoint`: tcp, of this machine.
  explicit ZmtpSubscriber(const std::string& endpoint) : peer_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoul(endpoint.substr(endpoint.rfind(':') + 1))));
    REQUIRE(::connect(peer_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    const std::string greeting = std::string("\xff\0\0\0\0\0\0\0\0\x7f\3\0NULL", 16) + std::string(48, '\0');
    const std::string body = "\5READY\x0bSocket-Type" + std::string("\0\0\0\3SUB", 7);
    say(greeting + '\4' + static_cast<char>(body.size()) + body);
    REQUIRE(hears("READY", deadline));
    say(std::string("\0\1\1", 3));
  }
  ~ZmtpSubscriber() { ::close(peer_); }
  ZmtpSubscriber(const ZmtpSubscriber&) = delete;
  ZmtpSubscriber& operator=(const ZmtpSubscriber&) = delete;

  bool hears(const std::string& octets, Duration limit) {
    return eventually(
        [&] {
          std::array<char, 4096> some{};
          const auto size = ::recv(peer_, some.data(), some.size(), MSG_DONTWAIT);
          if (size > 0) heard_.append(some.data(), static_cast<std::size_t>(size));
          return heard_.find(octets) != std::string::npos;
        },
        limit);
  }

 private:
  void say(const std::string& octets) {
    REQUIRE(::send(peer_, octets.data(), octets.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(octets.size()));
  }

  int peer_;
  std::string heard_;
};

}  // namespace restante::link::test
