#include <atomic>
#include <future>
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

ErrorCode code_of(const std::function<void()>& call, std::string* text = nullptr) {
  try {
    call();
  } catch (const Error& error) {
    if (text != nullptr) *text = error.what();
    return error.code();
  }
  FAIL("nothing was thrown");
  return ErrorCode::bad_state;
}

std::string text_of(const std::function<void()>& call) {
  std::string text;
  code_of(call, &text);
  return text;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A node without a sidecar: its endpoint leads nowhere.
NodeOptions nowhere(const link::test::Place& place) {
  NodeOptions options;
  options.sidecar = place.ipc("nobody.sock");
  options.log = [](int, std::string_view) {};
  return options;
}

}  // namespace

TEST_CASE("without a sidecar sending fills the window, and then try_send says why not") {
  const link::test::Place place;
  Node node(nowhere(place));
  auto pusher = node.pusher("orders", {.window = 1000});
  CHECK(pusher.back_pressure().empty());
  int accepted = 1;
  pusher.send("there is room for this one, and it is not confirmed either");
  CHECK(has(pusher.back_pressure(), "no sidecar"));
  while (pusher.try_send(std::string(100, 'x'))) ++accepted;
  CHECK(accepted > 3);
  CHECK(accepted < 10);
  CHECK(pusher.accepted() == static_cast<std::uint64_t>(accepted));
  CHECK(has(pusher.back_pressure(), "1000 octets"));
  CHECK(has(pusher.back_pressure(), "no sidecar"));
  CHECK(pusher.confirmed() == 0);
  CHECK_FALSE(pusher.flush(1ms));
  CHECK(pusher.close({}) == static_cast<std::size_t>(accepted));
}

TEST_CASE("a message larger than the window goes alone") {
  const link::test::Place place;
  Node node(nowhere(place));
  auto pusher = node.pusher("orders", {.window = 100});
  CHECK(pusher.try_send(std::string(5000, 'x')));
  CHECK_FALSE(pusher.try_send("x"));
  pusher.close({});
}

TEST_CASE("what cannot be sent is refused with the rule that it breaks") {
  const link::test::Place place;
  Node node(nowhere(place));
  auto pusher = node.pusher("orders");
  CHECK(code_of([&] { pusher.send(""); }) == ErrorCode::bad_argument);
  CHECK(has(text_of([&] { pusher.send(""); }), "1 to 1048576 octets, this one has 0"));
  CHECK(has(text_of([&] { pusher.send(std::string((1U << 20) + 1, 'x')); }), "this one has 1048577"));
  const std::string long_text(5000, 'k');
  CHECK(code_of([&] { pusher.send("x", {.key = long_text}); }) == ErrorCode::bad_argument);
  CHECK(has(text_of([&] { pusher.send("x", {.key = long_text}); }), "send to orders: attributes"));
  CHECK(pusher.accepted() == 0);
}

TEST_CASE("names are checked before anything is opened") {
  const link::test::Place place;
  Node node(nowhere(place));
  CHECK(code_of([&] { node.pusher("No Good"); }) == ErrorCode::bad_argument);
  CHECK(has(text_of([&] { node.pusher("No Good"); }), "\"No Good\""));
  CHECK(has(text_of([&] { node.pusher("orders@2"); }), "SenderOptions::instance"));
  CHECK(code_of([&] { node.pusher("orders", {.instance = 70000}); }) == ErrorCode::bad_argument);
  CHECK(code_of([&] { node.pusher("orders", {.window = 0}); }) == ErrorCode::bad_argument);
}

