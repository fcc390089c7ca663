#include "core/published_log.h"

#include <catch2/catch.hpp>

#include <restante/limits.h>

using namespace restante;
using namespace restante::core;

namespace {

std::vector<Range> ranges_of(const Published& published) {
  std::vector<Range> ranges;
  for (const GrantRange& one : published.ranges) ranges.push_back(one.range);
  return ranges;
}

}  // namespace

TEST_CASE("who listens is told what its filters want of what was published since") {
  PublishedLog log;
  log.begin(10);
  CHECK(log.to() == 0);
  log.note("a", {7, {11, 12}});
  log.note("a", {7, {13, 13}});
  log.note("b", {7, {14, 15}});
  log.note("$x", {7, {16, 16}});
  CHECK(log.to() == 16);
  const Published all = log.wanted({"#"}, 0);
  CHECK(all.after == 10);
  CHECK(all.to == 16);
  CHECK(ranges_of(all) == std::vector<Range>{{11, 13}, {14, 15}});
  CHECK(ranges_of(log.wanted({"b"}, 0)) == std::vector<Range>{{14, 15}});
  const Published some = log.wanted({"a", "$x"}, 12);
  CHECK(some.after == 12);
  CHECK(ranges_of(some) == std::vector<Range>{{13, 13}, {16, 16}});
}

TEST_CASE("after a restart a writer sends again from below the head, and the log begins there") {
  PublishedLog log;
  log.begin(10);
  log.note("a", {7, {6, 8}});
  CHECK(log.wanted({"#"}, 0).after == 5);
  CHECK(log.to() == 8);
}

TEST_CASE("what is remembered for who listens is bounded, and it says from where on it is complete") {
  PublishedLog log;
  log.begin(0);
  for (Sequence sequence = 1; sequence <= 2 * limits::published_log_max; ++sequence) {
    log.note(std::to_string(sequence), {7, {sequence, sequence}});
  }
  const Published all = log.wanted({"#"}, 3);
  CHECK(all.ranges.size() == limits::published_log_max);
  CHECK(all.after == limits::published_log_max);
  CHECK(all.ranges.size() <= limits::ranges_max);
}
