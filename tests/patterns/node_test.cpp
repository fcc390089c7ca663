#include <csignal>

#include <atomic>
#include <string>
#include <thread>

#include <restante/node.h>
#include <catch2/catch.hpp>

#include "tests/patterns/fake_sidecar.h"

using namespace restante;
using namespace std::chrono_literals;
using restante::test::FakeSidecar;

namespace {

constexpr Duration patience = 10s;

NodeOptions nowhere(const link::test::Place& place) {
  NodeOptions options;
  options.sidecar = place.ipc("nobody.sock");
  options.log = [](int, std::string_view) {};
  return options;
}

/// The code of the Error that `call` throws, or nothing.
std::optional<ErrorCode> code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("endpoints are checked when a node is opened") {
  CHECK(code_of([] { Node node({.sidecar = "nonsense"}); }) == ErrorCode::bad_argument);
  CHECK(code_of([] { Node node({.sidecar = "tcp://192.0.2.1:5000"}); }) == ErrorCode::denied);
}

TEST_CASE("a missing sidecar is complained of once, with the command that helps") {
  const link::test::Place place;
  std::mutex mutex;
  std::vector<std::string> lines;
  NodeOptions options = nowhere(place);
  options.log = [&](int level, std::string_view text) {
    const std::lock_guard lock(mutex);
    lines.push_back(std::to_string(level) + " " + std::string(text));
  };
  Node node(options);
  auto pusher = node.pusher("orders");
  REQUIRE(link::test::eventually([&] {
    const std::lock_guard lock(mutex);
    return !lines.empty();
  }));
  CHECK_FALSE(node.wait_ready(20ms));
  const std::lock_guard lock(mutex);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] == "2 no sidecar at " + options.sidecar + ": start one with `restante up`");
}

TEST_CASE("ready means that every link is up and every stream granted or subscribed") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  CHECK(node.wait_ready(patience));  // nothing was opened
  auto pusher = node.pusher("orders");
  auto puller = node.puller("orders");
  CHECK_FALSE(node.wait_ready(1ms));
  sidecar.grant();
  CHECK_FALSE(node.wait_ready(1ms));
  sidecar.subscribe();
  CHECK(node.wait_ready(patience));
  sidecar.die();
  CHECK(link::test::eventually([&] { return node.status_json().find("\"up\":false") != std::string::npos; }));
  CHECK_FALSE(node.wait_ready(1ms));
}

TEST_CASE("stop ends all waiting") {
  const link::test::Place place;
  Node node(nowhere(place));
  auto pusher = node.pusher("orders", {.window = 100});
  auto puller = node.puller("orders");
  const Receipt receipt = pusher.send(std::string(100, 'x'));
  std::atomic<int> ended{0};
  std::vector<std::thread> waiting;
  const auto expect_bad_state = [&](auto call) {
    waiting.emplace_back([&ended, call] { ended += code_of(call) == ErrorCode::bad_state ? 1 : 0; });
  };
  expect_bad_state([&] { pusher.send("y"); });
  expect_bad_state([&] { pusher.flush(); });
  expect_bad_state([&] { static_cast<void>(pusher.last_marker(patience)); });
  expect_bad_state([&] { static_cast<void>(receipt.wait_confirmed()); });
  expect_bad_state([&] { static_cast<void>(receipt.wait_processed()); });
  waiting.emplace_back([&] { ended += puller.receive().has_value() ? 0 : 1; });
  node.stop();
  for (auto& thread : waiting) thread.join();
  CHECK(ended == 6);
  CHECK(puller.stopped());
  CHECK(code_of([&] { node.pusher("more"); }) == ErrorCode::bad_state);
  CHECK(pusher.close(1ms) == 1);
}

TEST_CASE("after stop a pusher can still be closed in good order") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto pusher = node.pusher("orders");
  pusher.send("accepted before");
  node.stop();
  std::thread closing([&] { CHECK(pusher.close(patience) == 0); });
  const auto open = sidecar.grant();
  sidecar.expect_copy();
  sidecar.confirm(open.handle, 101);
  closing.join();
}

