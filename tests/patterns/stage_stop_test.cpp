// A stage that is stopped, held back, or has lost an end.

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include <restante/node.h>
#include <restante/stage.h>
#include <catch2/catch.hpp>

#include "tests/patterns/stage_desk.h"

using namespace restante;
using namespace std::chrono_literals;
using restante::test::FakeSidecar;
using restante::test::StageDesk;

namespace {

void same(const Delivery& input, Output& output) { output.send(input.payload()); }

}  // namespace

TEST_CASE("a stage that is stopped waits for the confirms, then acks what has them and releases the rest") {
  StageDesk desk(same, {.stop_wait = 300ms});
  desk.lend_each(11, {"a", "b", "c"});
  desk.request_stop();
  desk.confirm(102);
  CHECK(desk.acked(2) == std::vector<Sequence>{11, 12});
  CHECK_FALSE(desk.over());
  CHECK(desk.released(1) == std::vector<Sequence>{13});
  CHECK_FALSE(desk.end());
  CHECK(desk.counts().acked == 2);
  CHECK(desk.counts().released == 1);
  CHECK(desk.counts().in_flight == 0);
  CHECK_FALSE(desk.in.stopped());
}

TEST_CASE("a stage whose node is stopped ends in the same order, and throws nothing") {
  StageDesk desk(same, {.stop_wait = 10s});
  desk.lend(11, {"a", "b"});
  desk.outputs(2);
  desk.node().stop();
  desk.confirm(102);
  CHECK(desk.acked(2) == std::vector<Sequence>{11, 12});
  CHECK_FALSE(desk.end());
  CHECK(desk.over());
}

TEST_CASE("a stage that its reader stops while it is held back by the window releases what was not sent") {
  StageDesk desk(same, {.stop_wait = 50ms}, {}, {.window = 100});
  desk.lend(11, {std::string(60, 'a'), std::string(60, 'b')});
  desk.outputs(1);
  desk.in.stop();
  CHECK(desk.released(2) == std::vector<Sequence>{11, 12});
  CHECK_FALSE(desk.end());
  CHECK(desk.counts().released == 2);
}

TEST_CASE("a full window holds the stage back, and the confirm lets it go on") {
  StageDesk desk(same, StageDesk::hasty, {}, {.window = 100});
  desk.lend(11, {std::string(60, 'a'), std::string(60, 'b'), std::string(60, 'c')});
  for (Sequence sequence = 101; sequence <= 103; ++sequence) {
    CHECK(desk.outputs(1)[0].sequence == sequence);
    CHECK(desk.sidecar.copies_waiting() == 0);
    CHECK(desk.counts().inputs <= sequence - 99);
    desk.confirm(sequence);
    CHECK(desk.acked(1) == std::vector{sequence - 90});
  }
}

TEST_CASE("no more inputs are in flight than allowed") {
  StageDesk desk(same, {.in_flight_max = 2, .stop_wait = 10ms});
  desk.lend_each(11, {"a", "b"});
  desk.lend(13, {"c", "d"});
  CHECK(desk.counts().inputs == 2);
  desk.confirm(101);
  CHECK(desk.acked(1) == std::vector<Sequence>{11});
  desk.outputs(1);
  CHECK(desk.counts().inputs == 3);
}

TEST_CASE("the lease of an input that waits for confirms is extended") {
  StageDesk desk(same, {}, {.lease = 100ms});
  desk.lend(11, {"a", "b"});
  desk.outputs(2);
  // Four leases long: if one ended, a nack would come.
  CHECK_FALSE(desk.sidecar.wait_until(
      [&] {
        std::size_t words = desk.sidecar.waiting<core::Settle>();
        for (; words > 0; --words) {
          const auto settle = desk.sidecar.expect<core::Settle>();
          if (!settle.nacks.empty() || !settle.released.empty() || !settle.acks.empty()) return true;
        }
        return false;
      },
      400ms));
  desk.confirm(102);
  CHECK(desk.acked(2) == std::vector<Sequence>{11, 12});
}

TEST_CASE("the lease of an input that waits for room is extended, and it is sent then") {
  StageDesk desk(same, StageDesk::hasty, {.lease = 100ms}, {.window = 100});
  desk.lend(11, {std::string(60, 'a'), std::string(60, 'b')});
  desk.outputs(1);
  CHECK_FALSE(desk.sidecar.wait_until(
      [&] {
        while (desk.sidecar.waiting<core::Settle>() > 0) {
          if (!desk.sidecar.expect<core::Settle>().nacks.empty()) return true;
        }
        return false;
      },
      400ms));
  desk.confirm(101);
  CHECK(desk.acked(1) == std::vector<Sequence>{11});
  CHECK(desk.outputs(1)[0].payload == std::string(60, 'b'));
}

TEST_CASE("what waits too long for its confirm is released, and nothing is taken until that came") {
  StageDesk desk(same, {.wait_max = 100ms, .stop_wait = 10ms});
  desk.lend(11, {"a"});
  desk.outputs(1);
  CHECK(desk.released(1) == std::vector<Sequence>{11});
  CHECK(desk.sidecar.log().find("takes nothing more until its outputs are confirmed") != std::string::npos);
  CHECK(desk.counts().released == 1);
  desk.lend(21, {"b"});  // the worker was waiting for one already: it gives that back
  CHECK(desk.released(1) == std::vector<Sequence>{21});
  desk.lend(11, {"a"});
  desk.lend(21, {"b"});
  CHECK(desk.counts().inputs == 1);
  desk.confirm(101);
  desk.outputs(2);
  desk.confirm(103);
  CHECK(desk.acked(2).size() == 2);
  CHECK(desk.counts().acked == 2);
}

TEST_CASE("a stage whose out is refused ends with the reason, and releases what it had") {
  StageDesk desk(same);
  desk.lend(11, {"a", "b"});
  desk.outputs(2);
  desk.sidecar.say(core::Refused{core::Side::handle, desk.handle, ErrorCode::held_elsewhere, "process 7 writes it"});
  CHECK(desk.released(2) == std::vector<Sequence>{11, 12});
  const auto thrown = desk.end();
  REQUIRE(thrown);
  CHECK(thrown->code() == ErrorCode::held_elsewhere);
  CHECK(std::string(thrown->what()).find("process 7 writes it") != std::string::npos);
}

TEST_CASE("a stage whose out was closed ends with the reason") {
  StageDesk desk(same);
  desk.out.close(1s);
  desk.lend(11, {"a"});
  const auto thrown = desk.end();
  REQUIRE(thrown);
  CHECK(thrown->code() == ErrorCode::bad_state);
  CHECK(desk.released(1) == std::vector<Sequence>{11});
}

TEST_CASE("the function may call for more time, and several threads call it") {
  std::atomic<int> inside{0};
  std::atomic<bool> both{false};
  StageDesk desk(
      [&](const Delivery& input, Output& output) {
        if (++inside == 2) both = true;
        while (!both) {
          if (!output.extend()) throw std::runtime_error("the lease has ended");
        }
        output.send(input.payload());
      },
      {.threads = 2}, {.lease = 20ms});
  desk.lend(11, {"a", "b"});
  desk.outputs(2);
  desk.confirm(102);
  CHECK(desk.acked(2).size() == 2);
  CHECK(desk.counts().failed == 0);
  CHECK(desk.status().find("\"in\":\"orders\",\"out\":\"labels\",\"inputs\":2,\"outputs\":2") != std::string::npos);
}
