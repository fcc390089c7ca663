// An outbox among others: several connections, streams and writers, and databases that do not suit it.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <restante/exactly_once.h>
#include <catch2/catch.hpp>

#include "tests/exactly_once/shop.h"
#include "tests/patterns/post.h"

using namespace restante;
using namespace restante::test;
using namespace std::chrono_literals;

namespace {

struct Service {
  Post post;
  Folder folder;
  Shop shop{folder.file()};
  Node node{post.options()};
};

void add(Shop& shop, Outbox& outbox, const std::string& stream, std::string_view payload) {
  SQLite::Transaction transaction(shop, SQLite::TransactionBehavior::IMMEDIATE);
  outbox.add(transaction, stream, payload);
  transaction.commit();
}

}  // namespace

TEST_CASE("a published row has its topic, and rows of two connections come in the order of their commits") {
  Service service;
  Outbox outbox(service.shop, service.node);
  auto reader = service.node.subscriber("news", {"a/#"}, {"screen"});
  service.shop.exec("CREATE TABLE position(n INTEGER NOT NULL); INSERT INTO position VALUES(0)");
  constexpr int each = 200;
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      Shop own(service.folder.file(), "", 20000);
      Outbox adding(own);
      for (int i = 0; i < each; ++i) {
        SQLite::Transaction transaction(own, SQLite::TransactionBehavior::IMMEDIATE);
        own.exec("UPDATE position SET n = n + 1");
        adding.publish(transaction, "news", "a/b", own.execAndGet("SELECT n FROM position").getString());
        transaction.commit();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (int i = 1; i <= 2 * each; ++i) {
    auto item = reader.receive(patience);
    REQUIRE(item);
    CHECK(item->topic() == "a/b");
    REQUIRE(item->payload() == std::to_string(i));
    item->ack();
  }
  CHECK(outbox.flush(patience));
}

TEST_CASE("a writer that does not wait for locks is never held up by its outbox") {
  Service service;  // its busy time-out is 0
  Outbox outbox(service.shop, service.node);
  for (int i = 0; i < 500; ++i) add(service.shop, outbox, "invoices", std::to_string(i));
  CHECK(outbox.flush(patience));
}

TEST_CASE("rows that nobody else removes are removed by the sender") {
  Service service;
  Outbox outbox(service.shop, service.node);
  Shop own(service.folder.file(), "", 20000);
  Outbox adding(own);
  for (int round = 0; round < 3; ++round) {
    SQLite::Transaction transaction(own, SQLite::TransactionBehavior::IMMEDIATE);
    for (int i = 0; i < 1000; ++i) adding.add(transaction, "invoices", std::to_string(i));
    transaction.commit();
  }
  REQUIRE(outbox.flush(patience));
  CHECK(link::test::eventually([&] { return service.shop.number("SELECT count(*) FROM restante_outbox") <= 1024; }));
  CHECK(outbox.status().waiting == 0);
}

TEST_CASE("a stream that another has does not keep the others") {
  Service service;
  Node rival(service.post.options());
  auto held = std::make_unique<Pusher>(rival.pusher("held"));
  held->send("of the rival");
  REQUIRE(held->flush(patience));
  Outbox outbox(service.shop, service.node);
  add(service.shop, outbox, "held", "1");
  add(service.shop, outbox, "free", "1");
  auto free = service.node.puller("free");
  auto first = free.receive(patience);
  REQUIRE(first);
  first->ack();
  CHECK(link::test::eventually(
      [&] { return outbox.status().obstacle.find("held") != std::string::npos && outbox.status().waiting == 1; }));
  held.reset();
  CHECK(outbox.flush(patience));
  CHECK(outbox.status().obstacle.empty());
}

TEST_CASE("of two senders on one database one waits, and then sends nothing that the other has sent") {
  Service service;
  std::optional<Outbox> first(std::in_place, service.shop, service.node);
  add(service.shop, *first, "invoices", "1");
  REQUIRE(first->flush(patience));  // it has the stream
  Node node(service.post.options());
  Shop own(service.folder.file(), "", 20000);
  Outbox second(own, node);
  for (int i = 2; i <= 10; ++i) add(service.shop, *first, "invoices", std::to_string(i));
  CHECK(link::test::eventually([&] { return !second.status().obstacle.empty(); }));
  REQUIRE(first->flush(patience));
  first.reset();
  add(own, second, "invoices", "11");
  REQUIRE(second.flush(patience));
  auto invoices = service.node.puller("invoices");
  for (int i = 1; i <= 11; ++i) {
    auto delivery = invoices.receive(patience);
    REQUIRE(delivery);
    CHECK(delivery->payload() == std::to_string(i));
    delivery->ack();
  }
  CHECK_FALSE(invoices.receive(100ms));
}

TEST_CASE("more streams than it has open at once") {
  Service service;
  Outbox outbox(service.shop, service.node);
  constexpr int streams = 150;
  for (int round = 0; round < 2; ++round) {
    SQLite::Transaction transaction(service.shop);
    for (int i = 0; i < streams; ++i) outbox.add(transaction, "s" + std::to_string(i), "x");
    transaction.commit();
    CHECK(outbox.flush(patience));
  }
  for (int i = 0; i < streams; i += 37) {
    auto puller = service.node.puller("s" + std::to_string(i));
    for (int round = 0; round < 2; ++round) {
      auto delivery = puller.receive(patience);
      REQUIRE(delivery);
      delivery->ack();
    }
    CHECK_FALSE(puller.try_receive());
  }
}

TEST_CASE("large and many messages go through a window that does not hold them") {
  Service service;
  Outbox outbox(service.shop, service.node);
  const std::string large(limits::payload_size_max, 'x');
  {
    SQLite::Transaction transaction(service.shop);
    for (int i = 0; i < 5; ++i) outbox.add(transaction, "large", large);
    for (int i = 0; i < 5000; ++i) outbox.add(transaction, "small", std::to_string(i));
    transaction.commit();
  }
  REQUIRE(outbox.flush(patience));
  auto small = service.node.puller("small");
  for (int i = 0; i < 5000; ++i) {
    auto delivery = small.receive(patience);
    REQUIRE(delivery);
    REQUIRE(delivery->payload() == std::to_string(i));
    delivery->ack();
  }
}

TEST_CASE("a stopped node sends no more, and waits for nobody") {
  Service service;
  service.post.down();
  Outbox outbox(service.shop, service.node);
  add(service.shop, outbox, "invoices", "1");
  service.node.stop();
  add(service.shop, outbox, "invoices", "2");
  CHECK_FALSE(outbox.flush(patience));
  outbox.close();
  CHECK(service.shop.number("SELECT count(*) FROM restante_outbox") == 2);
}

TEST_CASE("a database in which an outbox would be in the way, or not safe, is refused") {
  Service service;
  struct Case {
    const char* settings;
    const char* refused;
  };
  for (const Case& each : {Case{"journal_mode = DELETE; PRAGMA synchronous = EXTRA", "journal_mode = WAL"},
                           Case{"journal_mode = WAL; PRAGMA synchronous = NORMAL", "synchronous = FULL"},
                           Case{"locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL", "locking_mode = NORMAL"}}) {
    INFO(each.settings);
    Folder folder;
    Shop shop(folder.file(), each.settings);
    try {
      Outbox outbox(shop, service.node);
      FAIL("it was taken");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::misconfigured);
      CHECK_THAT(error.what(), Catch::Contains(each.refused));
    }
  }
  SQLite::Database memory(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  CHECK_THROWS_WITH(Outbox(memory, service.node), Catch::Contains("in memory"));
  CHECK_THROWS_WITH(Outbox(service.shop, service.node, {.instance = 70000}), Catch::Contains("65535"));
}
