// Messages that are not of the type, other versions of it, and how what is handed out is settled.

#include <atomic>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <kj/exception.h>
#include <restante/typed.h>
#include <catch2/catch.hpp>

#include "core/wire.h"
#include "tests/patterns/fake_sidecar.h"
#include "tests/patterns/typed_octets.h"

using namespace restante;
using namespace restante::test;
using namespace std::chrono_literals;

namespace {

constexpr Duration patience = 10s;

std::string attributes(std::string_view content_type) {
  core::AttributeValues values;
  values.content_type = content_type;
  std::string why;
  return core::encode_attributes(values, why).value();
}

/// The next Settle that says something but credit and reports.
core::Settle settled(FakeSidecar& sidecar) {
  for (;;) {
    auto settle = sidecar.expect<core::Settle>();
    if (!settle.acks.empty() || !settle.nacks.empty() || !settle.rejects.empty()) return settle;
  }
}

/// What became of all: how many, and the reasons.
struct Tally {
  std::size_t acks = 0;
  std::size_t nacks = 0;
  std::vector<std::string> reasons;

  void listen(FakeSidecar& sidecar, std::size_t count) {
    while (acks + nacks + reasons.size() < count) {
      const auto settle = settled(sidecar);
      for (const auto& range : settle.acks) acks += range.range.last - range.range.first + 1;
      nacks += settle.nacks.size();
      for (const auto& reject : settle.rejects) reasons.push_back(reject.reason);
    }
  }
};

constexpr std::string_view order_name = "expected Order (0x";

}  // namespace

TEST_CASE("older and newer versions of a struct read each other") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  const auto later = octets<LaterOrder>([](LaterOrder::Builder order) {
    order.setNumber(5);
    order.setWhat("plums");
    order.setNote("ripe");
    order.initLines(2)[1].setArticle("box");
  });
  SECTION("an older reader does not see what it does not know") {
    auto work = typed::puller<Order>(node, "orders");
    sidecar.subscribe();
    sidecar.redeliver(sidecar.batch(1, {later}, 0, attributes(typed::content_type<Order>())));
    auto order = work.receive(patience);
    REQUIRE(order);
    CHECK((*order)->getNumber() == 5);
    CHECK(text((*order)->getWhat()) == "plums");
  }
  SECTION("a newer reader sees defaults") {
    auto work = typed::puller<LaterOrder>(node, "orders");
    sidecar.subscribe();
    sidecar.redeliver(sidecar.batch(1, {order_octets(6)}, 0, attributes(typed::content_type<LaterOrder>())));
    auto order = work.receive(patience);
    REQUIRE(order);
    CHECK((*order)->getNumber() == 6);
    CHECK((*order)->getPrice() == 1.5);
    CHECK(text((*order)->getNote()) == "none");
    CHECK((*order)->getLines().size() == 0);
  }
}

TEST_CASE("what is of another type is rejected with both names, and the next message is handed out") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto work = typed::puller<Order>(node, "orders");
  sidecar.subscribe();
  const std::string capnp = "application/x-capnp";
  const std::string order_id = std::string(typed::content_type<Order>()).substr(capnp.size() + 1, 21);
  struct Case {
    std::string content_type;
    std::string reason;  // its end
  };
  const std::vector<Case> cases{
      {"", "got a message without a content type"},
      {"text/plain", "got content type \"text/plain\""},
      {capnp, "got content type \"application/x-capnp\""},
      {capnp + ";id=;name=Order", "got content type \"application/x-capnp;id=;name=Order\""},
      {capnp + ";id=0x1z", "got content type \"application/x-capnp;id=0x1z\""},
      {capnp + ";id=0x11111111111111111", "got content type \"application/x-capnp;id=0x11111111111111111\""},
      {std::string(typed::content_type<Bill>()),
       "got Bill (" + std::string(typed::content_type<Bill>()).substr(23, 18) + ")"},
      {capnp + ";id=0xfeed", "got a struct without a name (0x000000000000feed)"},
      {capnp + ";id=0xfeed;name=\"a\tb\x1b\"", "got a?b? (0x000000000000feed)"},
      {"text/plain;" + order_id, "got content type \"text/plain;" + order_id + "\""},
      {std::string(200, 'x'), "got content type \"" + std::string(80, 'x') + "...\""},
  };
  Sequence sequence = 1;
  for (const auto& each : cases) {
    const auto envelope = each.content_type.empty() ? std::string() : attributes(each.content_type);
    sidecar.redeliver(sidecar.batch(sequence++, {order_octets(1)}, 0, envelope));
  }
  sidecar.redeliver(
      sidecar.batch(sequence, {order_octets(9)}, 0, attributes("Application/X-CapnP ; name=X; " + order_id)));
  auto order = work.receive(patience);
  REQUIRE(order);
  CHECK((*order)->getNumber() == 9);
  order->ack();
  CHECK(work.mismatched() == cases.size());
  Tally tally;
  tally.listen(sidecar, cases.size() + 1);
  CHECK(tally.acks == 1);
  REQUIRE(tally.reasons.size() == cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    CAPTURE(tally.reasons[i]);
    CHECK(tally.reasons[i].starts_with(order_name));
    CHECK(tally.reasons[i].ends_with(cases[i].reason));
  }
  const std::string log = sidecar.log();
  CHECK(log.find("message here/orders/1 was rejected (1 so far): expected Order") != log.npos);
  CHECK(log.find("(8 so far)") != log.npos);
  CHECK(log.find("(7 so far)") == log.npos);
}

