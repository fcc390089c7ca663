#include "sidecar/json.h"

#include <catch2/catch.hpp>

using namespace restante;
using namespace restante::sidecar;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

core::NodeStatus sample() {
  core::NodeStatus status;
  status.node = "edge-7";
  status.incarnation = {0x0123456789abcdef, 0xfedcba9876543210};
  status.links = 3;
  status.store = {100, 200, 300, true};
  status.commits = 4;
  status.stored_octets = 5;
  status.counters = {{"stale token", 6}, {"malformed", 0}};
  core::StreamStatus stream;
  stream.name = "orders";
  stream.head = Sequence{1} << 62;
  stream.confirmed_to = 8;
  stream.rows = 9;
  stream.row_octets = 10;
  stream.copied = 11;
  stream.stored = 1;
  stream.elided = 3;
  stream.writer = "sender pid 12 for 3 s";
  core::SubscriptionStatus workers;
  workers.name = "workers";
  workers.floor = 12;
  workers.backlog_messages = 13;
  workers.backlog_octets = 14;
  workers.oldest_age_ms = 15;
  workers.in_flight = 16;
  workers.sessions = 17;
  workers.loose = 18;
  workers.parked = 19;
  workers.dead = 20;
  workers.acked = 21;
  workers.redelivered = 22;
  workers.attempts = 23;
  workers.limit = {24, 25, OnLimit::refuse};
  workers.cut = 26;
  workers.gaps = 27;
  workers.live = true;
  workers.why = "no \"consumer\"";
  stream.subscriptions = {workers, core::SubscriptionStatus{}};
  stream.subscriptions.back().mode = core::SubscriptionMode::exclusive;
  status.streams = {stream, core::StreamStatus{}};
  status.streams.back().kind = core::StreamKind::live;
  return status;
}

core::NodeStatus many_streams(std::size_t count) {
  core::NodeStatus status;
  status.streams.resize(count);
  for (std::size_t i = 0; i < count; ++i) status.streams[i].name = "stream-" + std::to_string(i);
  return status;
}

}  // namespace

TEST_CASE("a status comes back from JSON as it went in") {
  const std::string text = to_json(sample());
  std::string why;
  const auto back = status_from_json(text, why);
  REQUIRE(back);
  CHECK(to_json(*back) == text);  // the text has every member
  CHECK(back->incarnation == sample().incarnation);
  CHECK(back->streams[0].head == Sequence{1} << 62);
  CHECK(back->streams[0].subscriptions[0].why == "no \"consumer\"");
  CHECK(back->streams[0].subscriptions[1].mode == core::SubscriptionMode::exclusive);
  CHECK(back->streams[1].kind == core::StreamKind::live);
  CHECK(back->counters == sample().counters);
}

TEST_CASE("a status in JSON has the keys that docs/commands.md lists") {
  const std::string text = to_json(sample());
  CHECK_THAT(text, StartsWith("{\"node\":\"edge-7\",\"incarnation\":\"0123456789abcdeffedcba9876543210\""));
  CHECK_THAT(text, Contains("\"store\":{\"used\":100,\"quota\":200,\"octets_written\":300,\"full\":true}"));
  CHECK_THAT(text, Contains("\"elided_share\":0.75") && Contains("\"streams_left_out\":0"));
  CHECK_THAT(text, Contains("\"backlog_messages\":13") && Contains("\"live\":true"));
  CHECK(text.find('\n') == std::string::npos);
}

TEST_CASE("a status never exceeds its bound, and says what it left out") {
  const std::string text = to_json(many_streams(4096));
  CHECK(text.size() <= limits::report_size_max);
  CHECK(text.size() > limits::report_size_max / 2);
  std::string why;
  const auto back = status_from_json(text, why);
  REQUIRE(back);
  CHECK_THAT(text, Contains("\"streams_left_out\":" + std::to_string(4096 - back->streams.size())));
}

/// What the commands ask and put together; the number of answers that it took.
std::size_t ask_all(const core::NodeStatus& status, std::string& all, std::size_t size_max) {
  all = to_json(status, size_max);
  std::size_t answers = 1;
  for (auto place = rest_of_status(all); place; place = rest_of_status(all), ++answers) {
    const std::string more = to_json(status, size_max, place_of(question_of(*place)));
    REQUIRE(more.size() <= size_max);
    const auto joined = joined_status(all, more);
    REQUIRE(joined);
    all = *joined;
  }
  return answers;
}

TEST_CASE("a stream with very many subscriptions is not left out of the status, nor is what follows it") {
  auto status = many_streams(3);
  status.streams[1].subscriptions.resize(limits::subscriptions_max);
  for (std::size_t i = 0; i < limits::subscriptions_max; ++i) {
    status.streams[1].subscriptions[i].name = "crowd-" + std::to_string(i);
  }
  const std::string first = to_json(status);
  CHECK(first.size() <= limits::report_size_max);
  CHECK_THAT(first, Contains("\"name\":\"stream-1\"") && Contains("\"streams_left_out\":1"));
  std::string all;
  CHECK(ask_all(status, all, limits::report_size_max) > 1);
  CHECK(all == to_json(status, 64 * limits::report_size_max));
}

