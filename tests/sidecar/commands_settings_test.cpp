/// \file
/// What `streams set` and `subscriptions set` make of their rules.

#include <catch2/catch.hpp>

#include "sidecar/commands/parse.h"

using namespace restante::commands;
using namespace restante;
using Catch::Matchers::Contains;

namespace {

template <typename Expected>
Expected parse_as(const std::vector<std::string>& words) {
  const Command command = parse(words);
  REQUIRE(std::holds_alternative<Expected>(command));
  return std::get<Expected>(command);
}

}  // namespace

TEST_CASE("rules of a stream are of two kinds, and what is of neither stays as it is") {
  const auto both = parse_as<StreamsSetCommand>(
      {"streams", "set", "offers", "retain_age=7d", "retain_messages=5", "expire_after=1500us", "expired=dead"});
  CHECK(both.stream == "offers");
  CHECK(both.retention == core::Retention{7LL * 86'400'000, 5, 0});
  CHECK(both.expiry == core::Expiry{2, true});  // rounded up
  const auto one = parse_as<StreamsSetCommand>({"streams", "set", "offers", "expire_after=none"});
  CHECK_FALSE(one.retention);
  CHECK(one.expiry == core::Expiry{});
  CHECK_FALSE(parse_as<StreamsSetCommand>({"streams", "set", "offers", "retain=none"}).expiry);
}

TEST_CASE("rules of a subscription are of two kinds, and what is not named of a kind is as the node has it") {
  const auto both = parse_as<SubscriptionsSetCommand>({"subscriptions", "set", "orders", "workers", "attempts_max=5",
                                                       "retry_initial=1s", "retry_factor=1.5", "max_messages=100",
                                                       "on_limit=refuse"});
  CHECK(both.stream == "orders");
  CHECK(both.name == "workers");
  CHECK(both.retry == RetryRule{1000, 150, -1, 5});
  CHECK(both.limit == BacklogLimit{100, 0, OnLimit::refuse});
  CHECK(parse_as<SubscriptionsSetCommand>({"subscriptions", "set", "o", "w", "attempts_max=never"}).retry ==
        RetryRule{-1, -1, -1, 0});
  const auto none = parse_as<SubscriptionsSetCommand>({"subscriptions", "set", "o", "w", "retry=node", "limit=none"});
  CHECK(none.retry == RetryRule{});
  CHECK(none.limit == BacklogLimit{});
}

TEST_CASE("a rule that is none is refused with those that there are") {
  CHECK_THROWS_WITH(parse({"streams", "set", "orders", "expire=1h"}), Contains("no rule of a stream"));
  CHECK_THROWS_WITH(parse({"streams", "set", "orders", "expired=maybe"}), Contains("dead or gone"));
  CHECK_THROWS_WITH(parse({"streams", "set", "orders"}), Contains("say what to set"));
  CHECK_THROWS_WITH(parse({"subscriptions", "set", "orders", "workers", "attempts=2"}),
                    Contains("no rule of a subscription"));
  CHECK_THROWS_WITH(parse({"subscriptions", "set", "orders", "workers", "retry_factor=0.9"}),
                    Contains("from 1 to 100"));
  CHECK_THROWS_WITH(parse({"subscriptions", "set", "orders", "workers", "attempts_max=0"}), Contains("at least 1"));
  CHECK_THROWS_AS(parse({"subscriptions", "set", "orders", "workers"}), UsageError);
}

TEST_CASE("a message may be sent with the age that it may get") {
  CHECK(parse_as<SendCommand>({"send", "orders", "--expire", "1h"}).expire_after == std::chrono::hours{1});
  CHECK(parse_as<SendCommand>({"send", "orders"}).expire_after == forever);
  CHECK_THROWS_AS(parse({"send", "orders", "--expire", "0s"}), UsageError);
}
