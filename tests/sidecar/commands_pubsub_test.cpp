/// \file
/// What `pub` and `sub` make of a command line, and of a record with its topic in front.

#include <catch2/catch.hpp>

#include "sidecar/commands/parse.h"
#include "sidecar/commands/topic_record.h"

using namespace std::chrono_literals;
using namespace restante::commands;
using Catch::Matchers::Contains;
using restante::Duration;

namespace {

using Words = std::vector<std::string>;

template <typename Expected>
Expected parse_as(const Words& words) {
  const Command command = parse(words);
  REQUIRE(std::holds_alternative<Expected>(command));
  return std::get<Expected>(command);
}

std::string fault_of(const std::string& record) {
  TopicRecord parts;
  return split_topic_record(record, parts);
}

}  // namespace

TEST_CASE("pub takes the options of send, and its own") {
  const auto pub = parse_as<PubCommand>({"pub", "weather", "north/oslo", "--null", "--resume", "--instance", "2",
                                         "--window", "64KiB", "--timeout", "5s", "--publish-at", "tcp://127.0.0.1:5556",
                                         "--keep-single", "--live-only", "--json"});
  CHECK(pub.stream == "weather");
  CHECK(pub.topic == "north/oslo");
  CHECK(pub.framing == Framing::nulls);
  CHECK(pub.resume);
  CHECK(pub.instance == 2);
  CHECK(pub.window == std::size_t{64} << 10);
  CHECK(pub.timeout == Duration{5s});
  CHECK(pub.publish_at == "tcp://127.0.0.1:5556");
  CHECK(pub.keep_single);
  CHECK(pub.live_only);
  CHECK(pub.common.json);
}

TEST_CASE("pub takes the topic from each line if it is a dash") {
  CHECK_FALSE(parse_as<PubCommand>({"pub", "weather", "-"}).topic);
  CHECK_FALSE(parse_as<PubCommand>({"pub", "--null", "weather", "-", "--timeout", "1s"}).topic);
}

TEST_CASE("pub refuses what is no topic before anything is read") {
  CHECK_THROWS_WITH(parse({"pub", "weather"}), Contains("TOPIC is missing"));
  CHECK_THROWS_WITH(parse({"pub", "weather", "north/+"}), Contains("TOPIC cannot be 'north/+'") && Contains("filters"));
  CHECK_THROWS_AS(parse({"pub", "weather", ""}), UsageError);
  CHECK_THROWS_WITH(parse({"pub", "weather", "north", "cold"}), Contains("restante pub STREAM TOPIC"));
  CHECK_THROWS_WITH(parse({"pub", "weather@2", "north"}), Contains("--instance 2"));
}

TEST_CASE("sub takes any number of filters, before and after its options, and none for all") {
  CHECK(parse_as<SubCommand>({"sub", "weather", "--durable", "s"}).filters == Words{"#"});
  const auto sub = parse_as<SubCommand>(
      {"sub", "weather", "north/#", "--durable", "screen", "+/rome", "--count", "3", "$sys/+", "--topics"});
  CHECK(sub.stream == "weather");
  CHECK(sub.filters == Words{"north/#", "+/rome", "$sys/+"});
  CHECK(sub.durable == "screen");
  CHECK(sub.count == 3U);
  CHECK(sub.topics);
  CHECK_FALSE(sub.shared);
  CHECK(sub.start == "new");
}