TEST_CASE("a status of any number of streams and subscriptions is put together of answers of any size") {
  auto status = many_streams(40);
  for (std::size_t i = 0; i < status.streams.size(); ++i) status.streams[i].subscriptions.resize(i % 4);
  for (const std::size_t size_max : {1700U, 1900U, 2500U, 10000U, 100000U}) {
    std::string all;
    ask_all(status, all, size_max);
    CHECK(all == to_json(status));
  }
}

TEST_CASE("an answer that does not go on where it was asked to is not joined") {
  const auto status = many_streams(40);
  const std::string text = to_json(status, 2500);
  REQUIRE(rest_of_status(text));
  CHECK_FALSE(joined_status(text, text));  // of a sidecar that always begins at the beginning
  CHECK_FALSE(joined_status(text, "{}"));
  CHECK_FALSE(joined_status(text, "nonsense"));
  CHECK_FALSE(joined_status(text, to_json(status, 2500, {"stream-999", 0})));
  CHECK(place_of("status").stream.empty());
  CHECK(place_of("").stream.empty());
}

TEST_CASE("names that are no UTF-8 cannot break the JSON") {
  auto status = many_streams(1);
  status.streams[0].name = "\xff\xfe";
  std::string why;
  CHECK(status_from_json(to_json(status), why));
}

TEST_CASE("an answer of a newer sidecar is read as far as it is known") {
  std::string why;
  const auto status = status_from_json(R"({"node":"n","surprise":[1],"streams":[{"name":"s","new":{}}]})", why);
  REQUIRE(status);
  CHECK(status->node == "n");
  CHECK(status->streams.at(0).name == "s");
}

TEST_CASE("what is no status is refused with a reason") {
  for (const char* text : {"", "{", "[]", "7", "{\"node\":7}", "{\"streams\":{\"a\":1}}", "{\"streams\":[7]}",
                           "{\"streams\":7}", "{\"store\":[]}", "{\"links\":\"x\"}", "{\"counters\":{\"a\":\"b\"}}"}) {
    std::string why;
    INFO(text);
    CHECK_FALSE(status_from_json(text, why));
    CHECK_FALSE(why.empty());
  }
  std::string why;
  for (const char* number : {"2e55", "1.5", "-1"}) {
    const std::string text = std::string("{\"streams\":[{\"name\":\"orders\",\"head\":") + number + "}]}";
    CHECK_FALSE(status_from_json(text, why));
  }
}

TEST_CASE("one stream can be taken out of a status") {
  const std::string text = to_json(sample());
  const auto stream = stream_json(text, "orders");
  REQUIRE(stream);
  CHECK_THAT(*stream, StartsWith("{\"name\":\"orders\""));
  CHECK(text.find(*stream) != std::string::npos);
  CHECK_FALSE(stream_json(text, "none"));
  CHECK_FALSE(stream_json("[]", "orders"));
}

TEST_CASE("a node tells whether any link of it was ever up") {
  CHECK(any_link_was_up(R"({"links":[{"times_up":0},{"times_up":2,"up":false}]})"));
  CHECK_FALSE(any_link_was_up(R"({"links":[{"times_up":0}]})"));
  CHECK_FALSE(any_link_was_up(R"({"links":[]})"));
  CHECK_FALSE(any_link_was_up("{"));
}

TEST_CASE("a message in JSON has its payload as text if it is UTF-8, else in base64") {
  MessageText message;
  message.node = "n";
  message.stream = "s";
  message.sequence = 7;
  message.grant = 0xff;
  message.attempt = 2;
  message.marker = 9;
  message.payload = "42 \"äpfel\"\n";
  CHECK(to_json(message) == R"({"node":"n","stream":"s","sequence":7,"grant":"00000000000000ff","attempt":2,)"
                            R"("marker":9,"topic":"","payload":"42 \"äpfel\"\n"})");
  message.payload = "\xff\xef\xbe";
  CHECK_THAT(to_json(message), Contains(R"("payload_base64":"/+++")") && !Contains("\"payload\":"));
}

TEST_CASE("tallies and the ready line are objects") {
  CHECK(to_json(SendTally{1, 2, 3, 4}) == R"({"accepted":1,"confirmed":2,"unconfirmed":3,"empty":4})");
  CHECK(to_json(ReadyText{"n", "/s", "ipc:///x", ""}) == R"({"node":"n","store":"/s","ipc":"ipc:///x","listen":""})");
}

TEST_CASE("a gap has one key, which no message has") {
  const GapText gap{"edge-7", "weather", 5, 9, "the store was put back"};
  CHECK(to_json(gap) ==
        R"({"gap":{"node":"edge-7","stream":"weather","from":5,"to":9,"reason":"the store was put back"}})");
  CHECK_THAT(to_json(MessageText{}), !Contains("\"gap\""));
}
