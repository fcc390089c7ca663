#include "core/topic_filter.h"

#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/names.h"
#include "core/random.h"

using restante::core::filter_matches;
using restante::core::filters_match;
using restante::core::prefix_of;
using restante::core::Random;

namespace {

std::vector<std::string> levels_of(const std::string& text) {
  std::vector<std::string> levels(1);
  for (const char c : text) {
    if (c == '/') levels.emplace_back();
    else levels.back().push_back(c);
  }
  return levels;
}

/// The rules again, written as the specification tells them.
bool naive_match(const std::string& filter, const std::string& topic) {
  const auto wanted = levels_of(filter);
  const auto given = levels_of(topic);
  if (topic[0] == '$' && (wanted[0] == "+" || wanted[0] == "#")) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == "#") return given.size() >= i;
    if (i >= given.size() || (wanted[i] != "+" && wanted[i] != given[i])) return false;
  }
  return wanted.size() == given.size();
}

}  // namespace

TEST_CASE("filters match as in the examples of the MQTT specification, section 4.7") {
  struct Case {
    const char* filter;
    const char* topic;
    bool matches;
  };
  const Case cases[] = {
      {"sport/tennis/player1/#", "sport/tennis/player1", true},
      {"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
      {"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
      {"sport/tennis/player1/#", "sport/tennis/player2", false},
      {"sport/#", "sport", true},
      {"sport/#", "sports", false},
      {"sport/#", "sport/", true},
      {"#", "sport/tennis", true},
      {"#", "/", true},
      {"sport/tennis/+", "sport/tennis/player1", true},
      {"sport/tennis/+", "sport/tennis/player2", true},
      {"sport/tennis/+", "sport/tennis/player1/ranking", false},
      {"sport/+", "sport", false},
      {"sport/+", "sport/", true},
      {"+/tennis/#", "sport/tennis", true},
      {"+/tennis/#", "sport/tennis/player1/ranking", true},
      {"+/tennis/#", "sport/golf", false},
      {"sport/+/player1", "sport/tennis/player1", true},
      {"sport/+/player1", "sport/tennis/grass/player1", false},
      {"+/+", "/finance", true},
      {"/+", "/finance", true},
      {"+", "/finance", false},
      {"+", "finance", true},
      {"#", "$SYS/monitor", false},
      {"+/monitor/Clients", "$SYS/monitor/Clients", false},
      {"$SYS/#", "$SYS", true},
      {"$SYS/#", "$SYS/monitor", true},
      {"$SYS/monitor/+", "$SYS/monitor/Clients", true},
      {"$SYS/monitor/+", "$SYS/monitor", false},
      {"ACCOUNTS", "Accounts", false},
      {"Accounts payable", "Accounts payable", true},
      {"/finance", "/finance", true},
      {"/finance", "finance", false},
      {"finance", "finance", true},
      {"a/+/#", "a", false},
      {"a/+/#", "a/b", true},
      {"a//b", "a//b", true},
      {"a/+/b", "a//b", true},
      {"a", "a/", false},
  };
  for (const Case& one : cases) {
    CAPTURE(one.filter, one.topic);
    CHECK_FALSE(restante::core::problem_of_filter(one.filter));
    CHECK(filter_matches(one.filter, one.topic) == one.matches);
    CHECK(naive_match(one.filter, one.topic) == one.matches);
  }
}

TEST_CASE("filters are good or bad as in the examples of the MQTT specification, section 4.7") {
  struct Case {
    const char* filter;
    bool is_good;
  };
  const Case cases[] = {
      {"#", true},
      {"sport/tennis/#", true},
      {"sport/tennis#", false},
      {"sport/tennis/#/ranking", false},
      {"+", true},
      {"+/tennis/#", true},
      {"sport+", false},
      {"sport/+/player1", true},
      {"/", true},
      {"", false},
  };
  for (const Case& one : cases) {
    CAPTURE(one.filter);
    CHECK(!restante::core::problem_of_filter(one.filter) == one.is_good);
  }
}

TEST_CASE("who wants the topics that begin with $ as well asks for them by name") {
  CHECK(filters_match({"#", "$SYS/#"}, "$SYS/monitor/Clients"));
  CHECK(filters_match({"#", "$SYS/#"}, "sport"));
  CHECK_FALSE(filters_match({"#"}, "$SYS/monitor/Clients"));
}

TEST_CASE("the prefix of a filter ends before its first wildcard, and before the slash that # makes needless") {
  struct Case {
    const char* filter;
    const char* prefix;
  };
  const Case cases[] = {
      {"a/b", "a/b"},  {"a", "a"},   {"a/", "a/"},   {"/", "/"},         {"a/+/c", "a/"},     {"a/+", "a/"},
      {"a/+/#", "a/"}, {"a/#", "a"}, {"a//#", "a/"}, {"a/b/#", "a/b"},   {"#", ""},           {"+", ""},
      {"+/x", ""},     {"/#", ""},   {"/+", "/"},    {"$SYS/#", "$SYS"}, {"$SYS/+", "$SYS/"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.filter);
    CHECK(prefix_of(one.filter) == one.prefix);
  }
}

TEST_CASE("all that a short filter matches has its prefix in common, and nothing longer") {
  const auto all = [](const std::string& letters, std::size_t size_max) {
    std::vector<std::string> texts(1);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::string text = texts[i];
      if (text.size() == size_max) continue;
      for (const char letter : letters) texts.push_back(text + letter);
    }
    texts.erase(texts.begin());
    return texts;
  };
  const auto topics = all("ab/$", 5);
  int good = 0;
  for (const std::string& filter : all("a/$+#", 4)) {
    if (restante::core::problem_of_filter(filter)) continue;
    std::optional<std::string> common;
    for (const std::string& topic : topics) {
      if (!filter_matches(filter, topic)) continue;
      if (!common) common = topic;
      while (!topic.starts_with(*common)) common->pop_back();
    }
    CAPTURE(filter);
    REQUIRE(common);
    // The empty topic, which is none, would match this one.
    if (filter != "/#") CHECK(prefix_of(filter) == *common);
    ++good;
  }
  CHECK(good > 100);
}

TEST_CASE("no filters match everything, several match what any of them matches") {
  CHECK(filters_match({}, "a"));
  CHECK(filters_match({}, "$SYS"));
  CHECK(filters_match({}, ""));
  CHECK(filters_match({"#"}, ""));
  CHECK(filters_match({"b", "a/+"}, "a/x"));
  CHECK_FALSE(filters_match({"b", "a/+"}, "c"));
}

TEST_CASE("a topic that passes a filter begins with the filter's prefix, even if the filter is a wrong one") {
  Random random(12);
  const auto random_text = [&random](const char* letters, std::uint64_t count) {
    std::string text;
    const std::uint64_t size = 1 + random.below(10);
    for (std::uint64_t i = 0; i < size; ++i) text.push_back(letters[random.below(count)]);
    return text;
  };
  int matched = 0;
  for (int round = 0; round < 400000; ++round) {
    const std::string filter = random_text("ab//+#$", 7);
    const std::string topic = random_text("ab//$", 5);
    if (!filter_matches(filter, topic)) continue;
    ++matched;
    if (!topic.starts_with(prefix_of(filter))) FAIL(filter << " against " << topic);
  }
  CHECK(matched > 1000);
}

TEST_CASE("random filters match random topics as the naive rules say") {
  Random random(11);
  const auto random_text = [&random](const char* letters, std::uint64_t count) {
    std::string text;
    const std::uint64_t size = 1 + random.below(8);
    for (std::uint64_t i = 0; i < size; ++i) text.push_back(letters[random.below(count)]);
    return text;
  };
  int matched = 0;
  for (int round = 0; round < 200000; ++round) {
    const std::string filter = random_text("a/+#/$", 6);
    const std::string topic = random_text("a//$a", 5);
    if (restante::core::problem_of_filter(filter)) {
      filter_matches(filter, topic);  // must end
      continue;
    }
    const bool expected = naive_match(filter, topic);
    if (filter_matches(filter, topic) != expected) FAIL(filter << " against " << topic);
    matched += expected ? 1 : 0;
  }
  CHECK(matched > 1000);
}
