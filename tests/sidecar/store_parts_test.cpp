/// \file
/// The small parts of a store.

#include <catch2/catch.hpp>

#include "core/load_page.h"
#include "sidecar/store/database.h"
#include "sidecar/store/ranges_text.h"
#include "tests/sidecar/store_contract.h"

using namespace restante;
using namespace restante::sidecar;

namespace {

using Ranges = std::vector<core::Range>;

core::LoadRequest everything() { return {1, 1, 0, 1000, 1U << 20, 100}; }

}  // namespace

TEST_CASE("ranges are text that SQLite's JSON functions read, and come back", "[store]") {
  CHECK(ranges_to_text({}) == "[]");
  CHECK(ranges_to_text({{12, 15}, {17, 17}}) == "[[12,15],[17,17]]");
  for (const Ranges& ranges : {Ranges{}, Ranges{{1, 1}}, Ranges{{1, 2}, {4, ~Sequence{0}}}}) {
    CHECK(ranges_from_text(ranges_to_text(ranges)) == ranges);
  }
}

TEST_CASE("text that is not ours is no cursor", "[store]") {
  for (const char* text :
       {"", "[", "[[1,2]", "[[1,2],]", "[[2,1]]", "[[1]]", "[[1,2]]x", "[[-1,2]]", "[ [1,2]]", "{}",
        "[[1,99999999999999999999]]", "[[1,2][3,4]]", "[[3,4],[1,2]]", "[[1,3],[3,4]]", "[[01,2]]"}) {
    INFO(text);
    CHECK_FALSE(ranges_from_text(text));
  }
}

TEST_CASE("an incarnation is text, and comes back", "[store]") {
  const core::Incarnation incarnation{0x0123456789abcdef, 0xF000000000000001};
  CHECK(incarnation_text(incarnation) == "0123456789abcdeff000000000000001");
  CHECK(incarnation_of(incarnation_text(incarnation)) == incarnation);
  for (const char* text : {"", "0123", "0123456789abcdeff00000000000000g", "-123456789abcdeff000000000000001"}) {
    CHECK_FALSE(incarnation_of(text));
  }
}

TEST_CASE("a row that was written late does not make its neighbours look lost", "[store]") {
  // Written in the order 11-20, 1-10, 21-30: each names the one written before it.
  core::LoadPage page(everything(), 0, [](Sequence named) { return named < 11 ? 10U : named < 21 ? 20U : 30U; });
  page.add(row_of(1, 1, 10, 20));
  page.add(row_of(1, 11, 20, 0));
  page.add(row_of(1, 21, 30, 10));
  CHECK(page.end(30, {}).damaged.empty());
}

TEST_CASE("a damaged row claims no more than one batch can hold, and nothing of its successor", "[store]") {
  const auto last_of = [](Sequence) { return Sequence{50}; };
  core::RowRecord damaged{1, test_grant, 1, 1U << 30, 0, {}};
  core::LoadPage page(everything(), 0, last_of);
  page.add(damaged);
  page.add(row_of(1, 50, 50, 49));
  CHECK(page.end(50, {}).damaged == Ranges{{1, 49}});
  core::LoadPage last(everything(), 0, last_of);
  last.add(damaged);
  CHECK(last.more().damaged == Ranges{{1, limits::batch_messages_max}});
  core::LoadPage backwards(everything(), 0, last_of);
  damaged.first = 7;
  damaged.last = 3;
  backwards.add(damaged);
  CHECK(backwards.more().damaged == Ranges{{7, 7}});
}

TEST_CASE("a whole row whose column of its predecessor is damaged makes no other row look lost", "[store]") {
  const auto last_of = [](Sequence) { return Sequence{50}; };
  core::LoadPage page(everything(), 0, last_of);
  page.add(row_of(1, 1, 20, 0));
  page.add(row_of(1, 21, 50, (Sequence{1} << 40) + 20));
  const core::LoadReply reply = page.end(50, {});
  CHECK(reply.rows.size() == 2);
  CHECK(reply.damaged.empty());
}

TEST_CASE("where an unreadable row ended is told by its successor", "[store]") {
  const auto last_of = [](Sequence named) { return named; };
  SECTION("on the same page") {
    core::LoadPage page(everything(), 0, last_of);
    page.add_unreadable(4);
    page.add(row_of(1, 20, 20, 6));
    CHECK(page.end(20, {}).damaged == Ranges{{4, 6}});
  }
  SECTION("beyond the last page") {
    core::LoadPage page(everything(), 0, last_of);
    page.add_unreadable(4);
    CHECK(page.end(6, {}).damaged == Ranges{{4, 6}});
  }
  SECTION("on the next page") {
    core::LoadPage page(everything(), 0, last_of);
    page.add_unreadable(4);
    CHECK(page.more().damaged == Ranges{{4, 4}});
    core::LoadRequest rest = everything();
    rest.after = 4;
    core::LoadPage next(rest, 0, last_of);
    next.add_unreadable(4);
    next.add(row_of(1, 20, 20, 6));
    CHECK(next.end(20, {}).damaged == Ranges{{5, 6}});
  }
  SECTION("by a neighbour as bad as itself") {
    core::LoadPage page(everything(), 0, last_of);
    page.add_unreadable(4);
    page.add_unreadable(7);
    page.add(row_of(1, 20, 20, 9));
    CHECK(page.end(20, {}).damaged == Ranges{{4, 6}, {7, 9}});
  }
  SECTION("and not at all if it was passed, or pruned") {
    core::LoadRequest rest = everything();
    rest.after = 6;
    core::LoadPage page(rest, 0, last_of);
    page.add_unreadable(4);
    page.add(row_of(1, 20, 20, 6));
    CHECK(page.end(20, {}).damaged.empty());
    core::LoadPage pruned(everything(), 6, last_of);
    pruned.add_unreadable(4);
    pruned.add(row_of(1, 20, 20, 6));
    CHECK(pruned.end(20, {}).damaged.empty());
  }
}

TEST_CASE("a whole frame in the wrong row is damage", "[store]") {
  std::string why;
  core::RowRecord row = row_of(1, 5, 6, 0);
  CHECK(core::is_whole(row, why));
  SECTION("another first") { row.first = 4; }
  SECTION("another last") { row.last = 7; }
  SECTION("another grant") { row.grant = 1; }
  CHECK_FALSE(core::is_whole(row, why));
}
