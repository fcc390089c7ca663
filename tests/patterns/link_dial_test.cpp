#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/patterns/link_fixture.h"

using namespace restante;
using namespace restante::link;
using namespace restante::link::test;

namespace {

/// A TCP port at which nobody answers: it listens, its queue is full, and the kernel drops whoever knocks. What a
/// network that loses packets looks like, for the one who dials.
class DeafPort {
 public:
  DeafPort() : listener_(open()) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    REQUIRE(::bind(listener_, address(), size) == 0);
    REQUIRE(::listen(listener_, 0) == 0);
    REQUIRE(::getsockname(listener_, address(), &size) == 0);
    while (knock()) {
    }
  }
  ~DeafPort() {
    ::close(listener_);
    for (const int knocker : knockers_) ::close(knocker);
  }
  DeafPort(const DeafPort&) = delete;
  DeafPort& operator=(const DeafPort&) = delete;

  [[nodiscard]] unsigned number() const { return ntohs(address_.sin_port); }
  [[nodiscard]] std::string endpoint() const { return "tcp://127.0.0.1:" + std::to_string(number()); }

  /// The local ports from which somebody but the fillers is knocking now.
  [[nodiscard]] std::set<unsigned> dialing() const {
    std::ifstream table("/proc/self/net/tcp");
    std::set<unsigned> found;
    std::string line;
    while (std::getline(table, line)) {
      std::istringstream fields(line);
      std::string slot, local, remote, state;
      fields >> slot >> local >> remote >> state;
      if (state != "02" || port_of(remote) != number() || own_.contains(port_of(local))) continue;  // 02: SYN sent
      found.insert(port_of(local));
    }
    return found;
  }

 private:
  static int open() { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }
  sockaddr* address() { return reinterpret_cast<sockaddr*>(&address_); }

  static unsigned port_of(const std::string& end) {
    const auto colon = end.find(':');
    return colon == std::string::npos ? 0 : static_cast<unsigned>(std::stoul(end.substr(colon + 1), nullptr, 16));
  }

  /// False when the queue is full: then this knocker is the first that gets no answer.
  bool knock() {
    const int knocker = open();
    knockers_.push_back(knocker);
    static_cast<void>(::connect(knocker, address(), sizeof address_));
    sockaddr_in from{};
    socklen_t size = sizeof from;
    REQUIRE(::getsockname(knocker, reinterpret_cast<sockaddr*>(&from), &size) == 0);
    own_.insert(ntohs(from.sin_port));
    pollfd answered{knocker, POLLOUT, 0};
    return ::poll(&answered, 1, 500) == 1;
  }

  int listener_;
  sockaddr_in address_{};
  std::vector<int> knockers_;
  std::set<unsigned> own_;
};

/// A dial that is begun anew comes from another port.
bool begins_anew(const DeafPort& port) {
  std::set<unsigned> seen;
  return eventually(
      [&] {
        Poller().wait(50ms);  // a look takes the kernel a while
        seen.merge(port.dialing());
        return seen.size() >= 2;
      },
      30s);
}

}  // namespace

TEST_CASE("a dial that gets no answer is begun anew, and not left to TCP, which waits longer each time", "[link]") {
  const DeafPort port;
  Context context;
  SECTION("of a control link") {
    const Dealer dealer(context, port.endpoint(), frame_max);
    CHECK(begins_anew(port));
  }
  SECTION("of a live path") {
    const Push push(context, port.endpoint());
    CHECK(begins_anew(port));
  }
}
