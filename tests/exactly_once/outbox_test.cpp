// outbox.add(): messages that are sent if, and only if, their transaction is committed.

#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <restante/exactly_once.h>
#include <catch2/catch.hpp>

#include "tests/exactly_once/shop.h"
#include "tests/patterns/post.h"

using namespace restante;
using namespace restante::test;
using namespace std::chrono_literals;

namespace {

void add(Shop& shop, Outbox& outbox, const std::string& stream, std::string_view payload,
         const Attributes& attributes = {}) {
  SQLite::Transaction transaction(shop);
  outbox.add(transaction, stream, payload, attributes);
  transaction.commit();
}

std::vector<std::string> take(Puller& puller, std::size_t count) {
  std::vector<std::string> payloads;
  while (payloads.size() < count) {
    auto delivery = puller.receive(patience);
    REQUIRE(delivery);
    payloads.emplace_back(delivery->payload());
    delivery->ack();
  }
  return payloads;
}

std::vector<std::string> numbers(int from, int to) {
  std::vector<std::string> all;
  for (int i = from; i <= to; ++i) all.push_back(std::to_string(i));
  return all;
}

int rows(Shop& shop) { return shop.number("SELECT count(*) FROM restante_outbox"); }

struct Service {
  Post post;
  Folder folder;
  Shop shop{folder.file()};  // it never waits for a lock: nothing of the outbox may be in its way
  Node node{post.options()};
};

}  // namespace

TEST_CASE("what is committed is sent, what is rolled back is not, with its attributes and an origin") {
  Service service;
  Outbox outbox(service.shop, service.node);
  {
    SQLite::Transaction transaction(service.shop);
    outbox.add(transaction, "invoices", "never");
  }
  const Header headers[] = {{"colour", "red"}, {origin_header, "of the order"}};
  add(service.shop, outbox, "invoices", "first", {.content_type = "text/plain", .headers = headers, .marker = 9});
  add(service.shop, outbox, "invoices", "second");
  REQUIRE(outbox.flush(patience));
  auto invoices = service.node.puller("invoices");
  auto first = invoices.receive(patience);
  auto second = invoices.receive(patience);
  REQUIRE((first && second));
  CHECK(first->payload() == "first");
  CHECK(first->header("content-type") == "text/plain");
  CHECK(first->header("colour") == "red");
  CHECK(first->marker() == 9);
  CHECK(second->payload() == "second");
  CHECK(first->effect_id().starts_with("outbox/"));
  CHECK(first->effect_id().ends_with("/invoices/2"));  // the one that was rolled back has its number
  CHECK(second->effect_id().ends_with("/invoices/3"));
  CHECK_FALSE(invoices.try_receive());
}

TEST_CASE("the application removes what was sent, with its next message or at the end") {
  Service service;
  {
    Outbox outbox(service.shop, service.node);
    for (int i = 1; i <= 20; ++i) add(service.shop, outbox, "invoices", std::to_string(i));
    REQUIRE(outbox.flush(patience));
    CHECK(rows(service.shop) >= 1);
    CHECK(outbox.status().waiting == 0);
    {
      SQLite::Transaction transaction(service.shop);
      outbox.add(transaction, "invoices", "rolled back");
      CHECK(rows(service.shop) == 1);
    }
    CHECK(rows(service.shop) >= 1);  // so is the removal
    CHECK(outbox.status().waiting == 0);
    add(service.shop, outbox, "invoices", "21");
    REQUIRE(outbox.flush(patience));
  }
  CHECK(rows(service.shop) == 0);
  auto invoices = service.node.puller("invoices");
  CHECK(take(invoices, 21) == numbers(1, 21));
}

TEST_CASE("what could not be sent later is refused at once") {
  Service service;
  Outbox outbox(service.shop, service.node);
  const auto refused = [&](const auto& action) {
    SQLite::Transaction transaction(service.shop);
    try {
      action(transaction);
      FAIL_CHECK("it was taken");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::bad_argument);
    }
  };
  const std::string large(limits::payload_size_max + 1, 'x');
  const std::string long_text(limits::attribute_text_size_max + 1, 'x');
  const std::vector<Header> many(limits::headers_max, Header{"a", "b"});  // with the origin it is one too many
  refused([&](auto& t) { outbox.add(t, "invoices", ""); });
  refused([&](auto& t) { outbox.add(t, "invoices", large); });
  refused([&](auto& t) { outbox.add(t, "In voices", "x"); });
  refused([&](auto& t) { outbox.add(t, "invoices", "x", {.key = long_text}); });
  refused([&](auto& t) { outbox.add(t, "invoices", "x", {.headers = many}); });
  refused([&](auto& t) { outbox.publish(t, "news", "a/+", "x"); });
  refused([&](auto& t) {
    outbox.add(t, "invoices", "x");
    outbox.publish(t, "invoices", "topic", "x");
  });
  SQLite::Transaction ended(service.shop);
  ended.commit();
  CHECK_THROWS_WITH(outbox.add(ended, "invoices", "x"), Catch::Contains("no transaction is open"));
  CHECK(rows(service.shop) == 0);
}

TEST_CASE("rows wait while there is no sidecar, and for the next life of the service") {
  Folder folder;
  Post post;
  post.down();
  Shop shop(folder.file());
  {
    Node node(post.options());
    Outbox outbox(shop, node);
    for (int i = 1; i <= 5; ++i) add(shop, outbox, "invoices", std::to_string(i));
    CHECK_FALSE(outbox.flush(50ms));
    CHECK(outbox.status().waiting == 5);
    CHECK_THAT(outbox.status().obstacle, Catch::Contains("sidecar"));
    outbox.close({});
  }
  CHECK(rows(shop) == 5);
  Outbox adding(shop);
  add(shop, adding, "invoices", "6");
  CHECK(adding.status().waiting == 6);
  CHECK_THROWS_AS(adding.flush(), Error);
  Node node(post.options());
  Outbox outbox(shop, node);
  post.up();
  CHECK(outbox.flush(patience));
  CHECK(outbox.status().waiting == 0);
  auto invoices = node.puller("invoices");
  CHECK(take(invoices, 6) == numbers(1, 6));
}

TEST_CASE("a row that was confirmed and not removed comes again, and is done once") {
  Service service;
  {
    Outbox adding(service.shop);
    for (int i = 1; i <= 10; ++i) add(service.shop, adding, "invoices", std::to_string(i));
  }
  for (const char* life : {"1", "2", "3"}) {  // each finds what its predecessor had no time to remove
    service.shop.exec(std::string("VACUUM INTO '") + service.folder.file(life) + "'");
    Shop found(service.folder.file(life));
    Node node(service.post.options());
    Outbox outbox(found, node);
    REQUIRE(outbox.flush(patience));
  }
  Shop other(service.folder.file("other.db"));
  Inbox inbox(other, "accounts");
  auto invoices = service.node.puller("invoices");
  std::set<std::string> effects;
  for (int i = 0; i < 30; ++i) {
    auto invoice = invoices.receive(patience);
    REQUIRE(invoice);
    effects.insert(invoice->effect_id());
    CHECK(inbox.once(*invoice, [&](SQLite::Transaction&) { other.count(invoice->payload()); }) == (i < 10));
  }
  CHECK(effects.size() == 10);
  CHECK(other.number("SELECT sum(times) FROM done") == 10);
  CHECK(inbox.rows() == 1);
}
