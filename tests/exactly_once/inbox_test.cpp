// inbox.once(): work that is done once, whoever fails when.

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>

#include <restante/exactly_once.h>
#include <catch2/catch.hpp>

#include "tests/exactly_once/shop.h"
#include "tests/patterns/post.h"

using namespace restante;
using namespace restante::test;
using namespace std::chrono_literals;

namespace {

const InboxOptions hasty{.lock_wait = 20ms, .trouble_pause = {}};

/// A service with a database, and who sends to it.
struct Service {
  Post post;
  Folder folder;
  Shop shop{folder.file()};
  Node node{post.options()};
  Pusher orders = node.pusher("orders");
  Puller work = node.puller("orders");
  Inbox inbox{shop, "billing", hasty};

  void send(std::string_view payload, std::string_view origin = {}) {
    const Header header{origin_header, origin};
    Attributes attributes;
    if (!origin.empty()) attributes.headers = {&header, 1};
    orders.send(payload, attributes);
  }
  Delivery next() {
    auto order = work.receive(patience);
    REQUIRE(order);
    return std::move(*order);
  }
  bool once(Delivery& order) {
    return inbox.once(order, [&](SQLite::Transaction&) { shop.count(order.payload()); });
  }
};

}  // namespace

TEST_CASE("work is done once, though its message comes twice") {
  Service service;
  service.send("apples", "shop/order/7");
  service.send("apples", "shop/order/7");
  service.send("pears", "shop/order/8");
  for (const bool fresh : {true, false, true}) {
    auto order = service.next();
    CHECK(service.once(order) == fresh);
    CHECK_FALSE(order.ack());  // it is settled
  }
  CHECK(service.shop.times("apples") == 1);
  CHECK(service.shop.times("pears") == 1);
  CHECK(service.inbox.knows("shop/order/7"));
  CHECK_FALSE(service.inbox.knows("shop/order/9"));
  CHECK(service.inbox.rows() == 1);
  CHECK(service.orders.flush(patience));
}

TEST_CASE("a message whose ack was lost is known in the next life of the service") {
  Folder folder;
  Post post;
  Node sending(post.options());
  auto orders = sending.pusher("orders");
  orders.send("apples");
  std::optional<Delivery> held;  // the ack that never gets there
  {
    Node node(post.options());
    auto work = node.puller("orders");
    held = work.receive(patience);
    REQUIRE(held);
    Shop shop(folder.file());
    Inbox(shop, "billing", hasty);
    shop.exec("BEGIN");
    shop.exec("INSERT INTO restante_inbox VALUES('billing', '" +
              held->effect_id().substr(0, held->effect_id().rfind('/')) + "', " + std::to_string(held->id().sequence) +
              ", " + std::to_string(held->id().sequence) + ", 1)");
    shop.count("apples");
    shop.exec("COMMIT");
  }  // and so it dies, as far as the sidecar can tell
  Node node(post.options());
  auto work = node.puller("orders");
  auto order = work.receive(patience);
  REQUIRE(order);
  CHECK(order->effect_id() == held->effect_id());
  Shop shop(folder.file());
  Inbox inbox(shop, "billing");
  CHECK_FALSE(inbox.once(*order, [&](SQLite::Transaction&) { shop.count("apples"); }));
  CHECK(shop.times("apples") == 1);
}

TEST_CASE("each reader does the work of its own") {
  Service service;
  Inbox shipping(service.shop, "shipping", hasty);
  service.send("apples", "order/1");
  service.send("apples", "order/1");
  auto first = service.next();
  auto second = service.next();
  CHECK(service.once(first));
  CHECK(shipping.once(second, [](SQLite::Transaction&) {}));
  CHECK(shipping.forget() == 1);
  CHECK_FALSE(shipping.knows("order/1"));
  CHECK(service.inbox.knows("order/1"));
}

TEST_CASE("work that throws is undone, and its message comes again as the next attempt") {
  Service service;
  service.send("apples");
  {
    auto order = service.next();
    CHECK_THROWS_WITH(service.inbox.once(order,
                                         [&](SQLite::Transaction&) {
                                           service.shop.count("apples");
                                           throw std::runtime_error("no stock");
                                         }),
                      "no stock");
    CHECK_FALSE(order.ack());  // once() has settled it
    CHECK(service.shop.times("apples") == 0);
    CHECK_FALSE(service.inbox.knows(order.effect_id()));
  }
  auto order = service.next();
  CHECK(order.attempt() == 2);
  CHECK(service.once(order));
  CHECK(service.shop.times("apples") == 1);
}

TEST_CASE("run() nacks once, and work that fails may choose how its message is settled") {
  Service service;
  service.send("never");
  service.send("later");
  int later = 0;
  service.work.run([&](Delivery& order) {
    service.inbox.once(order, [&](SQLite::Transaction&) {
      service.shop.count(order.payload());
      if (order.payload() == "never") {
        order.reject("nobody has it");
        throw std::runtime_error("rejected");
      }
      if (++later == 3) return service.work.stop();
      order.nack({});
      throw std::runtime_error("not yet");
    });
  });
  CHECK(service.shop.times("never") == 0);
  CHECK(service.shop.times("later") == 1);
  CHECK(later == 3);
}

