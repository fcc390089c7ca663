#include "tests/core/office_actors.h"

using namespace restante;
using namespace restante::core;

TEST_CASE("a writer that comes while another is just being admitted is told to ask again, not that it is refused") {
  OfficeBench bench;
  bench.disk_runs = false;
  TestWriter first(bench, 0xA, 100);
  first.open();
  bench.dead_pids.insert(100);  // killed before its grant is on disk, and started again at once
  TestWriter second(bench, 0xB, 101);
  second.open();
  const auto refused = second.peer->last<Refused>();
  REQUIRE(refused);
  CHECK(refused->code == ErrorCode::retry_later);
  CHECK(bench.disk_step());
  bench.perform();
  bench.disk_runs = true;
  second.open();
  CHECK(second.grants.size() == 1);
}
