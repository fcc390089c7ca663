#include "patterns/link/accept_guard.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>

#include <catch2/catch.hpp>

#include "tests/patterns/link_fixture.h"

using namespace restante;
using namespace restante::link;
using namespace restante::link::test;

namespace {

constexpr rlim_t descriptors_max = 48;

void limit(int resource, rlim_t value) {
  const rlimit both{value, value};
  ::setrlimit(static_cast<__rlimit_resource>(resource), &both);
}

/// A process with few descriptors that answers at an ipc and a tcp endpoint, until it is killed or aborts.
void serve(const Place& place, bool is_guarded) {
  limit(RLIMIT_NOFILE, descriptors_max);
  limit(RLIMIT_CORE, 0);
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ::dup2(nowhere, STDERR_FILENO);  // libzmq prints what it aborts for
  ::close(nowhere);
  link::guard_accept(is_guarded);
  Context context;
  Router router(context, frame_max);
  router.bind(place.ipc("socket"));
  place.note("tcp", router.bind("tcp://127.0.0.1:0"));
  Poller poller;
  poller.add(router);
  for (;;) {
    poller.wait(forever);
    while (const auto incoming = router.receive()) router.send(incoming->route, incoming->frames[0]);
    while (router.next_disconnected()) {
    }
  }
}

/// Connections that say nothing. Closed with the object.
class Crowd {
 public:
  Crowd() = default;
  ~Crowd() {
    for (const int one : connections_) ::close(one);
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  void join(const sockaddr* address, socklen_t size, int count) {
    for (int i = 0; i < count; ++i) {
      connections_.push_back(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
      // It may fail: the one that listens may have come to its end.
      static_cast<void>(::connect(connections_.back(), address, size));
    }
  }
  void join_ipc(const std::string& path, int count) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    join(reinterpret_cast<const sockaddr*>(&address), sizeof address, count);
  }
  void join_tcp(const std::string& endpoint, int count) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
    join(reinterpret_cast<const sockaddr*>(&address), sizeof address, count);
  }
  /// How many have seen the end of their connection.
  [[nodiscard]] std::size_t turned_away() const {
    return static_cast<std::size_t>(std::count_if(connections_.begin(), connections_.end(), [](int one) {
      std::array<char, 256> greeting{};
      ssize_t got = 0;
      do {
        got = ::recv(one, greeting.data(), greeting.size(), MSG_DONTWAIT);
      } while (got > 0);
      return got == 0 || errno != EAGAIN;
    }));
  }

 private:
  std::vector<int> connections_;
};

bool is_served(const std::string& endpoint) {
  Context context;
  Dealer dealer(context, endpoint, frame_max);
  dealer.send(text("hello"));
  Poller poller;
  poller.add(dealer);
  return eventually(poller, [&] {
    while (dealer.next_event()) {
    }
    return dealer.receive().has_value();
  });
}

Duration processor_time(pid_t id) {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(id, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return forever;
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace

TEST_CASE("libzmq aborts when an ipc listener is out of descriptors: what the guard is for", "[link][accept_guard]") {
  const Place place;
  Child server([&] { serve(place, false); });
  static_cast<void>(place.wait_for_note("tcp"));
  Crowd crowd;
  crowd.join_ipc(place.file("socket"), 100);
  const int status = server.join();
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
}

TEST_CASE("a guarded process survives more connections than descriptors, and serves on", "[link][accept_guard]") {
  const Place place;
  Child server([&] { serve(place, true); });
  const std::string tcp = place.wait_for_note("tcp");
  REQUIRE(is_served(place.ipc("socket")));
  Crowd crowd;
  crowd.join_ipc(place.file("socket"), 100);
  crowd.join_tcp(tcp, 100);
  CHECK(eventually([&] { return crowd.turned_away() > 200 - descriptors_max; }));
  // Those that were let in and say nothing leave when their time for the handshake is over.
  CHECK(is_served(place.ipc("socket")));
  CHECK(is_served(tcp));
  // Neither listener has spun all the time over a queue that it could not empty.
  CHECK(processor_time(server.id()) < 500ms);
  int status = 0;
  CHECK(::waitpid(server.id(), &status, WNOHANG) == 0);
}

TEST_CASE("accept works as ever while there are descriptors, and tells other errors", "[link][accept_guard]") {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listener, 5) == 0);
  socklen_t size = sizeof address;
  REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  errno = 0;
  CHECK(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC) == -1);
  CHECK(errno == EAGAIN);
  CHECK(::accept(-1, nullptr, nullptr) == -1);
  CHECK(errno == EBADF);
  Crowd crowd;
  crowd.join(reinterpret_cast<const sockaddr*>(&address), sizeof address, 2);
  sockaddr_in peer{};
  size = sizeof peer;
  const int first = ::accept4(listener, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC);
  CHECK((::fcntl(first, F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(peer.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
  const int second = ::accept(listener, nullptr, nullptr);
  CHECK(second >= 0);
  for (const int one : {first, second, listener}) ::close(one);
}
