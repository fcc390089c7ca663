#include <sys/stat.h>

#include <fstream>

#include <catch2/catch.hpp>

#include <restante/error.h>

#include "tests/patterns/link_fixture.h"

using namespace restante;
using namespace restante::link;
using namespace restante::link::test;

namespace {

ErrorCode directory_error(const std::string& endpoint) {
  try {
    make_ipc_directory(endpoint);
  } catch (const Error& error) {
    return error.code();
  }
  FAIL("no error");
  return ErrorCode::bad_state;
}

mode_t mode_of(const std::string& path) {
  struct stat found {};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found.st_mode & 07777;
}

}  // namespace

TEST_CASE("an endpoint is an absolute ipc path or a tcp host and port", "[link]") {
  const std::string endpoint =
      GENERATE(as<std::string>{}, "ipc:///run/restante/sidecar.sock", "ipc:///a", "tcp://127.0.0.1:5555",
               "tcp://127.0.0.1:0", "tcp://127.0.0.1:*", "tcp://*:*", "tcp://0.0.0.0:65535", "tcp://localhost:1",
               "tcp://plant-7.example.org:5555", "tcp://eth0:5555", "tcp://h_1:5555");
  CAPTURE(endpoint);
  CHECK(endpoint_fault(endpoint) == std::nullopt);
}

TEST_CASE("what is not an endpoint is refused with a reason", "[link]") {
  struct Row {
    const char* endpoint;
    const char* reason;
  };
  const Row row =
      GENERATE(Row{"", "neither"}, Row{"ipc:/x", "neither"}, Row{"inproc://x", "neither"}, Row{"TCP://h:1", "neither"},
               Row{"/run/x", "neither"}, Row{"udp://h:1", "neither"}, Row{"ipc://", "not absolute"},
               Row{"ipc://relative", "not absolute"}, Row{"ipc://@abstract", "not absolute"},
               Row{"ipc://*", "not absolute"}, Row{"ipc:///run/", "directory"}, Row{"ipc:///with blank", "blank"},
               Row{"ipc:///new\nline", "control"}, Row{"ipc:///\xc3\xa4", "ASCII"}, Row{"tcp://", "no port"},
               Row{"tcp://host", "no port"}, Row{"tcp://:5555", "no host"}, Row{"tcp://host:", "port"},
               Row{"tcp://host:x", "port"}, Row{"tcp://host:-1", "port"}, Row{"tcp://host:+1", "port"},
               Row{"tcp://host:65536", "port"}, Row{"tcp://host:99999999999", "port"}, Row{"tcp://[::1]:5555", "IPv6"},
               Row{"tcp://::1:5555", "IPv6"}, Row{"tcp://127.0.0.1;10.0.0.1:5", "neither a name"},
               Row{"tcp://a/b:5", "neither a name"}, Row{"tcp://300.0.0.1:5", "IPv4"}, Row{"tcp://127.1:5", "IPv4"});
  CAPTURE(row.endpoint);
  const auto fault = endpoint_fault(row.endpoint);
  REQUIRE(fault);
  CHECK_THAT(*fault, Catch::Contains(row.reason));
}

TEST_CASE("an ipc path fits a socket's address", "[link]") {
  const std::string longest = "/" + std::string(106, 'p');
  CHECK(endpoint_fault("ipc://" + longest) == std::nullopt);
  CHECK_THAT(endpoint_fault("ipc://" + longest + "p").value(), Catch::Contains("108 octets"));
  CHECK_THAT(endpoint_fault("tcp://" + std::string(300, 'h') + ":1").value(), Catch::Contains("256"));
}

TEST_CASE("loopback is what cannot be reached from another machine", "[link]") {
  const std::string near = GENERATE(as<std::string>{}, "ipc:///run/x", "tcp://127.0.0.1:5", "tcp://127.255.3.4:*",
                                    "tcp://localhost:5", "tcp://[::1]:5", "tcp://::1:5");
  CAPTURE(near);
  CHECK(is_loopback(near));
}

TEST_CASE("a name or number that only looks like loopback is not", "[link]") {
  const std::string far = GENERATE(as<std::string>{}, "tcp://*:5", "tcp://0.0.0.0:5", "tcp://10.0.0.1:5",
                                   "tcp://127.0.0.1.example.org:5", "tcp://127.evil.org:5", "tcp://128.0.0.1:5",
                                   "tcp://localhost.example.org:5", "tcp://[::]:5", "tcp://12.7.0.1:5", "tcp://127.1:5",
                                   "tcp://0x7f.0.0.1:5", "tcp://lo:5", "tcp://127.0.0.1", "", "udp://127.0.0.1:5");
  CAPTURE(far);
  CHECK_FALSE(is_loopback(far));
}

TEST_CASE("a reachable endpoint has the address that the peer was seen at", "[link]") {
  CHECK(reachable("tcp://*:5", "10.1.2.3") == "tcp://10.1.2.3:5");
  CHECK(reachable("tcp://0.0.0.0:5", "10.1.2.3") == "tcp://10.1.2.3:5");
  CHECK(reachable("tcp://0.0.0.0:5", "") == "tcp://127.0.0.1:5");
  CHECK(reachable("tcp://192.168.0.9:5", "10.1.2.3") == "tcp://192.168.0.9:5");
  CHECK(reachable("tcp://plant:5", "10.1.2.3") == "tcp://plant:5");
  CHECK(reachable("ipc:///run/x", "10.1.2.3") == "ipc:///run/x");
  CHECK(reachable("nonsense", "10.1.2.3") == "nonsense");
}

TEST_CASE("the directory of an ipc endpoint is made, private at every level", "[link]") {
  const Place place;
  make_ipc_directory(place.ipc("a/b/socket"));
  CHECK(mode_of(place.file("a")) == 0700);
  CHECK(mode_of(place.file("a/b")) == 0700);
  make_ipc_directory(place.ipc("a/b/socket"));
  make_ipc_directory("tcp://127.0.0.1:5");
}

TEST_CASE("a directory that others may enter is refused", "[link]") {
  const Place place;
  CHECK(directory_error("ipc:///tmp/socket") == ErrorCode::misconfigured);
  make_ipc_directory(place.ipc("shared/socket"));
  REQUIRE(::chmod(place.file("shared").c_str(), 0710) == 0);
  CHECK_THROWS_WITH(make_ipc_directory(place.ipc("shared/socket")), Catch::Contains("chmod 700"));
  CHECK(directory_error(place.ipc("shared/socket")) == ErrorCode::misconfigured);
}

TEST_CASE("a file or a link in place of the directory is refused", "[link]") {
  const Place place;
  std::ofstream(place.file("file")) << "x";
  CHECK(directory_error(place.ipc("file/socket")) == ErrorCode::misconfigured);
  make_ipc_directory(place.ipc("real/socket"));
  REQUIRE(::symlink(place.file("real").c_str(), place.file("link").c_str()) == 0);
  CHECK(directory_error(place.ipc("link/socket")) == ErrorCode::misconfigured);
}
