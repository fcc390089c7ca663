/// \file
/// Copies that are missing are asked for (W2).

#include "tests/core/office_actors.h"

using namespace restante;
using namespace restante::core;

TEST_CASE("a copy that is not the successor of the last is not taken, and is asked for once (W2)") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  writer.send(2);
  writer.seal(2);  // is lost
  writer.send(2);
  writer.send(2);
  CHECK(bench.status().streams.at(0).head == 2);
  const auto asked = writer.peer->all<Resend>();
  REQUIRE(asked.size() == 1);
  CHECK(asked.front().after == 2);
  writer.send_again(asked.front().after);
  CHECK(bench.status().streams.at(0).head == 8);
  CHECK(bench.status().streams.at(0).copied == 8);
  writer.seal(1);
  writer.send(1);
  CHECK(writer.peer->all<Resend>().size() == 2);
}

TEST_CASE("what is lost again when it is sent again is asked for again, and once (W2, decision 0007)") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  writer.send(1);
  const Range lost = writer.seal(2);
  const Range behind = writer.send(2);
  writer.send(2);
  REQUIRE(writer.peer->all<Resend>().size() == 1);
  writer.send_again(lost.last);  // the first of what is sent again is lost as well
  CHECK(writer.peer->all<Resend>().size() == 2);
  writer.send(1);  // was on its way: no third request
  CHECK(writer.peer->all<Resend>().size() == 2);
  CHECK(bench.status().streams.at(0).head == lost.first - 1);
  writer.send_again(writer.peer->last<Resend>()->after);
  CHECK(bench.status().streams.at(0).head == behind.last + 3);
  CHECK(writer.peer->all<Resend>().size() == 2);
}

TEST_CASE("what cannot be had is not asked for without end (W2, decision 0007)") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  writer.send(1);
  writer.seal(1);  // is lost, always
  const Range behind = writer.send(1);
  for (int time = 0; time < 50; ++time) writer.send_again(behind.first - 1);
  CHECK(writer.peer->all<Resend>().size() == limits::resends_max);
}

TEST_CASE("a copy of a grant that was never given is asked for once, however often it comes (W2, W3)") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  writer.send(1);
  writer.grants.back().grant ^= 1;
  writer.seal(1);
  for (int time = 0; time < 5; ++time) writer.send_again(1);
  CHECK(writer.peer->all<Resend>().size() == 1);
  CHECK(bench.status().streams.at(0).head == 1);
}
