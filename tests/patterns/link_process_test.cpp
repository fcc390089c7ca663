#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include <restante/error.h>

#include "patterns/link/process.h"
#include "tests/patterns/link_fixture.h"

using namespace restante;
using namespace restante::link;
using namespace restante::link::test;

namespace {

/// Sets variables (nullptr: unsets them) until the end of the test.
class Environment {
 public:
  Environment(std::initializer_list<std::pair<const char*, const char*>> values) {
    for (const auto& [name, value] : values) {
      const char* before = std::getenv(name);
      before_.emplace_back(name, before == nullptr ? std::nullopt : std::optional<std::string>(before));
      put(name, value);
    }
  }
  ~Environment() {
    for (const auto& [name, value] : before_) put(name, value ? value->c_str() : nullptr);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  static void put(const char* name, const char* value) {
    if (value != nullptr) {
      ::setenv(name, value, 1);
    } else {
      ::unsetenv(name);
    }
  }
  std::vector<std::pair<const char*, std::optional<std::string>>> before_;
};

}  // namespace

TEST_CASE("the clocks go", "[link]") {
  const core::Instant before = boot_now();
  CHECK(eventually([&] { return boot_now() > before; }));
  CHECK(wall_ms() > 1'700'000'000'000);
}

TEST_CASE("a process is named by its id and its start", "[link]") {
  const std::uint64_t own = process_start_time(process_id());
  CHECK(own > 0);
  CHECK(process_start_time(process_id()) == own);
  Child child([] { ::pause(); });
  const auto id = static_cast<std::uint32_t>(child.id());
  CHECK(process_start_time(id) >= own);
  child.signal(SIGKILL);
  child.join();
  CHECK(process_start_time(id) == 0);
}

TEST_CASE("a blank and a parenthesis in a process's name do not hide its start", "[link]") {
  const std::uint64_t own = process_start_time(process_id());
  Child child([own] {
    ::prctl(PR_SET_NAME, "a) b (c) 7");
    ::_exit(process_start_time(process_id()) >= own ? 0 : 1);
  });
  CHECK(child.join() == 0);
}

TEST_CASE("two processes of one user on one host have the same host identity", "[link]") {
  const std::string here = host_identity();
  CHECK_THAT(here, Catch::Contains("uid:"));
  Child child([&] { ::_exit(host_identity() == here ? 0 : 1); });
  CHECK(child.join() == 0);
}

TEST_CASE("random numbers differ", "[link]") {
  std::set<std::uint64_t> numbers;
  for (int i = 0; i < 1000; ++i) numbers.insert(random64());
  CHECK(numbers.size() == 1000);
}

TEST_CASE("sockets are where the environment says, else in the user's runtime directory", "[link]") {
  const Environment none{
      {"RESTANTE_RUNTIME_DIR", nullptr}, {"XDG_RUNTIME_DIR", nullptr}, {"RESTANTE_SIDECAR", nullptr}};
  {
    const Environment set{{"RESTANTE_RUNTIME_DIR", "/own/"}, {"XDG_RUNTIME_DIR", "/xdg"}};
    CHECK(runtime_directory() == "/own");
    CHECK(default_sidecar_endpoint() == "ipc:///own/sidecar.sock");
  }
  {
    const Environment set{{"RESTANTE_RUNTIME_DIR", ""}, {"XDG_RUNTIME_DIR", "/xdg"}};
    CHECK(runtime_directory() == "/xdg/restante");
  }
  {
    const Environment set{{"RESTANTE_SIDECAR", "tcp://127.0.0.1:5"}};
    CHECK(default_sidecar_endpoint() == "tcp://127.0.0.1:5");
  }
  const std::string directory = runtime_directory();
  CHECK_FALSE(directory.starts_with("/tmp"));
  if (::geteuid() == 0) CHECK(directory == "/run/restante");
  const Environment relative{{"RESTANTE_RUNTIME_DIR", "relative"}};
  CHECK_THROWS_AS(runtime_directory(), Error);
}

TEST_CASE("stores are where systemd or the environment says", "[link]") {
  const Environment none{{"STATE_DIRECTORY", nullptr}, {"XDG_STATE_HOME", nullptr}, {"HOME", "/home/someone"}};
  {
    const Environment set{{"STATE_DIRECTORY", "/var/lib/one:/var/lib/two"}, {"XDG_STATE_HOME", "/xdg"}};
    CHECK(state_directory() == "/var/lib/one");
  }
  {
    const Environment set{{"XDG_STATE_HOME", "/xdg"}};
    CHECK(state_directory() == "/xdg/restante");
  }
  CHECK(state_directory() == (::geteuid() == 0 ? "/var/lib/restante" : "/home/someone/.local/state/restante"));
}

TEST_CASE("sockets that dead processes left are removed, and no others", "[link]") {
  const Place place;
  const auto socket_at = [&](const std::string& name) {
    const std::string path = place.file(name);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(path.size() < sizeof address.sun_path);
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return socket;
  };
  const std::string dead = "live-4194304-0a.sock";  // above the kernel's highest pid
  const std::string served = "live-4194304-0b.sock";
  const std::string ours = "live-" + std::to_string(::getpid()) + "-0c.sock";
  ::close(socket_at(dead));
  const int listener = socket_at(served);
  REQUIRE(::listen(listener, 1) == 0);
  ::close(socket_at(ours));
  ::close(socket_at("sidecar.sock"));
  const std::string directory = place.file("").substr(0, place.file("").size() - 1);
  remove_dead_sockets(directory, "live-");
  CHECK_FALSE(std::filesystem::exists(place.file(dead)));
  CHECK(std::filesystem::exists(place.file(served)));
  CHECK(std::filesystem::exists(place.file(ours)));
  CHECK(std::filesystem::exists(place.file("sidecar.sock")));
  ::close(listener);
  remove_dead_sockets(place.file("nowhere"), "live-");
}
