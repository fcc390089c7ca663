#include "sidecar/text.h"

#include <catch2/catch.hpp>

#include "sidecar/commands/report.h"

using namespace restante::commands;
using namespace restante::sidecar;
using Catch::Matchers::Contains;

TEST_CASE("UTF-8 is what Unicode says") {
  for (const char* text : {"", "plain", "\x7f", "Größe", "\xe2\x82\xac", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    CHECK(is_utf8(text));
  }
  CHECK(is_utf8(std::string_view("a\0b", 3)));
}

TEST_CASE("overlong forms, surrogates, the far end and torn characters are no UTF-8") {
  for (const char* text : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
                           "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3", "\xe2\x82",
                           "\xf0\x90\x80", "\xc3(", "\xe2\x82(", "ok\xe2"}) {
    CHECK_FALSE(is_utf8(text));
  }
}

TEST_CASE("base64 has the vectors of RFC 4648") {
  CHECK(to_base64("").empty());
  CHECK(to_base64("f") == "Zg==");
  CHECK(to_base64("fo") == "Zm8=");
  CHECK(to_base64("foo") == "Zm9v");
  CHECK(to_base64("foobar") == "Zm9vYmFy");
  CHECK(to_base64("\xff\xef\xbe") == "/+++");
}

TEST_CASE("numbers are written for people") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1,000");
  CHECK(grouped(1234567) == "1,234,567");
  CHECK(human_size(0) == "0 B");
  CHECK(human_size(1536) == "1.5 KiB");
  CHECK(human_size(std::uint64_t{64} << 20) == "64 MiB");
  CHECK(human_size((std::uint64_t{1} << 20) - 1) == "1 MiB");
  CHECK(human_age(350) == "350 ms");
  CHECK(human_age(90'000) == "1.5 min");
  CHECK(human_age(-5) == "0 ms");
  CHECK(human_age(std::int64_t{50} * 3600'000) == "2.1 days");
  CHECK(to_hex(0xABC) == "0000000000000abc");
}

TEST_CASE("the status names each stream with its backlog and why it is not live") {
  restante::core::NodeStatus status;
  status.node = "edge-7";
  CHECK_THAT(render_status(status), Contains("edge-7") && Contains("no streams yet"));

  restante::core::StreamStatus stream;
  stream.name = "orders";
  stream.head = 12345;
  stream.stored = 1;
  stream.elided = 3;
  restante::core::SubscriptionStatus workers;
  workers.name = "workers";
  workers.backlog_messages = 1204;
  workers.backlog_octets = 3 << 20;
  workers.oldest_age_ms = 12000;
  workers.why = "no consumer";
  stream.subscriptions.push_back(workers);
  status.streams.push_back(stream);
  status.counters = {{"malformed frame", 2}, {"never", 0}};
  const std::string text = render_status(status);
  CHECK_THAT(text, Contains("orders") && Contains("12,345") && Contains("1,204 (3 MiB)") && Contains("12 s"));
  CHECK_THAT(text, Contains("catching up: no consumer") && Contains("elided 75.0 % of 4 messages"));
  CHECK_THAT(text, Contains("malformed frame 2") && !Contains("never"));
  CHECK_THAT(render_stream(stream), Contains("subscription workers (shared)") && Contains("writer nobody"));
}
