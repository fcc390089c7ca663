#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fstream>

#include <catch2/catch.hpp>

#include <restante/error.h>

#include "tests/patterns/link_fixture.h"

using namespace restante;
using namespace restante::link;
using namespace restante::link::test;

namespace {

/// The error of binding a new router to `endpoint`.
Error refused(Context& context, const std::string& endpoint) {
  Router router(context, frame_max);
  try {
    router.bind(endpoint);
  } catch (const Error& error) {
    return error;
  }
  FAIL("bound to " << endpoint);
  return Error(ErrorCode::bad_state, "");
}

/// What a killed process leaves: a socket file that nobody listens at.
void leave_stale(const std::string& path) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::close(socket);
}

bool is_answered(Context& context, Router& router, const std::string& endpoint) {
  Dealer dealer(context, endpoint, frame_max);
  dealer.send(text("hello"));
  Poller poller;
  poller.add(router);
  return eventually(poller, [&] { return router.receive().has_value(); });
}

}  // namespace

TEST_CASE("bind tells the real port", "[link]") {
  Context context;
  Router router(context, frame_max);
  const std::string asked = GENERATE(as<std::string>{}, "tcp://127.0.0.1:0", "tcp://127.0.0.1:*", "tcp://localhost:0");
  const std::string endpoint = router.bind(asked);
  CHECK(endpoint.starts_with("tcp://127.0.0.1:"));
  CHECK_FALSE(endpoint.ends_with(":0"));
  CHECK(is_answered(context, router, endpoint));
  Pull pull(context, frame_max);
  CHECK(pull.bind("tcp://*:0").starts_with("tcp://0.0.0.0:"));
}

TEST_CASE("an ipc socket and its directory are private, and the umask is as before", "[link]") {
  const Place place;
  Context context;
  Router router(context, frame_max);
  const mode_t before = ::umask(022);
  CHECK(router.bind(place.ipc("new/socket")) == place.ipc("new/socket"));
  CHECK(::umask(before) == 022);
  struct stat found {};
  REQUIRE(::stat(place.file("new/socket").c_str(), &found) == 0);
  CHECK((found.st_mode & 07777) == 0700);
  REQUIRE(::stat(place.file("new").c_str(), &found) == 0);
  CHECK((found.st_mode & 07777) == 0700);
}

TEST_CASE("a live ipc path is not taken over, and the error names its process", "[link]") {
  const Place place;
  Context context;
  Router first(context, frame_max);
  first.bind(place.ipc("socket"));
  const Error error = refused(context, place.ipc("socket"));
  CHECK(error.code() == ErrorCode::held_elsewhere);
  CHECK_THAT(error.what(), Catch::Contains("process " + std::to_string(::getpid())));
  CHECK_THAT(error.what(), Catch::Contains(place.ipc("socket")));
  Pull pull(context, frame_max);
  CHECK_THROWS_AS(pull.bind(place.ipc("socket")), Error);
  CHECK(is_answered(context, first, place.ipc("socket")));
}

TEST_CASE("the ipc path of a dead process is used again", "[link]") {
  const Place place;
  leave_stale(place.file("socket"));
  Context context;
  Router router(context, frame_max);
  router.bind(place.ipc("socket"));
  CHECK(is_answered(context, router, place.ipc("socket")));
}

TEST_CASE("what is no socket is not removed for one", "[link]") {
  const Place place;
  std::ofstream(place.file("socket")) << "precious";
  Context context;
  CHECK(refused(context, place.ipc("socket")).code() == ErrorCode::misconfigured);
  CHECK(std::filesystem::file_size(place.file("socket")) == 8);
}

TEST_CASE("a tcp port that is in use is refused with what to do", "[link]") {
  Context context;
  Router first(context, frame_max);
  const std::string endpoint = first.bind("tcp://127.0.0.1:0");
  const Error error = refused(context, endpoint);
  CHECK(error.code() == ErrorCode::misconfigured);
  CHECK_THAT(error.what(), Catch::Contains("cannot listen on " + endpoint + ": the address is in use; "));
}

TEST_CASE("an address that the machine does not have is refused", "[link]") {
  Context context;
  CHECK_THAT(refused(context, "tcp://192.0.2.1:5555").what(), Catch::Contains("no such address"));
  CHECK_THAT(refused(context, "tcp://nosuchdevice:5555").what(), Catch::Contains("no such address"));
}

TEST_CASE("a bad endpoint is refused by bind and by connect", "[link]") {
  Context context;
  CHECK_THAT(refused(context, "ipc:///" + std::string(200, 'p')).what(), Catch::Contains("201 octets"));
  CHECK(refused(context, "inproc://x").code() == ErrorCode::misconfigured);
  const std::string endpoint = GENERATE(as<std::string>{}, "inproc://x", "tcp://*:5555", "tcp://127.0.0.1:0",
                                        "tcp://127.0.0.1:*", "tcp://[::1]:5");
  CHECK_THROWS_AS(Dealer(context, endpoint, frame_max), Error);
  CHECK_THROWS_AS(Push(context, endpoint), Error);
}

TEST_CASE("a port below 1024 is refused with what to do", "[link]") {
  Child child([] {
    // Root may; another user may not.
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) ::_exit(0);
    std::string said;
    try {
      Context context;
      Router router(context, frame_max);
      router.bind("tcp://127.0.0.1:5");
      ::_exit(0);  // this kernel lets everyone (net.ipv4.ip_unprivileged_port_start)
    } catch (const Error& error) {
      said = error.what();
    }
    ::_exit(said == "cannot listen on tcp://127.0.0.1:5: permission denied; choose a port above 1023" ? 0 : 1);
  });
  CHECK(child.join() == 0);
}
