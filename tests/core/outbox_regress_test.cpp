/// \file
/// A store that is older than its peers (PROTOCOL X6).

#include <catch2/catch.hpp>

#include "tests/core/office_actors.h"

using namespace restante;
using namespace restante::core;
using namespace std::chrono_literals;

namespace {

/// A consumer that has seen `known` asks for work.
void subscribe_knowing(OfficeBench& bench, const Grant& known) {
  Subscribe message;
  message.session = 0x99;
  message.stream = "s";
  message.subscription = "workers";
  message.known = {known};
  bench.say(bench.connect(), message);
}

}  // namespace

TEST_CASE("a store that was put back from a copy is another one, and grants well above what its peers know (X6)") {
  OfficeBench bench;
  TestWriter first(bench);
  first.open();
  const StoreContents copy = bench.store.snapshot();
  bench.say(*first.peer, CloseWriter{0xA});
  TestWriter second(bench, 0xB);
  second.open();
  const Incarnation before = bench.status().incarnation;
  bench.store.restore(copy);
  bench.restart();
  CHECK(bench.status().incarnation == before);

  subscribe_knowing(bench, second.grants.front());
  CHECK(bench.status().incarnation != before);
  CHECK(bench.store.snapshot().incarnation == bench.status().incarnation);
  REQUIRE(bench.notices.size() == 1);
  CHECK(bench.notices.front().find("a peer knows more of stream s than this store does") == 0);
  bench.pass(4s);
  TestWriter third(bench, 0xC);
  third.open();
  CHECK(third.grants.front().range.first > second.grants.front().range.last + limits::regress_skip);

  const Incarnation renewed = bench.status().incarnation;
  bench.restart();
  CHECK(bench.status().incarnation == renewed);
  subscribe_knowing(bench, second.grants.front());
  CHECK(bench.notices.size() == 1);
}

TEST_CASE("a store that was put back is noticed also when its writer came before its consumers (X6)") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();  // has the sequences of the lost store by now, under another id
  const Incarnation before = bench.status().incarnation;
  const Range range = writer.grants.front().range;
  subscribe_knowing(bench, Grant{0x999, range});
  CHECK(bench.status().incarnation != before);
  writer.ask_for_grant();
  writer.learn();
  CHECK(writer.grants.back().range.first > range.last + limits::regress_skip);
}

TEST_CASE("every reader of a store that was put back is told so, also who comes when all is settled again (X6, C6)") {
  OfficeBench bench;
  TestWriter first(bench);
  first.open();
  const StoreContents copy = bench.store.snapshot();
  bench.say(*first.peer, CloseWriter{0xA});
  TestWriter second(bench, 0xB);
  second.open();
  bench.store.restore(copy);
  bench.restart();
  subscribe_knowing(bench, second.grants.front());
  bench.pass(4s);
  TestWriter third(bench, 0xC);
  third.open();
  bench.pass(1s);
  Peer& late = bench.connect();
  Subscribe message;
  message.session = 0x98;
  message.stream = "s";
  message.subscription = "workers";
  message.known = {first.grants.front(), second.grants.front()};
  bench.say(late, message);
  REQUIRE(late.last<Subscribed>());
  CHECK(late.last<Subscribed>()->regressed_at == second.grants.front().range.first);
  Peer& fresh = bench.connect();
  message.session = 0x97;
  message.known = {first.grants.front(), third.grants.front()};
  bench.say(fresh, message);
  REQUIRE(fresh.last<Subscribed>());
  CHECK(fresh.last<Subscribed>()->regressed_at == 0);
}

TEST_CASE("a peer that pretends to know more can waste sequences only so often, and only so far (X6)") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  for (std::uint32_t round = 1; round < 2 * limits::regresses_max; ++round) {
    const Sequence next = bench.store.snapshot().streams.begin()->second.record.next;
    subscribe_knowing(bench, Grant{7, {next, next}});
    bench.pass(1s);
  }
  CHECK(bench.counter("peers that knew more than the store") == limits::regresses_max);
  OfficeBench other;
  subscribe_knowing(other, Grant{7, {limits::regress_reach, limits::sequence_max}});
  CHECK(other.counter("peers that knew more than the store") == 0);
}
