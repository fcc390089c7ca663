#include "tests/disk/io_errors.h"

#include <catch2/catch.hpp>

using namespace restante::disk;

TEST_CASE("whatever call of the disk fails, once or for good, nothing that was committed is lost") {
  const IoFigures figures = io_campaign(24, 1, false);
  INFO(figures.first);
  CHECK(figures.faults > 500);
  CHECK(figures.stops > 100);
  CHECK(figures.good());
}

TEST_CASE("a write that is left out and said to have gone well is found out") {
  CHECK_FALSE(io_campaign(24, 1, true).good());
}