TEST_CASE("the end of a node ends what was opened on it") {
  const link::test::Place place;
  auto node = std::make_unique<Node>(nowhere(place));
  auto pusher = node->pusher("orders");
  auto puller = node->puller("orders");
  pusher.send("x");
  node.reset();
  CHECK(code_of([&] { pusher.send("y"); }) == ErrorCode::bad_state);
  CHECK(code_of([&] { pusher.flush(); }) == ErrorCode::bad_state);
  CHECK_FALSE(puller.receive());
  CHECK(pusher.close(patience) == 1);
}

TEST_CASE("signals stop a node that wants it, and the handlers are given back") {
  struct sigaction before {};
  ::sigaction(SIGTERM, nullptr, &before);
  const link::test::Place place;
  {
    NodeOptions options = nowhere(place);
    options.stop_on_signals = true;
    Node node(options);
    auto puller = node.puller("orders");
    std::thread waiting([&] { CHECK_FALSE(puller.receive()); });
    ::kill(::getpid(), SIGTERM);
    waiting.join();
    CHECK(puller.stopped());
  }
  struct sigaction now {};
  ::sigaction(SIGTERM, nullptr, &now);
  CHECK(now.sa_handler == before.sa_handler);
}

TEST_CASE("after a fork the child is told to open a node of its own") {
  const link::test::Place place;
  Node node(nowhere(place));
  auto pusher = node.pusher("orders");
  auto puller = node.puller("orders");
  const Receipt receipt = pusher.send("x");
  const pid_t child = ::fork();
  if (child == 0) {
    const bool refused = code_of([&] { pusher.send("y"); }) == ErrorCode::bad_state &&
                         code_of([&] { pusher.flush(); }) == ErrorCode::bad_state &&
                         code_of([&] { static_cast<void>(puller.receive()); }) == ErrorCode::bad_state &&
                         code_of([&] { node.pusher("z"); }) == ErrorCode::bad_state &&
                         code_of([&] { static_cast<void>(receipt.wait_confirmed()); }) == ErrorCode::bad_state &&
                         code_of([&] { static_cast<void>(node.status_json()); }) == ErrorCode::bad_state &&
                         pusher.close() == 0;
    puller.stop();
    { const Pusher ended = std::move(pusher); }
    { const Puller ended = std::move(puller); }
    node.~Node();
    ::_exit(refused ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(pusher.close(1ms) == 1);
}

TEST_CASE("the status is JSON that names links, writers and readers") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto pusher = node.pusher("orders");
  auto puller = node.puller("orders");
  sidecar.grant();
  sidecar.subscribe();
  REQUIRE(node.wait_ready(patience));
  const std::string status = node.status_json();
  CHECK(status.find("\"up\":true") != std::string::npos);
  CHECK(status.find("\"node\":\"here\"") != std::string::npos);
  CHECK(status.find("\"stream\":\"orders\"") != std::string::npos);
  CHECK(status.find("\"subscribed\":true") != std::string::npos);
  CHECK(status.find("\"counters\":{") != std::string::npos);
}

TEST_CASE("a node that ends says good-bye to its sidecar") {
  FakeSidecar sidecar;
  auto node = std::make_unique<Node>(sidecar.options());
  auto puller = node->puller("orders");
  sidecar.subscribe();
  REQUIRE(node->wait_ready(patience));
  std::thread end([&] { node.reset(); });
  sidecar.expect<core::Bye>();
  end.join();
}

TEST_CASE("a link without a word is given up, and one with words is kept") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto pusher = node.pusher("orders");
  sidecar.grant();
  REQUIRE(node.wait_ready(patience));
  // Heartbeats of the fixture keep it for longer than silence_max.
  CHECK_FALSE(sidecar.wait_until([&] { return sidecar.hellos > 1; }, limits::silence_max + 500ms));
  const auto is_down = [&] { return node.status_json().find("\"up\":false") != std::string::npos; };
  CHECK_FALSE(is_down());
  const core::Instant start = link::boot_now();
  CHECK(link::test::eventually(is_down));
  CHECK(link::boot_now() - start > limits::silence_max - 1s);
}
