#include <catch2/catch.hpp>

#include "tests/disk/crash.h"

using namespace restante::disk;

TEST_CASE("a power cut at any operation of the disk leaves all that was committed, and nothing half") {
  const CrashFigures figures = crash_campaign(800, 1, false);
  INFO(figures.first);
  CHECK(figures.images == 800);
  CHECK(figures.second_cuts > 50);
  CHECK(figures.operations > 2000);
  CHECK(figures.good());
}

TEST_CASE("a disk that forgets the syncs of the log is found out") {
  const CrashFigures figures = crash_campaign(200, 1, true);
  CHECK(figures.lost > 0);
}

TEST_CASE("what a disk may have kept at a cut") {
  CutDisk disk({"aaaa", ""}, false);
  restante::core::Random random(1);
  disk.take({Operation::Kind::write, false, 1, "bb"});
  disk.take({Operation::Kind::sync, false, 0, {}});
  disk.take({Operation::Kind::write, false, 4, "cc"});
  disk.take({Operation::Kind::write, true, 0, "log"});
  CHECK(disk.image(Kept::nothing, random).database == "abba");
  CHECK(disk.image(Kept::all, random).database == "abbacc");
  CHECK(disk.image(Kept::all, random).log == "log");
  CHECK(disk.image(Kept::nothing, random).log.empty());
  disk.take({Operation::Kind::truncate, false, 2, {}});
  CHECK(disk.image(Kept::all, random).database == "ab");
}