TEST_CASE("a message is granted a sequence, copied, confirmed and settled") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto pusher = node.pusher("orders", {.instance = 2});
  const Receipt receipt = pusher.send("42 apples", {.marker = 9});
  CHECK(receipt.outcome() == Outcome::pending);
  CHECK_FALSE(receipt.id());
  const auto open = sidecar.grant(101);
  CHECK(open.stream == "orders@2");
  CHECK(sidecar.hello.pid == static_cast<std::uint32_t>(::getpid()));
  const auto copy = sidecar.expect_copy();
  CHECK(copy.header().first == 101);
  CHECK(copy.header().marker == 9);
  CHECK(copy.message(101).payload == "42 apples");
  CHECK_FALSE(receipt.wait_confirmed(1ms));
  sidecar.confirm(open.handle, 101);
  CHECK(receipt.wait_confirmed(patience));
  CHECK(receipt.outcome() == Outcome::stored);
  CHECK(receipt.id() == MessageId{"here", "orders@2", FakeSidecar::grant_id, 101});
  CHECK_FALSE(receipt.wait_processed(1ms));
  sidecar.confirm(open.handle, 101, 101);
  CHECK(receipt.wait_processed(patience));
  CHECK(receipt.outcome() == Outcome::acked);
  CHECK(pusher.flush(patience));
  CHECK(pusher.close() == 0);
  CHECK(sidecar.expect<core::CloseWriter>().handle == open.handle);
}

TEST_CASE("what gathered while the line was busy goes as one batch") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto pusher = node.pusher("orders");
  for (int i = 0; i < 100; ++i) pusher.send("message " + std::to_string(i));
  const auto open = sidecar.grant();
  const auto copy = sidecar.expect_copy();
  CHECK(copy.count() == 100);
  CHECK(copy.message(150).payload == "message 49");
  sidecar.confirm(open.handle, 200);
  CHECK(pusher.flush(patience));
}

TEST_CASE("send waits while the window is full and goes on with the confirm") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto pusher = node.pusher("orders", {.window = 1000});
  const auto open = sidecar.grant();
  while (pusher.try_send(std::string(100, 'x'))) {
  }
  std::atomic<bool> through{false};
  std::thread sender([&] {
    pusher.send(std::string(100, 'y'));
    through = true;
  });
  Sequence last = 0;
  while (last < 100 + pusher.accepted() && !through) last = sidecar.expect_copy().header().last;
  CHECK_FALSE(through);
  sidecar.confirm(open.handle, last);
  CHECK(sidecar.wait_until([&] { return through.load(); }));
  sender.join();
  pusher.close({});
}

TEST_CASE("an unknown link is made anew and everything unconfirmed sent again, byte for byte") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto pusher = node.pusher("orders");
  const auto open = sidecar.grant();
  pusher.send("first");
  const auto first = sidecar.expect_copy();
  pusher.send("second");
  const auto second = sidecar.expect_copy();
  sidecar.confirm(open.handle, 101);
  sidecar.say(core::Unknown{});
  const auto again = sidecar.expect<core::OpenWriter>();
  CHECK(sidecar.hellos == 2);
  CHECK(again.resume);
  CHECK(again.handle == open.handle);
  CHECK(again.confirmed_to == 101);
  REQUIRE(again.grants.size() == 1);
  CHECK(again.grants[0].grant == FakeSidecar::grant_id);
  CHECK(sidecar.copies_waiting() == 0);
  sidecar.say(core::Attached{open.handle, 1U << 20, 0});
  CHECK(sidecar.expect_copy().frame().octets() == second.frame().octets());
  CHECK(sidecar.copies_waiting() == 0);
  sidecar.confirm(open.handle, 102);
  CHECK(pusher.flush(patience));
}

TEST_CASE("the death of the sidecar is noticed at once, and the window is kept over it") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto pusher = node.pusher("orders");
  const auto open = sidecar.grant();
  pusher.send("kept");
  const auto copy = sidecar.expect_copy();
  sidecar.restart();
  CHECK(sidecar.expect<core::OpenWriter>().resume);
  sidecar.say(core::Attached{open.handle, 1U << 20, 0});
  CHECK(sidecar.expect_copy().frame().octets() == copy.frame().octets());
  sidecar.confirm(open.handle, 101);
  CHECK(pusher.flush(patience));
}

