#include "tests/disk/corruption.h"

#include <catch2/catch.hpp>

#include "tests/disk/damage.h"

using namespace restante::disk;

TEST_CASE("a damaged store gives out no wrong octet, and loses nothing in silence") {
  const CorruptionFigures figures = corruption_campaign(150, 1, false);
  INFO(figures.first);
  CHECK(figures.stores == 150);
  CHECK(figures.rows_left_out > 5);
  CHECK(figures.logs_told > 5);
  CHECK(figures.refused > 5);
  CHECK(figures.good());
}

TEST_CASE("a row that was changed and sealed again is found out") {
  CHECK(corruption_campaign(3, 1, true).bad_octets > 0);
}

TEST_CASE("damage is done") {
  restante::core::Random random(1);
  const Files whole{std::string(40960, 'a'), std::string(32 + 3 * 4120, 'b')};
  const Files older{std::string(40960, 'c'), {}};
  int changed = 0;
  for (int round = 0; round < 100; ++round) {
    Files files = whole;
    damage(files, older, random);
    changed += files.database != whole.database || files.log != whole.log;
  }
  CHECK(changed > 80);  // pages of one letter may be swapped without a change
}