TEST_CASE("a locked database is waited for, and then the message is given back without an attempt") {
  Service service;
  SQLite::Database other(service.folder.file(), SQLite::OPEN_READWRITE);
  service.send("apples");
  other.exec("BEGIN IMMEDIATE");
  for (int i = 0; i < 3; ++i) {
    auto order = service.next();
    CHECK(order.attempt() == 1);
    try {
      service.once(order);
      FAIL("it was locked");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::retry_later);
      CHECK_THAT(error.what(),
                 Catch::Contains("inbox billing") && Catch::Contains("shop.db") && Catch::Contains("locked"));
    }
  }
  other.exec("ROLLBACK");
  auto order = service.next();
  CHECK(order.attempt() == 1);
  CHECK(service.once(order));
}

TEST_CASE("a full disk leaves nothing half done, and counts no attempt") {
  Service service;
  const int pages = service.shop.number("PRAGMA page_count");
  service.shop.exec("CREATE TABLE big(octets BLOB NOT NULL)");
  service.shop.exec("PRAGMA max_page_count = " + std::to_string(pages + 8));
  service.send("apples");
  for (int i = 0; i < 3; ++i) {
    auto order = service.next();
    CHECK(order.attempt() == 1);
    CHECK_THROWS_AS(service.inbox.once(order,
                                       [&](SQLite::Transaction&) {
                                         service.shop.count("apples");
                                         service.shop.exec("INSERT INTO big VALUES(zeroblob(1000000))");
                                       }),
                    SQLite::Exception);
    CHECK(service.shop.times("apples") == 0);
    CHECK(service.inbox.rows() == 0);
  }
  service.shop.exec("PRAGMA max_page_count = 100000");
  auto order = service.next();
  CHECK(service.once(order));
}

TEST_CASE("what SQL refuses is the message's fault: an attempt") {
  Service service;
  service.send("apples");
  {
    auto order = service.next();
    CHECK_THROWS_AS(service.inbox.once(
                        order, [&](SQLite::Transaction&) { service.shop.exec("INSERT INTO done VALUES('x', NULL)"); }),
                    SQLite::Exception);
  }
  auto order = service.next();
  CHECK(order.attempt() == 2);
  // Also if it is refused as late as at the commit.
  service.shop.exec("PRAGMA foreign_keys = ON");
  service.shop.exec("CREATE TABLE line(part INTEGER REFERENCES part(id) DEFERRABLE INITIALLY DEFERRED)");
  service.shop.exec("CREATE TABLE part(id INTEGER PRIMARY KEY)");
  CHECK_THROWS_AS(
      service.inbox.once(order, [&](SQLite::Transaction&) { service.shop.exec("INSERT INTO line VALUES(1)"); }),
      SQLite::Exception);
  CHECK(service.shop.number("SELECT count(*) FROM line") == 0);
  CHECK(service.inbox.rows() == 0);
  CHECK(service.next().attempt() == 3);
}

TEST_CASE("work that ends the transaction is told so") {
  Service service;
  for (const char* end : {"COMMIT", "ROLLBACK", "COMMIT; BEGIN", "ROLLBACK; BEGIN; SAVEPOINT mine"}) {
    service.send("apples");
    auto order = service.next();
    INFO(end);
    try {
      service.inbox.once(order, [&](SQLite::Transaction&) { service.shop.exec(end); });
      FAIL("it was not noticed");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::bad_state);
      CHECK_THAT(error.what(), Catch::Contains("ended the transaction"));
    }
    order.reject("");
  }
}

TEST_CASE("a transaction of the caller is committed if the work is done now, and otherwise left to it") {
  Service service;
  for (int i = 0; i < 2; ++i) service.send("apples", "order/1");
  service.send("pears");
  const auto once = [&](bool fails) {
    auto order = service.next();
    SQLite::Transaction transaction(service.shop);
    service.shop.count("seen");
    return service.inbox.once(transaction, order, [&] {
      service.shop.count(order.payload());
      if (fails) throw std::runtime_error("no stock");
    });
  };
  CHECK(once(false));
  CHECK_FALSE(once(false));  // what the caller did before goes back with its transaction
  CHECK(service.shop.times("seen") == 1);
  CHECK_THROWS(once(true));
  CHECK(service.shop.times("seen") == 1);

  auto order = service.next();  // one that fails, and a caller that commits something else all the same
  SQLite::Transaction transaction(service.shop);
  CHECK_THROWS(service.inbox.once(transaction, order, [&] {
    service.shop.count("pears");
    throw std::runtime_error("no stock");
  }));
  service.shop.count("failures");
  transaction.commit();
  CHECK(service.shop.times("failures") == 1);
  CHECK(service.shop.times("pears") == 0);
  CHECK_FALSE(service.inbox.knows(order.effect_id()));
  auto again = service.next();
  CHECK_THROWS_AS(service.inbox.once(transaction, again, [] {}), Error);  // that transaction has ended
}

TEST_CASE("an inbox inside its own work, or with a transaction open, is a mistake that is told") {
  Service service;
  service.send("apples");
  auto order = service.next();
  CHECK_THROWS_WITH(service.inbox.once(order, [&](SQLite::Transaction&) { service.once(order); }),
                    Catch::Contains("the work itself"));
  service.shop.exec("BEGIN");
  CHECK_THROWS_WITH(service.once(order), Catch::Contains("a transaction is open"));
  CHECK_THROWS_WITH(Inbox(service.shop, "other"), Catch::Contains("a transaction is open"));
  service.shop.exec("ROLLBACK");
}
