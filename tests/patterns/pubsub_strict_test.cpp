// A strict subscription over a real sidecar in this process: of a topic one message is in hand at a time.

#include <string>
#include <thread>

#include "tests/patterns/post.h"

using namespace restante;
using namespace restante::test;
using namespace std::chrono_literals;

namespace {

Subscription strict(const std::string& name) {
  Subscription subscription;
  subscription.name = name;
  subscription.strict = true;
  return subscription;
}

}  // namespace

TEST_CASE("of a topic nothing is handed out while an older message is in hand, and whoever waits for it is woken") {
  Post post;
  Node node(post.options());
  auto ledger = node.subscriber("accounts", {"#"}, strict("ledger"));
  REQUIRE(node.wait_ready(patience));
  auto accounts = node.publisher("accounts");
  for (const char* payload : {"1", "2", "3"}) accounts.send("a", payload);
  accounts.send("b", "4");
  auto one = ledger.receive(patience);
  auto four = ledger.receive(patience);
  REQUIRE(one);
  REQUIRE(four);
  CHECK(one->payload() == "1");
  CHECK(four->payload() == "4");
  CHECK_FALSE(ledger.receive(50ms));
  std::string next;
  std::thread waiting([&] {
    auto two = ledger.receive(patience);
    if (!two) return;
    next = two->payload();
    two->ack();
  });
  one->ack();
  waiting.join();
  CHECK(next == "2");
  four->ack();
}

TEST_CASE("what is nacked comes before what is behind it (X8)") {
  Post post;
  Node node(post.options());
  auto ledger = node.subscriber("accounts", {"#"}, strict("ledger"));
  REQUIRE(node.wait_ready(patience));
  auto accounts = node.publisher("accounts");
  for (const char* payload : {"1", "2", "3"}) accounts.send("a", payload);
  std::string seen;
  for (int turn = 0; turn < 5; ++turn) {
    auto message = ledger.receive(patience);
    REQUIRE(message);
    seen += message->payload();
    if (turn == 0) message->nack(20ms);
    else if (turn == 2) message->release();
    else message->ack();
  }
  CHECK(seen == "11223");
}

TEST_CASE("a strict subscription has a name and one reader") {
  Post post;
  Node node(post.options());
  CHECK_THROWS_WITH(node.subscriber("accounts", {"#"}, strict("")),
                    Catch::Contains("strict subscription needs a name"));
  Subscription both = strict("ledger");
  both.shared = true;
  CHECK_THROWS_WITH(node.subscriber("accounts", {"#"}, both), Catch::Contains("cannot be strict"));
}