TEST_CASE("a jump in the numbering restarts the link") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto pusher = node.pusher("orders");
  const auto open = sidecar.grant();
  sidecar.skip_a_number();
  sidecar.say(core::Fenced{open.handle, "must not be believed"});
  CHECK(sidecar.expect<core::OpenWriter>().resume);
  CHECK(sidecar.hellos == 2);
}

TEST_CASE("a second writer is refused with the holder's name, and goes on when the stream is free") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto pusher = node.pusher("orders");
  const auto open = sidecar.expect<core::OpenWriter>();
  const Receipt receipt = pusher.send("accepted before the refusal was known");
  sidecar.say(core::Refused{core::Side::handle, open.handle, ErrorCode::held_elsewhere, "pid 12 writes it"});
  std::string text;
  CHECK(code_of([&] { static_cast<void>(receipt.wait_confirmed(patience)); }, &text) == ErrorCode::held_elsewhere);
  CHECK(has(text, "orders"));
  CHECK(has(text, "pid 12 writes it"));
  CHECK(code_of([&] { pusher.send("x"); }) == ErrorCode::held_elsewhere);
  CHECK(code_of([&] { pusher.flush(patience); }) == ErrorCode::held_elsewhere);
  CHECK(has(pusher.back_pressure(), "pid 12"));
  sidecar.grant();  // asked again by itself
  sidecar.expect_copy();
  sidecar.confirm(open.handle, 101);
  CHECK(sidecar.wait_until([&] { return receipt.outcome() == Outcome::stored; }));
  pusher.send("y");
  pusher.close({});
}

TEST_CASE("a fenced writer is told, for good") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto pusher = node.pusher("orders");
  const auto open = sidecar.grant();
  const Receipt receipt = pusher.send("x");
  sidecar.expect_copy();
  sidecar.say(core::Fenced{open.handle, "another process writes it since 10:00"});
  std::string text;
  CHECK(code_of([&] { static_cast<void>(receipt.wait_confirmed(patience)); }, &text) == ErrorCode::bad_state);
  CHECK(has(text, "since 10:00"));
  CHECK(code_of([&] { pusher.send("y"); }) == ErrorCode::bad_state);
  CHECK(pusher.close(patience) == 1);
}

TEST_CASE("a sidecar of another version refuses, and the pusher says so") {
  FakeSidecar sidecar;
  sidecar.refuses_version = true;
  Node node(sidecar.options());
  auto pusher = node.pusher("orders");
  const Receipt receipt = pusher.send("x");
  REQUIRE(sidecar.wait_until([&] { return sidecar.hellos == 1; }));
  std::string text;
  CHECK(code_of([&] { static_cast<void>(receipt.wait_confirmed(patience)); }, &text) ==
        ErrorCode::incompatible_version);
  CHECK(has(text, "speaks version 2"));
  CHECK(code_of([&] { pusher.send("y"); }) == ErrorCode::incompatible_version);
  CHECK(has(sidecar.log(), "3 the sidecar at " + sidecar.endpoint() + " refuses this service: speaks version 2"));
}

TEST_CASE("live copies go straight to the worker and name it") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto pusher = node.pusher("orders");
  const auto open = sidecar.grant();
  link::Pull worker(sidecar.context(), limits::frame_size_max);
  const std::string endpoint = worker.bind(sidecar.place().ipc("worker.sock"));
  sidecar.say(core::LiveTarget{open.handle, 5, endpoint, 1, 1U << 20, false});
  // The grant and the target are known once a later word has had its effect.
  sidecar.say(core::Confirmed{open.handle, 0, 0, 1U << 20, ""});
  std::optional<core::Buffer> live;
  std::vector<core::Batch> copies;
  for (int i = 0; i < 100 && !live; ++i) {
    pusher.send("x");
    copies.push_back(sidecar.expect_copy());
    if (copies.back().header().owner == 0) continue;
    REQUIRE(sidecar.wait_until([&] { return (live = worker.receive()).has_value(); }));
  }
  REQUIRE(live);
  CHECK(copies.back().header().owner == 5);
  CHECK(live->octets() == copies.back().frame().octets());
  pusher.send("the worker has no more credit");
  CHECK(sidecar.expect_copy().header().owner == 0);
  pusher.close({});
}

