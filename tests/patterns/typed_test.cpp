// Messages with a type over a real sidecar: what the first screen of typed.h promises.

#include <chrono>
#include <stdexcept>
#include <string>

#include <capnp/message.h>
#include <restante/typed.h>
#include <catch2/catch.hpp>

#include "tests/patterns/post.h"
#include "tests/patterns/typed_octets.h"

using namespace restante;
using namespace restante::test;
using namespace std::chrono_literals;

TEST_CASE("a typed message goes from a pusher to a puller and is read in place") {
  Post post;
  Node node(post.options());
  auto orders = typed::pusher<Order>(node, "orders");
  auto work = typed::puller<Order>(node, "orders");
  const Header shop{"shop", "3"};
  const Receipt receipt = orders.send(
      [](Order::Builder order) {
        order.setNumber(42);
        order.setWhat("apples");
      },
      {.correlation_id = "c", .headers = {&shop, 1}, .marker = 7});
  auto order = work.receive(patience);
  REQUIRE(order);
  CHECK((*order)->getNumber() == 42);
  CHECK((**order).getNumber() == 42);
  CHECK(text((*order)->getWhat()) == "apples");
  const std::string_view payload = order->payload();
  CHECK((*order)->getWhat().begin() >= payload.data());
  CHECK((*order)->getWhat().end() <= payload.data() + payload.size());
  CHECK(order->header("content-type") == typed::content_type<Order>());
  CHECK(order->attributes().correlation_id == "c");
  CHECK(order->header("shop") == "3");
  CHECK(order->marker() == 7);
  CHECK(order->attempt() == 1);
  CHECK(order->extend());
  CHECK(order->ack());
  CHECK_FALSE(order->ack());
  CHECK(receipt.wait_processed(patience));
  CHECK(orders.flush(patience));
  CHECK(orders.last_marker(patience) == 7U);
  CHECK(orders.accepted() == 1);
  CHECK(orders.confirmed() == 1);
  CHECK(orders.back_pressure().empty());
  CHECK(orders.close(patience) == 0);
  CHECK_FALSE(work.try_receive());
  CHECK(work.ready_fd() >= 0);
  CHECK_FALSE(work.stopped());
  work.stop();
  CHECK(work.stopped());
  CHECK(work.mismatched() == 0);
}

TEST_CASE("the content type names the struct without its file, and its id") {
  CHECK(typed::content_type<Order>().starts_with("application/x-capnp;id=0x"));
  CHECK(typed::content_type<Order>().ends_with(";name=Order"));
  CHECK(typed::content_type<Order>().size() ==
        std::string_view("application/x-capnp;id=0x0123456789abcdef;name=Order").size());
  CHECK(typed::content_type<Outer::Inner>().ends_with(";name=Outer.Inner"));
  CHECK(typed::content_type<Order>() != typed::content_type<LaterOrder>());
}

TEST_CASE("a value that exists already is sent as a copy: a reader, a builder, a delivery with its attributes") {
  Post post;
  Node node(post.options());
  auto orders = typed::pusher<Order>(node, "orders");
  auto work = typed::puller<Order>(node, "orders");
  capnp::MallocMessageBuilder message;
  auto builder = message.initRoot<Order>();
  builder.setNumber(1);
  builder.setWhat("pears");
  orders.send(builder);
  orders.send(builder.asReader(), {.key = "k"});
  CHECK(orders.try_send(builder.asReader()));
  for (int i = 0; i < 3; ++i) {
    auto order = work.receive(patience);
    REQUIRE(order);
    CHECK(text((*order)->getWhat()) == "pears");
    if (order->header("key") == "k") orders.send(**order, order->attributes());
    order->ack();
  }
  auto again = work.receive(patience);
  REQUIRE(again);
  CHECK(again->header("key") == "k");
  again->ack();
}

TEST_CASE("attributes may not say that a message is something else") {
  Post post;
  Node node(post.options());
  auto orders = typed::pusher<Order>(node, "orders");
  const auto refused = [&](std::string_view content_type) {
    CHECK_THROWS_WITH(orders.send([](Order::Builder) {}, {.content_type = content_type}),
                      Catch::StartsWith("send Order (0x") && Catch::Contains("leave their content type empty"));
  };
  refused("text/plain");
  refused(typed::content_type<Bill>());
  const std::string wordy = std::string(typed::content_type<Order>()) + "; branch=oslo";
  orders.send([](Order::Builder) {}, {.content_type = wordy});
  auto work = typed::puller<Order>(node, "orders");
  auto order = work.receive(patience);
  REQUIRE(order);
  CHECK(order->header("content-type") == wordy);
  order->ack();
}