TEST_CASE("the wait for a message ends in time, though others come all the while") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto work = typed::puller<Order>(node, "orders");
  sidecar.subscribe();
  std::atomic<bool> over{false};
  const auto start = std::chrono::steady_clock::now();
  std::thread waiting([&] {
    CHECK_FALSE(work.receive(300ms));
    over = true;
  });
  Sequence sequence = 1;
  const bool in_time = sidecar.wait_until([&] {
    if (sequence < 1000) sidecar.redeliver(sidecar.batch(sequence++, {"no order"}));
    return over.load();
  });
  work.stop();
  waiting.join();
  CHECK(in_time);
  CHECK(std::chrono::steady_clock::now() - start >= 300ms);
  CHECK(work.mismatched() > 0);
}

TEST_CASE("run hands out what is of the type: a return is an ack, what is thrown a nack, what is moved away neither") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto work = typed::puller<Order>(node, "orders");
  sidecar.subscribe();
  std::vector<std::string> payloads;
  for (const unsigned number : {1U, 2U, 3U, 4U}) payloads.push_back(order_octets(number));
  payloads.push_back("no order");
  sidecar.redeliver(sidecar.batch(1, payloads, 0, attributes(typed::content_type<Order>())));
  std::optional<typed::Delivery<Order>> kept;
  std::atomic<int> handled{0};
  std::thread running([&] {
    work.run([&](typed::Delivery<Order>& order) {
      ++handled;
      if (order->getNumber() == 2) throw std::runtime_error("no flour");
      if (order->getNumber() == 3) kept.emplace(std::move(order));
      if (handled == 4 && order.id().sequence == 4) kj::throwFatalException(KJ_EXCEPTION(FAILED, "not of the message"));
    });
  });
  Tally tally;
  tally.listen(sidecar, 4);
  work.stop();
  running.join();
  CHECK(handled == 4);
  CHECK(tally.acks == 1);
  CHECK(tally.nacks == 2);
  REQUIRE(tally.reasons.size() == 1);
  CHECK(tally.reasons[0].find("that is not whole") != std::string::npos);
  REQUIRE(kept);
  CHECK((*kept)->getNumber() == 3);
  CHECK(kept->ack());
  CHECK(sidecar.log().find("no flour") != std::string::npos);
  CHECK(sidecar.log().find("not of the message") != std::string::npos);
}

TEST_CASE("a loop sees only what is of the type, and a delivery that it does not settle is released") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto work = typed::puller<Order>(node, "orders");
  sidecar.subscribe();
  const auto envelope = attributes(typed::content_type<Order>());
  sidecar.redeliver(
      sidecar.batch(1, {order_octets(1), "garbage!", order_octets(3), std::string(4096, '\xff')}, 0, envelope));
  sidecar.redeliver(sidecar.batch(5, {order_octets(5)}, 0, envelope));
  std::vector<unsigned> seen;
  for (auto& order : work) {
    seen.push_back(order->getNumber());
    order.ack();
    if (order->getNumber() == 5) work.stop();
  }
  CHECK(seen == std::vector<unsigned>{1, 3, 5});
  Tally tally;
  tally.listen(sidecar, 5);
  CHECK(tally.reasons.size() == 2);
}

TEST_CASE("octets of strangers are whole when they are read while an exception unwinds, too") {
  FakeSidecar sidecar;
  Node node(sidecar.options());
  auto work = typed::puller<Order>(node, "orders");
  sidecar.subscribe();
  std::string wild = order_octets(1);
  wild[8] = '\x7c';  // its root lies far behind the end
  sidecar.redeliver(sidecar.batch(1, {wild, order_octets(2)}, 0, attributes(typed::content_type<Order>())));
  struct Last {
    explicit Last(typed::Puller<Order>& from) : work(from) {}
    ~Last() {
      auto order = work.receive(patience);
      CHECK(order);
      if (!order) return;
      CHECK((*order)->getNumber() == 2);
      order->ack();
    }
    typed::Puller<Order>& work;
  };
  try {
    const Last last(work);
    throw std::runtime_error("over");
  } catch (const std::runtime_error&) {
  }
  CHECK(work.mismatched() == 1);
}