TEST_CASE("a live endpoint on another machine is not used without encryption") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto pusher = node.pusher("orders");
  const auto open = sidecar.grant();
  pusher.send("x");
  sidecar.expect_copy();
  sidecar.say(core::LiveTarget{open.handle, 5, "tcp://192.0.2.1:5000", 10, 1U << 20, false});
  sidecar.say(core::LiveTarget{open.handle, 6, "no endpoint at all", 9, 1U << 20, false});
  sidecar.confirm(open.handle, 101);
  REQUIRE(pusher.flush(patience));  // so both targets are known
  pusher.send("y");
  CHECK(sidecar.expect_copy().header().owner == 0);
  pusher.send("z");
  CHECK(sidecar.expect_copy().header().owner == 0);
  CHECK(has(sidecar.log(), "no live copies to tcp://192.0.2.1:5000: it is not on this machine"));
  CHECK(has(sidecar.log(), "no live copies to no endpoint at all"));
  pusher.close({});
}

TEST_CASE("the last marker is the sidecar's or the newest confirmed") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto pusher = node.pusher("orders");
  CHECK(code_of([&] { static_cast<void>(pusher.last_marker(1ms)); }) == ErrorCode::retry_later);
  const auto open = sidecar.expect<core::OpenWriter>();
  sidecar.say(core::Granted{open.handle, {1, {101, 200}}, true, 1U << 20, 41});
  CHECK(pusher.last_marker(patience) == 41U);
  pusher.send("x", {.marker = 42});
  sidecar.expect_copy();
  sidecar.confirm(open.handle, 101);
  CHECK(pusher.flush(patience));
  CHECK(pusher.last_marker(patience) == 42U);
}

TEST_CASE("a stream that never had a marker has none") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto pusher = node.pusher("orders");
  sidecar.grant();
  CHECK(pusher.last_marker(patience) == std::nullopt);
}

TEST_CASE("closing says how many are left, and the destructor warns") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  {
    auto pusher = node.pusher("orders");
    pusher.send("x");
    pusher.send("y");
    CHECK(pusher.close(1ms) == 2);
    CHECK(pusher.close(1ms) == 2);
    CHECK(code_of([&] { pusher.send("z"); }) == ErrorCode::bad_state);
    CHECK(code_of([&] { pusher.flush(patience); }) == ErrorCode::bad_state);
  }
  CHECK(has(sidecar.log(), "with 2 messages unconfirmed"));
}

TEST_CASE("closing waits for the confirms") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto pusher = node.pusher("orders");
  pusher.send("x");
  auto left = std::async(std::launch::async, [&] { return pusher.close(patience); });
  const auto open = sidecar.grant();
  sidecar.expect_copy();
  sidecar.confirm(open.handle, 101);
  CHECK(left.get() == 0);
  sidecar.expect<core::CloseWriter>();
}

TEST_CASE("many threads may send at once, and every message goes once") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto pusher = node.pusher("orders");
  const auto open = sidecar.grant(1, 10000);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) pusher.send("x");
    });
  }
  Sequence last = 0;
  while (last < 2000) {
    const auto copy = sidecar.expect_copy();
    CHECK(copy.header().before == last);
    last = copy.header().last;
    sidecar.confirm(open.handle, last);
  }
  for (auto& thread : threads) thread.join();
  CHECK(pusher.flush(patience));
  CHECK(pusher.confirmed() == 2000);
}