TEST_CASE("what a build throws passes, and nothing is sent") {
  Post post;
  Node node(post.options());
  auto orders = typed::pusher<Order>(node, "orders");
  CHECK_THROWS_AS(orders.send([](Order::Builder order) {
    order.setWhat("half");
    throw std::runtime_error("no flour");
  }),
                  std::runtime_error);
  CHECK(orders.accepted() == 0);
  orders.send([](Order::Builder order) { CHECK_FALSE(order.hasWhat()); });
  CHECK(orders.accepted() == 1);
}

TEST_CASE("messages of every size arrive as they were built, also those of several segments") {
  Post post;
  Node node(post.options());
  auto orders = typed::pusher<LaterOrder>(node, "orders");
  auto work = typed::puller<LaterOrder>(node, "orders");
  // The second one of a size finds memory that is large enough, the small one after a large one finds it zeroed.
  for (const unsigned lines : {0U, 1U, 500U, 500U, 20000U, 20000U, 3U, 500U}) {
    orders.send([&](LaterOrder::Builder order) {
      auto list = order.initLines(lines);
      for (unsigned i = 0; i < lines; ++i) {
        list[i].setAmount(static_cast<std::uint16_t>(i));
        list[i].setArticle(std::to_string(i * 31));
      }
    });
    auto order = work.receive(patience);
    REQUIRE(order);
    const auto list = (*order)->getLines();
    REQUIRE(list.size() == lines);
    bool same = !(*order)->hasWhat();
    for (unsigned i = 0; i < lines; ++i) {
      same = same && list[i].getAmount() == static_cast<std::uint16_t>(i);
      same = same && text(list[i].getArticle()) == std::to_string(i * 31);
    }
    CHECK(same);
    order->ack();
  }
  CHECK_THROWS_WITH(orders.send([](LaterOrder::Builder order) { order.initLines(100000); }),
                    Catch::Contains("a payload has 1 to 1048576 octets"));
}

TEST_CASE("a message may be built while another is built") {
  Post post;
  Node node(post.options());
  auto orders = typed::pusher<Order>(node, "orders");
  auto work = typed::puller<Order>(node, "orders");
  orders.send([&](Order::Builder outer) {
    outer.setWhat("outer");
    orders.send([&](Order::Builder inner) { inner.setWhat("inner"); });
    outer.setNumber(1);
  });
  for (const std::string what : {"inner", "outer"}) {
    auto order = work.receive(patience);
    REQUIRE(order);
    CHECK(text((*order)->getWhat()) == what);
    order->ack();
  }
}

TEST_CASE("a typed publisher and subscribers: topics, a name, a replay") {
  Post post;
  Node node(post.options());
  auto readings = typed::publisher<Order>(node, "weather", {.retain = {.age = 1h}});
  auto north = typed::subscriber<Order>(node, "weather", {"north/#"}, {"screen"});
  REQUIRE(node.wait_ready(patience));
  readings.send("south/rome", [](Order::Builder report) { report.setNumber(30); });
  const auto sent = readings.try_send("north/oslo", [](Order::Builder report) { report.setNumber(4); });
  REQUIRE(sent);
  auto report = north.receive(patience);
  REQUIRE(report);
  CHECK(report->topic() == "north/oslo");
  CHECK((*report)->getNumber() == 4);
  report->ack();
  CHECK(sent->wait_processed(patience));
  CHECK(readings.flush(patience));
  unsigned sum = 0;
  for (auto& old : typed::subscriber<Order>(node, "weather", {"#"}, {.start = "beginning"})) {
    sum += old->getNumber();
    old.ack();
  }
  CHECK(sum == 34);
}

TEST_CASE("an untyped producer is understood if it says what it sends") {
  Post post;
  Node node(post.options());
  auto orders = node.pusher("orders");
  orders.send(order_octets(1));
  orders.send(order_octets(2), {.content_type = typed::content_type<Order>()});
  auto work = typed::Puller<Order>(node.puller("orders"));
  auto order = work.receive(patience);
  REQUIRE(order);
  CHECK((*order)->getNumber() == 2);
  CHECK(work.mismatched() == 1);
  order->ack();
}
