/// \file
/// What is to be handed out later (deliver_after): others do not wait for it, and it survives restarts.

#include "tests/core/test_reader.h"

using namespace restante;
using namespace restante::core;

namespace {

struct Delaying {
  Delaying() { writer.open(); }
  Range send(std::int64_t deliver_after_ms, std::size_t messages = 1) {
    writer.times.deliver_after_ms = deliver_after_ms;
    return writer.send(messages);
  }
  [[nodiscard]] std::size_t parked() const { return bench.store.contents().parked.size(); }

  OfficeBench bench;
  TestWriter writer{bench};
  TestWorker worker{bench};
};

}  // namespace

TEST_CASE("a delayed message is handed out at its time, and what is behind it before") {
  Delaying one;
  one.worker.join();
  one.send(3000);
  one.send(0);
  one.bench.pass(100ms);
  CHECK(one.worker.take() == from_to(2, 2));
  one.bench.pass(2800ms);
  CHECK(one.worker.take().empty());
  one.bench.pass(200ms);
  CHECK(one.worker.take() == from_to(1, 1));
  one.worker.ack(1, 2);
  one.bench.pass(1s);
  CHECK(one.parked() == 0);
  CHECK(one.bench.workers().backlog_messages == 0);
}

TEST_CASE("what waits for its time is parked, so that it is in nobody's way, and comes back after a restart") {
  Delaying one;
  one.send(60'000, 3);
  one.bench.pass(500ms);
  CHECK(one.parked() == 3);
  CHECK(one.bench.store.contents().cursors.begin()->second.floor >= 3);
  one.bench.restart();
  one.worker.join();
  one.bench.pass(59s);
  CHECK(one.worker.take().empty());
  one.bench.pass(1s);
  CHECK(one.worker.take() == from_to(1, 3));
}

TEST_CASE("a restart before it was parked does not end its wait, nor make it longer") {
  Delaying one;
  one.send(800);  // too short to be parked for
  one.bench.pass(300ms);
  CHECK(one.parked() == 0);
  one.bench.restart();
  one.worker.join();
  one.bench.pass(400ms);
  CHECK(one.worker.take().empty());
  one.bench.pass(200ms);
  CHECK(one.worker.take() == from_to(1, 1));
}

TEST_CASE("more than fits the memory is delayed all the same") {
  Delaying one;
  one.worker.credit = {100'000, 1U << 30};
  one.worker.join();
  const std::size_t all = (limits::loose_messages_max / 1000 + 4) * 1000;
  for (std::size_t sent = 0; sent < all; sent += 1000) one.send(5000, 1000);
  one.send(0);
  one.bench.pass(4s);
  CHECK(one.worker.take().size() == 1);
  std::size_t taken = 0;
  for (int second = 0; second < 60; ++second) {
    one.bench.pass(1s);
    for (const Sequence sequence : one.worker.take()) {
      one.worker.ack(sequence);
      ++taken;
    }
  }
  CHECK(taken == all);
}

TEST_CASE("the age that a stream allows begins when a delayed message is due") {
  Delaying one;
  TestOperator tool{one.bench};
  tool.ask<StreamSet>(SetStream{0, "s", std::nullopt, Expiry{2000, false}});
  one.send(3000);
  one.bench.pass(4s);
  one.worker.join();
  one.bench.pass(100ms);
  CHECK(one.worker.take() == from_to(1, 1));
}
