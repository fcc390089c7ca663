/// \file
/// What `streams set` and `subscriptions set` make of their rules.

#include <catch2/catch.hpp>

#include "sidecar/commands/parse.h"
#include "sidecar/commands/rules_file.h"

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
  CHECK(both.wish.stream == "offers");
  CHECK(both.wish.retention == core::Retention{7LL * 86'400'000, 5, 0});
  CHECK(both.wish.expiry == core::Expiry{2, true});  // rounded up
  const auto one = parse_as<StreamsSetCommand>({"streams", "set", "offers", "expire_after=none"});
  CHECK_FALSE(one.wish.retention);
  CHECK(one.wish.expiry == core::Expiry{});
  CHECK_FALSE(parse_as<StreamsSetCommand>({"streams", "set", "offers", "retain=none"}).wish.expiry);
}

TEST_CASE("rules of a stream limit what waits, how fast it goes, and which stream goes first") {
  const auto all = parse_as<StreamsSetCommand>({"streams", "set", "telemetry", "max_messages=1000", "max_octets=1MiB",
                                                "on_limit=drop_oldest", "drain_messages=500", "priority=9"});
  CHECK(all.wish.limit == BacklogLimit{1000, 1U << 20, OnLimit::cut});
  CHECK(all.wish.drain == DrainRate{500, 0});
  CHECK(all.wish.priority == 9U);
  CHECK_FALSE(all.wish.retention);
  CHECK(parse_as<StreamsSetCommand>({"streams", "set", "t", "max_messages=5"}).wish.limit ==
        BacklogLimit{5, 0, OnLimit::refuse});
  CHECK(parse_as<StreamsSetCommand>({"streams", "set", "t", "limit=none"}).wish.limit == BacklogLimit{});
  CHECK(parse_as<StreamsSetCommand>({"streams", "set", "t", "drain=none"}).wish.drain == DrainRate{});
  CHECK_THROWS_WITH(parse({"streams", "set", "t", "on_limit=refuse"}), Contains("max_messages"));
  CHECK_THROWS_WITH(parse({"streams", "set", "t", "priority=10"}), Contains("9"));
  CHECK_THROWS_WITH(parse({"streams", "set", "t", "max_messages=5", "on_limit=cut"}), Contains("drop_oldest"));
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

TEST_CASE("a file of rules is read by patterns, and one that is half right is refused with its line") {
  const auto rules = parse_rules(
      "[stream.\"telemetry.*\"]\nmax_octets = \"1MiB\"\non_limit = \"drop_oldest\"\n\n"
      "[stream.alarms]\npriority = 9\nexpire_after = \"1h\"\n",
      "rules.toml");
  REQUIRE(rules.size() == 2);
  CHECK(rules[0].pattern == "alarms");
  CHECK(rules[0].wish.priority == 9U);
  CHECK(rules[0].wish.expiry == core::Expiry{3'600'000, false});
  CHECK(rules[1].pattern == "telemetry.*");
  CHECK(rules[1].wish.limit == BacklogLimit{0, 1U << 20, OnLimit::cut});
  const std::pair<const char*, const char*> wrong[] = {{"[stream.a]\nretain = 5\n", "rules.toml line 2"},
                                                       {"[stream.a]\nmax_message = 5\n", "did you mean"},
                                                       {"[streams.a]\n", "no 'streams'"},
                                                       {"[stream.a\n", "rules.toml line 1"},
                                                       {"[stream]\na = 5\n", "has to be a table"},
                                                       {"[stream.a]\non_limit = \"refuse\"\n", "give max_messages"},
                                                       {"[stream.a]\npriority = 1.5\n", "whole number"},
                                                       {"[stream.a]\npriority = 10\n", "line 2"}};
  for (const auto& [text, why] : wrong) CHECK_THROWS_WITH(parse_rules(text, "rules.toml"), Contains(why));
  CHECK(parse_rules("", "rules.toml").empty());
  CHECK_THROWS_WITH(parse({"up", "--rules", "/nowhere/rules.toml"}), Contains("cannot be read"));
}