TEST_CASE("sub takes the options of recv, and says how it is remembered") {
  const auto sub = parse_as<SubCommand>({"sub", "weather", "--durable", "s", "--shared", "--start", "beginning",
                                         "--from", "tcp://127.0.0.1:1", "--from", "ipc:///r/y", "--idle", "3s",
                                         "--null", "--lease", "1m", "--live", "none"});
  CHECK(sub.shared);
  CHECK(sub.start == "beginning");
  CHECK(sub.from == Words{"tcp://127.0.0.1:1", "ipc:///r/y"});
  CHECK(sub.idle == Duration{3s});
  CHECK(sub.framing == Framing::nulls);
  CHECK(sub.lease == Duration{1min});
  CHECK(sub.limit == restante::BacklogLimit{});
  const auto limited = parse_as<SubCommand>(
      {"sub", "weather", "--durable", "s", "--max-messages", "12", "--max-octets", "2KiB", "--on-limit", "refuse"});
  CHECK(limited.limit == restante::BacklogLimit{12, 2048, restante::OnLimit::refuse});
  CHECK(sub.live == "none");
  CHECK(parse_as<SubCommand>({"sub", "weather", "--durable", "s", "--strict"}).strict);
  CHECK(parse_as<SubCommand>({"sub", "weather"}).durable.empty());
}

TEST_CASE("sub refuses what has no meaning, and says why") {
  CHECK_THROWS_WITH(parse({"sub", "weather", "--shared"}), Contains("--shared needs --durable NAME"));
  CHECK_THROWS_WITH(parse({"sub", "weather", "--strict"}), Contains("--strict needs --durable NAME"));
  CHECK_THROWS_WITH(parse({"sub", "weather", "--durable", "s", "--shared", "--strict"}), Contains("no order"));
  CHECK_THROWS_WITH(parse({"sub", "weather", "--max-messages", "5"}), Contains("--max-messages needs --durable NAME"));
  CHECK_THROWS_WITH(parse({"sub", "weather", "--durable", "s", "--max-messages", "0"}), Contains("--max-messages"));
  CHECK_THROWS_WITH(parse({"sub", "weather", "--durable", "s", "--on-limit", "cut"}), Contains("set one with"));
  CHECK_THROWS_WITH(parse({"sub", "weather", "--durable", "s", "--max-octets", "1MiB", "--on-limit", "wait"}),
                    Contains("cut or refuse"));
  CHECK_THROWS_WITH(parse({"sub", "weather", "--start", "new"}), Contains("--start needs --durable NAME"));
  CHECK_THROWS_WITH(parse({"sub", "weather", "--durable", "s", "--start", "middle"}),
                    Contains("new, beginning, a sequence"));
  CHECK_THROWS_WITH(parse({"sub", "weather", "--durable", ""}), Contains("--durable cannot be ''"));
  CHECK_THROWS_WITH(parse({"sub", "weather", "--durable", "No"}), Contains("instead of a-z or 0-9"));
  CHECK_THROWS_WITH(parse({"sub", "weather", "a/#/b", "--durable", "s"}), Contains("FILTER cannot be 'a/#/b'"));
  CHECK_THROWS_WITH(parse({"sub", "weather", "--topics", "--json"}), Contains("contradict"));
  CHECK_THROWS_WITH(parse({"sub", "weather", "--null", "--exec", "cat"}), Contains("contradict"));
}

TEST_CASE("a record is split at its first TAB, and its payload may hold anything") {
  TopicRecord parts;
  REQUIRE(split_topic_record("north/oslo\t-4\tC\n", parts).empty());
  CHECK(parts.topic == "north/oslo");
  CHECK(parts.payload == "-4\tC\n");
  REQUIRE(split_topic_record("north\t", parts).empty());
  CHECK(parts.payload.empty());
  REQUIRE(split_topic_record(std::string(restante::limits::topic_size_max, 't') + "\tx", parts).empty());
  CHECK(parts.payload == "x");
}

TEST_CASE("a record without a topic is told apart from one with a topic that breaks a rule") {
  CHECK(fault_of("north") == "has no TAB between topic and payload");
  CHECK_THAT(fault_of(std::string(restante::limits::topic_size_max + 1, 't') + "\tx"), Contains("in its first 257"));
  CHECK(fault_of("\t-4") == "has a topic that is empty");
  CHECK_THAT(fault_of("north/#\t-4"), Contains("'#', which only filters may"));
  CHECK_THAT(fault_of("no\x01rth\t-4"), Contains("0x01, a control character"));
  CHECK_THAT(fault_of("\xff\t-4"), Contains("not UTF-8"));
}
