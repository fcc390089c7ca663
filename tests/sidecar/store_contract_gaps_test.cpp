/// \file
/// Gaps: written with the cursor that made them, there until they are told, gone with their subscription.

#include <catch2/catch.hpp>

#include "tests/sidecar/store_contract.h"

using namespace restante;
using namespace restante::sidecar;

namespace {

constexpr std::uint64_t big = 0xF000000000000007;  // above 2^63

core::Transaction cut_of(std::uint64_t number, core::Range range) {
  core::Transaction cut;
  cut.gaps = {{1, number, range, "a limit of 4 messages"}};
  cut.cursors = {{1, range.last, {}}};
  cut.prunes = {{1, range.last}};
  return cut;
}

}  // namespace

TEMPLATE_TEST_CASE("a gap comes back as it was written", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  bench.store().commit(first_transaction());
  bench.store().commit(rows_of(1, 1, 6));
  bench.store().commit(cut_of(big, {1, 4}));
  bench.settle();
  bench.reopen();
  const core::StoreImage image = bench.store().image();
  REQUIRE(image.gaps.size() == 1);
  CHECK(image.gaps[0].subscription == 1);
  CHECK(image.gaps[0].number == big);
  CHECK(image.gaps[0].range == core::Range{1, 4});
  CHECK(image.gaps[0].reason == "a limit of 4 messages");
  CHECK(image.cursors.at(0).floor == 4);
  CHECK(firsts_of(load_all(bench.store())) == std::vector<Sequence>{5, 6});
}

TEMPLATE_TEST_CASE("a gap that was told goes, and one that became part of another, with that one's commit", "[store]",
                   MemoryBench, SqliteBench) {
  TestType bench;
  bench.store().commit(first_transaction());
  bench.store().commit(cut_of(big, {1, 4}));
  bench.store().commit(cut_of(8, {9, 9}));
  core::Transaction joined = cut_of(9, {1, 6});
  joined.told = {{1, big}};
  bench.store().commit(joined);
  bench.reopen();
  REQUIRE(bench.store().image().gaps.size() == 2);
  core::Transaction told;
  told.told = {{1, 9}, {1, 8}, {1, 12345}, {7, 1}};  // and some that nobody knows
  bench.store().commit(told);
  bench.reopen();
  CHECK(bench.store().image().gaps.empty());
}

TEMPLATE_TEST_CASE("gaps go with their subscription, and with no other", "[store]", MemoryBench, SqliteBench) {
  TestType bench;
  bench.store().commit(first_transaction());
  core::Transaction late = cut_of(1, {1, 4});
  late.subscriptions = {subscription_of(2, 1, "late")};
  late.gaps.push_back({2, 1, {2, 3}, "its own"});
  bench.store().commit(late);
  core::Transaction removal;
  removal.removed = {2};
  bench.store().commit(removal);
  bench.reopen();
  const core::StoreImage image = bench.store().image();
  REQUIRE(image.gaps.size() == 1);
  CHECK(image.gaps[0].subscription == 1);
}
