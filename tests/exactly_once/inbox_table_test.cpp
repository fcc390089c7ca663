// The set of what is done: exact for any ids in any order, and small.

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.h"
#include "patterns/exactly_once/inbox_table.h"
#include "tests/exactly_once/shop.h"

using namespace restante;
using namespace restante::test;
using detail::InboxTable;
using detail::place_of;

namespace {

struct Table {
  SQLite::Database database{":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
  Table() { database.exec(InboxTable::statement); }
  InboxTable open(const std::string& reader = "r") { return InboxTable(database, reader); }
};

std::string text_of(const detail::EffectPlace& place) { return place.source + '|' + std::to_string(place.number); }

}  // namespace

TEST_CASE("no two effect ids have one place") {
  CHECK(text_of(place_of("n/orders/1f/17")) == "n/orders/1f|17");
  CHECK(text_of(place_of("17")) == "17|0");
  const std::vector<std::string> ids{"",
                                     "/",
                                     "a",
                                     "a/",
                                     "a/0",
                                     "a/1",
                                     "a/01",
                                     "a/1/",
                                     "a/+1",
                                     "a/-1",
                                     "a/ 1",
                                     "a/1x",
                                     "a//1",
                                     "/1",
                                     "1",
                                     "a/1.0",
                                     "a/0x1",
                                     "a/9223372036854775806",
                                     "a/9223372036854775807",
                                     "a/99999999999999999999"};
  std::set<std::string> places;
  for (const auto& id : ids) places.insert(text_of(place_of(id)));
  CHECK(places.size() == ids.size());
}

TEST_CASE("what is done in any order is one row in the end") {
  Table table;
  auto done = table.open();
  std::vector<int> numbers(1000);
  for (int i = 0; i < 1000; ++i) numbers[static_cast<std::size_t>(i)] = i + 1;
  core::Random random(7);
  for (std::size_t i = numbers.size(); i > 1; --i) std::swap(numbers[i - 1], numbers[random.below(i)]);
  for (const int number : numbers) {
    CHECK(done.add({"n/orders/1", number}));
    CHECK_FALSE(done.add({"n/orders/1", number}));
  }
  CHECK(done.rows() == 1);
}

TEST_CASE("the ranges are exactly the set, for random ids of several sources and readers") {
  Table table;
  auto one = table.open("one");
  auto two = table.open("two");
  std::set<std::pair<std::string, int>> expected;
  core::Random random(42);
  for (int step = 0; step < 20000; ++step) {
    const std::string source = "n/s" + std::to_string(random.below(3)) + "/a";
    const int number = static_cast<int>(random.below(400));
    const auto place = number == 0 ? place_of(source) : place_of(source + '/' + std::to_string(number));
    if (random.below(2) == 0) REQUIRE(one.add(place) == expected.emplace(source, number).second);
    else REQUIRE(one.contains(place) == expected.contains({source, number}));
  }
  std::size_t runs = 0;
  for (const auto& [source, number] : expected) {
    if (!expected.contains({source, number - 1})) ++runs;
  }
  CHECK(one.rows() == runs);
  CHECK(two.rows() == 0);
}

TEST_CASE("trim keeps the rows that changed last, and a range that still grows is young") {
  Table table;
  auto done = table.open();
  for (int i = 1; i <= 100; ++i) {
    done.add({"holes", 2 * i});
    done.add({"whole", i});
  }
  REQUIRE(done.rows() == 101);
  CHECK(done.trim(1000) == 0);
  CHECK(done.trim(11) == 90);
  CHECK(done.rows() == 11);
  CHECK(done.contains({"whole", 1}));
  CHECK(done.contains({"holes", 200}));
  CHECK_FALSE(done.contains({"holes", 180}));
  CHECK(done.trim(0) == 11);
}

TEST_CASE("a row that is written after the clock was set back is younger all the same") {
  Table table;
  table.open().add({"before", 1});
  table.database.exec("UPDATE restante_inbox SET changed_us = changed_us + 3600000000");
  auto done = table.open();  // an hour earlier, by the clock
  done.add({"after", 1});
  CHECK(done.trim(1) == 1);
  CHECK(done.contains({"after", 1}));
}
