#include "tests/core/office_actors.h"

using namespace restante;
using namespace restante::core;

TEST_CASE("a worker takes, nacks, and gets it again after the backoff") {
  OfficeBench bench;
  TestWriter writer(bench);
  writer.open();
  TestWorker worker(bench);
  worker.join();
  writer.send(3);
  CHECK(worker.take() == Sequences{1, 2, 3});
  worker.ack(1);
  worker.nack(2);
  worker.ack(3);
  CHECK(worker.take().empty());
  bench.pass(limits::retry_initial);
  CHECK(worker.take() == Sequences{2});
  CHECK(worker.attempts.at(2) == 1);
  worker.ack(2);
  bench.pass(1s);
  CHECK(worker.take().empty());
  CHECK(writer.settled() == 3);
}
