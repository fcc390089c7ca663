#include "core/names.h"

#include <string>

#include <catch2/catch.hpp>

#include <restante/limits.h>

using namespace restante;
using namespace restante::core;

namespace {

const std::string longest_name(limits::name_size_max, 'n');
const std::string longest_topic(limits::topic_size_max, 't');

}  // namespace

TEST_CASE("names of nodes, subscriptions and streams are lower case letters, digits and . _ -") {
  for (const std::string& name : {std::string("a"), std::string("0"), std::string("edge-7.plant_1"), longest_name}) {
    CAPTURE(name);
    CHECK_FALSE(problem_of_node_name(name));
    CHECK_FALSE(problem_of_subscription_name(name));
    CHECK_FALSE(problem_of_stream_name(name));
  }
}

TEST_CASE("a wrong name is refused, and the text says what is wrong with it") {
  struct Case {
    std::string name;
    std::string problem;
  };
  const Case cases[] = {
      {"", "is empty"},
      {longest_name + "n", "has 129 octets, at most 128 are allowed"},
      {".hidden", "begins with '.' instead of a-z or 0-9"},
      {"-f", "begins with '-' instead of a-z or 0-9"},
      {"../etc", "begins with '.' instead of a-z or 0-9"},
      {"Orders", "begins with 'O' instead of a-z or 0-9"},
      {"orDers", "contains 'D', only a-z, 0-9 and . _ - are allowed"},
      {"a/b", "contains '/', only a-z, 0-9 and . _ - are allowed"},
      {"a b", "contains the octet 0x20, only a-z, 0-9 and . _ - are allowed"},
      {std::string("a\0", 2), "contains the octet 0x00, only a-z, 0-9 and . _ - are allowed"},
      {"\xc3\xa4", "begins with the octet 0xc3 instead of a-z or 0-9"},
  };
  for (const Case& one : cases) {
    CHECK(problem_of_node_name(one.name) == one.problem);
    CHECK(problem_of_subscription_name(one.name) == one.problem);
    CHECK(problem_of_stream_name(one.name) == one.problem);
  }
}

TEST_CASE("only streams may have an instance, a number from 1 to 65535") {
  CHECK_FALSE(problem_of_stream_name("events@1"));
  CHECK_FALSE(problem_of_stream_name("events@65535"));
  CHECK(problem_of_node_name("events@1"));
  CHECK(problem_of_subscription_name("events@1"));
  for (const char* name : {"events@", "events@0", "events@01", "events@65536", "events@99999999999", "events@-1",
                           "events@1 ", "events@1@2", "events@x"}) {
    CAPTURE(name);
    CHECK(problem_of_stream_name(name) == "ends with an instance that is not a number from 1 to 65535");
  }
  CHECK(problem_of_stream_name("@1") == "begins with '@' instead of a-z or 0-9");
  CHECK(problem_of_stream_name("Events@1"));
  CHECK(problem_of_stream_name(longest_name + "@1"));
  CHECK_FALSE(problem_of_stream_name(longest_name.substr(2) + "@1"));
}

TEST_CASE("the base of an instance is its stream") {
  CHECK(base_of_stream("events@2") == "events");
  CHECK(base_of_stream("events") == "events");
}

TEST_CASE("topics are levels of UTF-8 without wildcards and control characters") {
  for (const std::string& topic : {std::string("a"), std::string("/"), std::string("a//b/"), std::string("plant 1/T°"),
                                   std::string("$SYS/x"), std::string("\xf0\x9f\x93\xa6"), longest_topic}) {
    CAPTURE(topic);
    CHECK_FALSE(problem_of_topic(topic));
    CHECK_FALSE(problem_of_filter(topic));
  }
  CHECK(problem_of_topic("") == "is empty");
  CHECK(problem_of_topic(longest_topic + "t") == "has 257 octets, at most 256 are allowed");
  CHECK(problem_of_topic("a/+/b") == "contains '+', which only filters may");
  CHECK(problem_of_topic("a/b#") == "contains '#', which only filters may");
  CHECK(problem_of_topic(std::string("a\0b", 3)) == "contains the octet 0x00, a control character");
  CHECK(problem_of_topic("a\nb") == "contains the octet 0x0a, a control character");
  CHECK(problem_of_topic("a\x7f") == "contains the octet 0x7f, a control character");
}

TEST_CASE("octets that are not UTF-8 are refused in topics and filters") {
  for (const char* text : {"\x80", "\xc3", "\xc3(", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xe2\x82", "\xed\xa0\x80",
                           "\xf0\x80\x80\xaf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "ok\xfe"}) {
    CHECK(problem_of_topic(text));
    CHECK(problem_of_filter(text));
  }
  for (const char* text : {"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80",
                           "\xf4\x8f\xbf\xbf"}) {
    CHECK_FALSE(problem_of_topic(text));
  }
}

TEST_CASE("the filters that MQTT allows are allowed, and those that it forbids are not") {
  for (const char* filter : {"#", "+", "sport/tennis/player1/#", "sport/tennis/#", "+/tennis/#", "sport/+/player1",
                             "sport/+", "/finance", "/+", "+/+", "$SYS/#", "$SYS/monitor/+", "/", "//#"}) {
    CAPTURE(filter);
    CHECK_FALSE(problem_of_filter(filter));
  }
  CHECK(problem_of_filter("") == "is empty");
  CHECK(problem_of_filter("sport/tennis#") == "has '#' beside other characters of its level");
  CHECK(problem_of_filter("sport/tennis/#/ranking") == "has '#' before its last level");
  CHECK(problem_of_filter("#/") == "has '#' before its last level");
  CHECK(problem_of_filter("sport+") == "has '+' beside other characters of its level");
  CHECK(problem_of_filter("a/+b/c") == "has '+' beside other characters of its level");
  CHECK(problem_of_filter("##") == "has '#' beside other characters of its level");
}
