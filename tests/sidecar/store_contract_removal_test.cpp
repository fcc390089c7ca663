/// \file
/// A subscription is removed: what goes with it in one commit, and what stays.

#include <catch2/catch.hpp>

#include "tests/sidecar/store_contract.h"

using namespace restante;
using namespace restante::sidecar;

namespace {

/// Rows 1 to `to` of stream 1, a second subscription, `late`, and the cursor of the first behind all of them.
template <typename Bench>
void fill(Bench& bench, Sequence to) {
  bench.store().commit(first_transaction());
  core::Transaction late = rows_of(1, 1, to);
  late.subscriptions = {subscription_of(2, 1, "late")};
  late.subscriptions[0].filters = {"a/#", "b"};
  late.cursors = {{1, to, {}}, {2, 0, {{2, 2}}}};
  bench.store().commit(late);
}

core::Transaction removal_of(core::SubscriptionId subscription, Sequence prune_to) {
  core::Transaction removal;
  removal.removed = {subscription};
  removal.prunes = {{1, prune_to}};
  return removal;
}

}  // namespace

TEMPLATE_TEST_CASE("a subscription goes with its cursor, its filters and what it alone pinned", "[store]", MemoryBench,
                   SqliteBench) {
  TestType bench;
  fill(bench, 4);
  bench.store().commit(removal_of(2, 4));
  bench.settle();
  CHECK(firsts_of(load_all(bench.store())).empty());
  bench.reopen();
  const core::StoreImage image = bench.store().image();
  REQUIRE(image.subscriptions.size() == 1);
  CHECK(image.subscriptions[0].name == "workers");
  CHECK(image.cursors.size() == 1);
  CHECK(image.rows.empty());
  core::Transaction again;  // by its name, a new one
  again.subscriptions = {subscription_of(3, 1, "late")};
  bench.store().commit(again);
  bench.reopen();
  CHECK(bench.store().image().subscriptions.back().filters.empty());
}

TEMPLATE_TEST_CASE("the rows of its parked messages go with a subscription, but those that another has parked too",
                   "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  fill(bench, 5);
  core::Transaction parked;
  parked.parked = {parked_of(2, 2, 1000), parked_of(2, 4, 1000), parked_of(1, 4, 2000)};
  parked.cursors = {{2, 5, {}}};
  parked.prunes = {{1, 5}};
  bench.store().commit(parked);
  bench.settle();
  REQUIRE(firsts_of(load_all(bench.store())) == std::vector<Sequence>{2, 4});
  bench.store().commit(removal_of(2, 5));
  bench.settle();
  CHECK(firsts_of(load_all(bench.store())) == std::vector<Sequence>{4});
  bench.reopen();
  const auto image = bench.store().image();
  REQUIRE(image.parked.size() == 1);
  CHECK(image.parked[0].subscription == 1);
}

TEMPLATE_TEST_CASE("dead letters outlive their subscription, and its number is known to be used", "[store]",
                   MemoryBench, SqliteBench) {
  TestType bench;
  fill(bench, 2);
  core::Transaction burial;
  burial.dead = {dead_of(2, 1)};
  bench.store().commit(burial);
  bench.store().commit(removal_of(2, 2));
  bench.reopen();
  const core::StoreImage image = bench.store().image();
  CHECK(image.dead == 1);
  CHECK(image.highest_subscription == 2);
}

TEMPLATE_TEST_CASE("what is removed in the commit that makes it, or was never there, is not there", "[store]",
                   MemoryBench, SqliteBench) {
  TestType bench;
  bench.store().commit(first_transaction());
  core::Transaction both = removal_of(2, 0);
  both.subscriptions = {subscription_of(2, 1, "late")};
  both.cursors = {{2, 0, {}}};
  bench.store().commit(both);
  bench.store().commit(removal_of(7, 0));
  bench.reopen();
  CHECK(bench.store().image().subscriptions.size() == 1);
  CHECK(bench.store().image().cursors.empty());
}
