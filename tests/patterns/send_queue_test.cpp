#include "patterns/send_queue.h"

#include <string>

#include <restante/limits.h>
#include <catch2/catch.hpp>

using restante::detail::SendQueue;
namespace limits = restante::limits;

TEST_CASE("messages gather in one batch until it is taken") {
  SendQueue queue("orders");
  CHECK(queue.empty());
  queue.append("", "one", "", 7);
  queue.append("", "two", "", 3);
  CHECK(queue.octets() == queue.front().builder.size());
  auto gathered = queue.take();
  CHECK(gathered.builder.count() == 2);
  CHECK(gathered.marker == 7);
  CHECK(queue.empty());
  CHECK(queue.octets() == 0);
}

TEST_CASE("a batch that is large enough is followed by another") {
  SendQueue queue("orders");
  const std::string payload(limits::batch_size_target / 2, 'x');
  for (int i = 0; i < 5; ++i) queue.append("", payload, "", 0);
  CHECK(queue.take().builder.count() == 2);
  CHECK(queue.take().builder.count() == 2);
  CHECK(queue.take().builder.count() == 1);
}

TEST_CASE("a batch has as many messages as a worker should get") {
  SendQueue queue("orders");
  queue.set_batch_messages(3);
  for (int i = 0; i < 4; ++i) queue.append("", "x", "", 0);
  CHECK(queue.take().builder.count() == 3);
  CHECK(queue.take().builder.count() == 1);
}

TEST_CASE("a batch has one topic") {
  SendQueue queue("prices");
  queue.append("a", "x", "", 0);
  queue.append("b", "x", "", 0);
  queue.append("b", "x", "", 0);
  CHECK(queue.take().builder.topic() == "a");
  CHECK(queue.take().builder.count() == 2);
}

TEST_CASE("the largest message fits behind a batch that is nearly full") {
  SendQueue queue("orders");
  queue.append("", std::string(limits::batch_size_target - 1000, 'x'), "", 0);
  queue.append("", std::string(limits::payload_size_max, 'x'), std::string(limits::attributes_size_max, 'a'), 0);
  CHECK(queue.take().builder.size() <= limits::frame_size_max);
}
