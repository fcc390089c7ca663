/// \file
/// How the room of the ballast comes to the files that must grow on a full disk.

#include <catch2/catch.hpp>

#include "sidecar/store/ballast.h"
#include "sidecar/store/claim.h"
#include "tests/sidecar/store_contract.h"

using namespace restante;
using namespace restante::sidecar;

TEST_CASE("a ballast is given up in pieces, and each is offered when its blocks are free", "[store]") {
  const TemporaryDirectory place;
  const auto path = place.path() / "restante.ballast";
  constexpr std::uint64_t octets = 1U << 20;
  Ballast ballast(path, octets);
  REQUIRE(ballast.create());
  std::uint64_t offered = 0;
  ballast.release([&](std::uint64_t piece) {
    offered += piece;
    CHECK(allocated_octets(path) <= octets - offered);
  });
  CHECK(offered == octets);
  CHECK_FALSE(ballast.is_there());
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a claim takes room for the database first, then for its log, and no more than it was told", "[store]") {
  const TemporaryDirectory place;
  { const SqliteStore made(options_for(place.path())); }
  const StorePaths paths(place.path());
  {
    SQLite::Database database(paths.database.string(), SQLite::OPEN_READWRITE);
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    database.exec("CREATE TABLE more (x)");  // so that there is a log
    const std::uint64_t log = size_of_file(paths.wal);
    REQUIRE(log > 0);
    constexpr std::uint64_t piece = 64U << 10;
    constexpr std::uint64_t database_octets = 4 * piece;
    constexpr std::uint64_t log_octets = 3 * piece;
    REQUIRE(size_of_file(paths.database) < database_octets - piece);

    Claim claim(database, paths, database_octets, log_octets);
    claim.take(piece);
    CHECK(allocated_octets(paths.database) >= piece);
    CHECK(allocated_octets(paths.wal) < log + piece);
    for (int i = 0; i < 20; ++i) claim.take(piece);
    CHECK(size_of_file(paths.database) == database_octets);
    CHECK(allocated_octets(paths.database) >= database_octets);
    CHECK(size_of_file(paths.wal) == log);  // its end is where it was
    CHECK(allocated_octets(paths.wal) >= log_octets);
    CHECK(allocated_octets(paths.wal) <= log_octets + (16U << 10));
    database.exec("INSERT INTO more VALUES (1)");
    database.exec("DROP TABLE more");
  }
  CHECK(ask_sql(place.path(), "PRAGMA integrity_check") == "ok");
}
