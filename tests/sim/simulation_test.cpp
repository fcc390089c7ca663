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

TEST_CASE("what never happened in a run is named") {
  Sometimes sometimes;
  const std::size_t all = never_happened(sometimes).size();
  CHECK(all > 40);
  sometimes["elided"] = 0;
  CHECK(never_happened(sometimes).size() == all);
  sometimes["elided"] = 1;
  CHECK(never_happened(sometimes).size() == all - 1);
}

TEST_CASE("the ledger excuses what was taken away, and nothing else") {
  Ledger ledger;
  ledger.on_subscription("workers", "orders", {});
  for (Ledger::Number number = 1; number <= 4; ++number) {
    ledger.on_sent(number, {"orders", "", "x", 5, 10 + number});
    if (number < 4) ledger.on_confirmed(number);
  }
  ledger.on_row_gone(5, 12, 12);  // the message 2
  CHECK(ledger.missing() == std::vector<Ledger::Number>{1, 3});
  ledger.on_store_replaced({1, 2}, {"workers"});  // 3 was confirmed since
  CHECK(ledger.missing() == std::vector<Ledger::Number>{1});
  ledger.on_confirmed(4);
  CHECK(ledger.missing() == std::vector<Ledger::Number>{1, 4});

  ledger.on_subscribing("late", "orders", {});
  CHECK(ledger.missing().size() == 2);
  ledger.on_subscribed("late", 5);
  ledger.on_sent(5, {"orders", "", "x", 5, 15});
  ledger.on_confirmed(5);
  CHECK(ledger.missing().size() == 4);
  CHECK_THROWS_AS(ledger.on_handed({"late", 1, false}, {5, 14, "", "x"}, false), Violation);
}

TEST_CASE("to a subscription that was removed nothing is owed, and one by its name begins anew") {
  Ledger ledger;
  ledger.on_subscription("late", "orders", {});
  ledger.on_session("late", 1);
  ledger.on_session("other", 2);
  ledger.on_sent(1, {"orders", "", "1:a", 5, 10});
  ledger.on_confirmed(1);
  CHECK(ledger.missing().size() == 1);
  ledger.on_removed("late");
  CHECK(ledger.missing().empty());
  CHECK_NOTHROW(ledger.on_handed({"late", 1, false}, {5, 10, "", "1:a"}, false));  // it was in its queue
  CHECK_THROWS_AS(ledger.on_handed({"late", 2, false}, {5, 10, "", "1:a"}, false), Violation);
  ledger.on_subscribed("late", 2);
  ledger.on_sent(2, {"orders", "", "2:a", 5, 11});
  ledger.on_confirmed(2);
  CHECK(ledger.missing() == std::vector<Ledger::Number>{2});
}

TEST_CASE("an attempt is what was handed out before, or a session that was lost with it") {
  Ledger ledger;
  ledger.on_sent(1, {"orders", "", "1:a", 5, 10});
  ledger.on_subscription("workers", "orders", {});
  ledger.on_session("workers", 1);
  const Ledger::Reader one{"workers", 1, false};
  ledger.on_handed(one, {5, 10, "", "1:a", 1}, true);
  ledger.on_handed(one, {5, 10, "", "1:a", 2}, true);
  CHECK_THROWS_AS(ledger.on_handed(one, {5, 10, "", "1:a", 4}, true), Violation);
  ledger.on_session_lost("workers");
  CHECK_NOTHROW(ledger.on_handed(one, {5, 10, "", "1:a", 9}, true));
}

TEST_CASE("what was to be handed out later is noticed before its time") {
  using restante::core::Instant;
  Ledger ledger;
  ledger.on_sent(1, {"orders", "", "1:a", 5, 10, restante::core::never, Instant{} + std::chrono::seconds{3}});
  ledger.on_subscription("workers", "orders", {});
  ledger.on_session("workers", 1);
  const Ledger::Reader one{"workers", 1, false};
  const Ledger::Handed early{5, 10, "", "1:a", 1, Instant{} + std::chrono::seconds{2}};
  CHECK_THROWS_AS(ledger.on_handed(one, early, false), Violation);
  const Ledger::Handed then{5, 10, "", "1:a", 1, Instant{} + std::chrono::seconds{3}};
  CHECK_NOTHROW(ledger.on_handed(one, then, false));
}

TEST_CASE("an older claim is noticed in one life of the sidecar") {
  restante::core::MemoryStore store("simulated", {1, 1});
  const restante::core::Office office(store.image(), {}, {});
  Witness witness;
  const auto admit = [&](std::uint64_t session, restante::core::Token token, std::uint64_t claim) {
    restante::core::Subscribe subscribe;
    subscribe.session = session;
    subscribe.subscription = "reader";
    witness.on_message(subscribe, office);
    restante::core::Subscribed subscribed;
    subscribed.session = session;
    subscribed.token = token;
    subscribed.claim = claim;
    witness.on_told(subscribed, office);
  };
  admit(1, 11, 7);
  admit(2, 12, 8);
  CHECK_THROWS_AS(admit(1, 13, 7), Violation);
  witness.on_start();
  CHECK_NOTHROW(admit(1, 14, 7));
}

TEST_CASE("the checkers can fail") {
  Ledger ledger;
  ledger.on_sent(1, {"orders", "", "1:a", 5, 10});
  CHECK_THROWS_AS(ledger.on_sent(2, {"orders", "", "2:b", 5, 10}), Violation);
  ledger.on_subscription("workers", "orders", {});
  ledger.on_subscription("b only", "orders", {"b"});
  const Ledger::Reader one{"workers", 1, false}, two{"workers", 2, true}, other{"b only", 3, true};
  for (const Ledger::Reader& reader : {one, two, other}) ledger.on_session(reader.subscription, reader.session);
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

  ledger.on_sent(3, {"orders", "", "3:a", 5, 12});
  ledger.on_sent(4, {"orders", "", "4:a", 5, 13});
  ledger.on_handed(two, {5, 13, "", "4:a"}, false);
  CHECK_THROWS_AS(ledger.on_handed(two, {5, 12, "", "3:a"}, false), Violation);
}
