// The public API over a real sidecar in this process: what the first screen of pipeline.h promises.

#include <atomic>
#include <chrono>
#include <memory>
#include <semaphore>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <restante/embedded.h>
#include <restante/node.h>
#include <catch2/catch.hpp>

#include "tests/patterns/post.h"

using namespace restante;
using namespace restante::test;
using namespace std::chrono_literals;

TEST_CASE("a message goes from a pusher to a puller and is settled") {
  Post post;
  Node sending(post.options());
  Node working(post.options());
  auto orders = sending.pusher("orders");
  auto work = working.puller("orders");
  const Receipt receipt = orders.send("42 apples", {.content_type = "text/plain", .marker = 7});
  auto order = work.receive(patience);
  REQUIRE(order);
  CHECK(order->payload() == "42 apples");
  CHECK(order->header("content-type") == "text/plain");
  CHECK(order->marker() == 7);
  CHECK(order->attempt() == 1);
  CHECK(order->ack());
  CHECK(receipt.wait_processed(patience));
  CHECK(receipt.id() == order->id());
  CHECK(orders.last_marker(patience) == 7U);
}

TEST_CASE("work that is sent before any worker exists is kept, over a restart of the sidecar") {
  Post post;
  {
    Node node(post.options());
    auto orders = node.pusher("orders");
    for (int i = 0; i < 100; ++i) orders.send("order " + std::to_string(i));
    CHECK(orders.close(patience) == 0);
  }
  post.down();
  post.up();
  Node node(post.options());
  auto work = node.puller("orders");
  for (int i = 0; i < 100; ++i) {
    auto order = work.receive(patience);
    REQUIRE(order);
    CHECK(order->payload() == "order " + std::to_string(i));
    order->ack();
  }
  CHECK_FALSE(work.try_receive());
}

TEST_CASE("a sidecar that comes late or goes away loses nothing") {
  Post post;
  Node node(post.options());
  auto orders = node.pusher("orders");
  auto work = node.puller("orders");
  std::set<std::string> done;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 50; ++i) orders.send(std::to_string(round) + "." + std::to_string(i));
    post.down();
    for (int i = 50; i < 60; ++i) orders.send(std::to_string(round) + "." + std::to_string(i));
    post.up();
    while (done.size() < 60U * static_cast<unsigned>(round + 1)) {
      auto order = work.receive(patience);
      REQUIRE(order);
      done.insert(std::string(order->payload()));
      order->ack();
    }
  }
  CHECK(orders.flush(patience));
}

TEST_CASE("several workers share the work, by ipc and by tcp") {
  Post post;
  post.down();
  post.up("tcp://127.0.0.1:0");
  Node sending(post.options());
  auto orders = sending.pusher("orders");
  constexpr int count = 2000;
  std::atomic<int> handled{0};
  std::vector<std::atomic<int>> times(count);
  std::vector<std::unique_ptr<Node>> nodes;
  std::vector<std::unique_ptr<Puller>> workers;
  std::vector<std::thread> threads;
  for (int w = 0; w < 3; ++w) {
    nodes.push_back(std::make_unique<Node>(post.options()));
    ReceiverOptions options;
    if (w == 2) options.from = {post.listen()};
    workers.push_back(std::make_unique<Puller>(nodes.back()->puller("orders", options)));
    threads.emplace_back([&, worker = workers.back().get()] {
      worker->run([&](Delivery& order) {
        ++times[static_cast<std::size_t>(std::stoi(std::string(order.payload())))];
        ++handled;
      });
    });
  }
  Receipt last = orders.send("0");
  for (int i = 1; i < count; ++i) last = orders.send(std::to_string(i));
  CHECK(last.wait_processed(patience));
  for (auto& worker : workers) worker->stop();
  for (auto& thread : threads) thread.join();
  CHECK(handled == count);
  for (const auto& time : times) CHECK(time == 1);
}

TEST_CASE("a nack brings it again with the next attempt, a reject never") {
  Post post;
  Node node(post.options());
  auto orders = node.pusher("orders");
  auto work = node.puller("orders");
  orders.send("try");
  CHECK(work.receive(patience).value().nack(1ms));
  auto again = work.receive(patience);
  REQUIRE(again);
  CHECK(again->attempt() == 2);
  CHECK(again->reject("cannot be done"));
  const Receipt next = orders.send("next");
  auto other = work.receive(patience);
  REQUIRE(other);
  CHECK(other->payload() == "next");
  other->ack();
  CHECK(next.wait_processed(patience));
}

TEST_CASE("a lease that ends gives the message to another, and extend keeps it") {
  Post post;
  Node node(post.options());
  auto orders = node.pusher("orders");
  auto slow = node.puller("orders", {.lease = 300ms});
  orders.send("x");
  auto held = slow.receive(patience);
  REQUIRE(held);
  Node elsewhere(post.options());
  auto other = elsewhere.puller("orders");
  for (int i = 0; i < 4; ++i) {
    CHECK_FALSE(other.receive(150ms));
    CHECK(held->extend());
  }
  auto taken = other.receive(patience);
  REQUIRE(taken);
  CHECK(taken->payload() == "x");
  CHECK(taken->attempt() == 2);
  CHECK_FALSE(held->extend());
  CHECK(taken->ack());
}

TEST_CASE("a handler that is at work keeps its message beyond the lease, up to the time that is set") {
  Post post;
  Node node(post.options());
  auto orders = node.pusher("orders");
  auto slow = node.puller("orders", {.lease = 200ms, .handler_max = 1500ms});
  orders.send("x");
  std::atomic<int> begun = 0;
  std::counting_semaphore<> ends{0};
  std::jthread worker([&] {
    slow.run([&](Delivery&) {
      ++begun;
      static_cast<void>(ends.try_acquire_for(patience));  // hangs, for longer than anybody is to wait
    });
  });
  const auto began = std::chrono::steady_clock::now();
  while (begun == 0 && std::chrono::steady_clock::now() - began < patience) std::this_thread::yield();
  REQUIRE(begun == 1);
  Node elsewhere(post.options());
  auto other = elsewhere.puller("orders");
  const auto taken = other.receive(patience);
  REQUIRE(taken);
  CHECK(std::chrono::steady_clock::now() - began > 800ms);
  CHECK(taken->attempt() == 2);
  slow.stop();
  ends.release();
}

TEST_CASE("payloads of every size arrive as they were sent") {
  Post post;
  Node node(post.options());
  auto orders = node.pusher("orders");
  auto work = node.puller("orders");
  for (const std::size_t size : {1U, 7U, 8U, 9U, 100U, 1023U, 1024U, 65536U, 1U << 20}) {
    std::string payload(size, '\0');
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<char>((i * 31 + size) & 0xff);
    orders.send(payload);
    auto order = work.receive(patience);
    REQUIRE(order);
    CHECK(order->payload() == payload);
    CHECK(reinterpret_cast<std::uintptr_t>(order->payload().data()) % 8 == 0);
    order->ack();
  }
}
