#include "sidecar/commands/values.h"

#include <limits>
#include <string>

#include <catch2/catch.hpp>

#include "sidecar/commands/command.h"
#include "sidecar/commands/nearest.h"

using namespace std::chrono_literals;
using namespace restante::commands;
using Catch::Matchers::Contains;
using restante::Duration;

TEST_CASE("durations are a decimal number and a unit") {
  CHECK(parse_duration("--idle", "200ms") == Duration{200ms});
  CHECK(parse_duration("--idle", "5s") == Duration{5s});
  CHECK(parse_duration("--idle", "2h") == Duration{2h});
  CHECK(parse_duration("--idle", "1.5s") == Duration{1500ms});
  CHECK(parse_duration("--idle", "3m") == Duration{3min});
  CHECK(parse_duration("--idle", "1d") == Duration{24h});
  CHECK(parse_duration("--idle", "250us") == Duration{250us});
  CHECK(parse_duration("--idle", "7ns") == Duration{7ns});
}

TEST_CASE("zero is a duration without a unit, where zero is allowed") {
  CHECK(parse_duration("--store-delay", "0") == Duration{});
  CHECK(parse_duration("--store-delay", "0ms") == Duration{});
  CHECK_THROWS_AS(parse_positive_duration("--idle", "0"), UsageError);
  CHECK_THROWS_AS(parse_positive_duration("--idle", "0s"), UsageError);
}

TEST_CASE("what is no duration is refused with the option, the text and an example") {
  for (const char* text :
       {"", "5", "s", "5 s", "-5s", "+5s", "5S", "5sec", "1e3s", "0x5s", "nan", "inf", "5s5s", "5s "}) {
    INFO(text);
    CHECK_THROWS_AS(parse_duration("--idle", text), UsageError);
  }
  CHECK_THROWS_WITH(parse_duration("--idle", "5"), Contains("--idle") && Contains("'5'") && Contains("200ms"));
}

TEST_CASE("a duration that would overflow is refused") {
  CHECK_THROWS_WITH(parse_duration("--timeout", "4000d"), Contains("ten years"));
  CHECK_THROWS_AS(parse_duration("--timeout", std::string(400, '9') + "s"), UsageError);
  CHECK(parse_duration("--timeout", "3650d") == Duration{24h * 3650});
}

TEST_CASE("sizes are a decimal number and a unit, or octets") {
  CHECK(parse_size("--quota", "64MiB") == std::uint64_t{64} << 20);
  CHECK(parse_size("--quota", "1.5GiB") == std::uint64_t{3} << 29);
  CHECK(parse_size("--quota", "4096") == 4096);
  CHECK(parse_size("--quota", "1B") == 1);
  CHECK(parse_size("--quota", "5kB") == 5000);
  CHECK(parse_size("--quota", "2TiB") == std::uint64_t{2} << 40);
}

TEST_CASE("what is no size is refused") {
  for (const char* text : {"", "0", "0.4B", "MiB", "64mib", "64M", "64 MiB", "-1", "1e9", "99999TiB"}) {
    INFO(text);
    CHECK_THROWS_AS(parse_size("--quota", text), UsageError);
  }
  CHECK_THROWS_WITH(parse_size("--quota", "64M"), Contains("--quota") && Contains("64MiB"));
}

TEST_CASE("counts are whole numbers within their bounds") {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  CHECK(parse_count("--count", "1", 1, most) == 1);
  CHECK(parse_count("--count", "18446744073709551615", 1, most) == most);
  for (const char* text : {"", "0", "-1", "+1", "1.0", "1k", " 1", "18446744073709551616"}) {
    INFO(text);
    CHECK_THROWS_AS(parse_count("--count", text, 1, most), UsageError);
  }
  CHECK_THROWS_WITH(parse_count("--instance", "9", 1, 8), Contains("at least 1 and at most 8"));
}

TEST_CASE("endpoints are checked, and a path is one") {
  CHECK(parse_endpoint("--from", "tcp://127.0.0.1:7010") == "tcp://127.0.0.1:7010");
  CHECK(parse_endpoint("--ipc", "/run/x.sock") == "ipc:///run/x.sock");
  CHECK_THROWS_WITH(parse_endpoint("--from", "edge-7"), Contains("--from") && Contains("tcp://127.0.0.1:7010"));
}

TEST_CASE("edit distance counts insertions, removals, replacements and swaps") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("send", "send") == 0);
  CHECK(edit_distance("send", "") == 4);
  CHECK(edit_distance("sned", "send") == 1);
  CHECK(edit_distance("recive", "recv") == 2);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("the nearest name is a slip of the finger away, or there is none") {
  const std::vector<std::string> known{"up", "send", "recv", "status", "streams"};
  CHECK(nearest_name("sned", known) == "send");
  CHECK(nearest_name("satus", known) == "status");
  CHECK(nearest_name("receive", known) == std::nullopt);
  CHECK(nearest_name("stream", known) == "streams");
  CHECK(nearest_name("xyzzy", known) == std::nullopt);
  CHECK(nearest_name("--time", {"--timeout", "--lease"}) == "--timeout");
}

TEST_CASE("a time to begin at may be as far away as a year has digits") {
  CHECK(parse_where("--start", "2026-11-27T15:00:00Z") == "@1795791600000");
  CHECK(parse_where("--start", "2999-01-01T00:00:00Z") == "@32472144000000");  // in nanoseconds it would overflow
  CHECK(parse_where("--start", "9999-12-31T23:59:59Z") == "@253402300799000");
  CHECK_THROWS_WITH(parse_where("--start", "1969-12-31T23:59:59Z"), Contains("before 1970"));
  CHECK_THROWS_WITH(parse_where("--start", "2026-02-30T00:00:00Z"), Contains("no such time"));
}
