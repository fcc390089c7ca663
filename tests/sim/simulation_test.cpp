#include <catch2/catch.hpp>

#include "tests/sim/world.h"

using namespace restante::sim;

TEST_CASE("the same seed gives the same trace") {
  const auto hash_of = [](std::uint64_t seed) {
    World world(seed, WorldOptions::draw(seed));
    world.run(200);
    return world.trace_hash();
  };
  CHECK(hash_of(7) == hash_of(7));
  CHECK(hash_of(7) != hash_of(8));
}

TEST_CASE("the checkers can fail") {
  Ledger ledger;
  ledger.on_sent(1, "1:a", 5, 10);
  CHECK_THROWS_AS(ledger.on_sent(2, "2:b", 5, 10), Violation);
  ledger.on_subscription("workers", {});
  ledger.on_subscription("b only", {"b"});
  const Ledger::Reader one{"workers", 1, false}, two{"workers", 2, true}, other{"b only", 3, true};
  ledger.on_handed(one, {5, 10, "", "1:a"}, false);
  CHECK_THROWS_AS(ledger.on_handed(one, {5, 10, "", "1:a"}, false), Violation);
  CHECK_NOTHROW(ledger.on_handed(two, {5, 10, "", "1:a"}, false));
  CHECK_THROWS_AS(ledger.on_handed(two, {5, 10, "", "1:b"}, false), Violation);
  CHECK_THROWS_AS(ledger.on_handed(two, {5, 11, "", "1:a"}, false), Violation);
  CHECK_THROWS_AS(ledger.on_handed(other, {5, 10, "", "1:a"}, false), Violation);
  CHECK_THROWS_AS(ledger.on_memory(2, 1), Violation);
  ledger.on_confirmed(1);
  CHECK(ledger.missing() == std::vector<Ledger::Number>{1});
  ledger.on_done("workers", 1);
  CHECK(ledger.missing().empty());

  ledger.on_sent(3, "3:a", 5, 12);
  ledger.on_sent(4, "4:a", 5, 13);
  ledger.on_handed(two, {5, 13, "", "4:a"}, false);
  CHECK_THROWS_AS(ledger.on_handed(two, {5, 12, "", "3:a"}, false), Violation);
}
