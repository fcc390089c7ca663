#include <catch2/catch.hpp>

#include "tests/scenarios/driver.h"

using namespace restante::scenarios;

namespace {

const std::string head = "A title\n\nWhy it is told.\n\n";

std::string fault_of(const std::string& text) {
  try {
    return play(Transcript("story.txt", text)).report;
  } catch (const Fault& fault) {
    return fault.what();
  }
}

}  // namespace

TEST_CASE("every story happens as it is told") {
  const std::vector<std::string> stories = stories_in(RESTANTE_SCENARIOS_DIR);
  REQUIRE_FALSE(stories.empty());
  for (const std::string& path : stories) {
    const Outcome outcome = play(Transcript(path, read_file(path)));
    if (!outcome.report.empty()) FAIL_CHECK(outcome.report);
  }
}

TEST_CASE("a wrong transcript is told with its file, line and cause") {
  CHECK(fault_of("") == "story.txt:1: the first line is the title of the story, and it is empty");
  CHECK(fault_of("A title\n\n> start sidecar\n").find("story.txt:3: the story does not say why") == 0);
  CHECK(fault_of(head) == "story.txt:4: the story has no command");
  CHECK(fault_of("A title\n\nWhy.\n    a trace\n").find("story.txt:4: a line of a trace belongs behind") == 0);
  CHECK(fault_of(head + "> start sidecar\n  two blanks\n").find("story.txt:6: neither a command") == 0);
  CHECK(fault_of(head + "> start sidecar \n") == "story.txt:5: the line ends with a blank");
  CHECK(fault_of(head + "> start sidecar\n> begin\n").find("story.txt:6: there is no command \"begin\"") == 0);
  CHECK(fault_of(head + "> ack worker-1\n") == "story.txt:5: the form is: ack NAME RANGE");
  CHECK(fault_of(head + "> tick 5ms fast=yes\n").find("story.txt:5: there is no option \"fast\" here") == 0);
  CHECK(fault_of(head + "> tick soon\n").find("story.txt:5: \"soon\" is not a time") == 0);
  CHECK(fault_of(head + "> ack worker-1 3..1\n").find("story.txt:5: the range 3..1 ends before") == 0);
  CHECK(fault_of(head + "> hold mail\n").find("story.txt:5: \"mail\" is no path") == 0);
  CHECK(fault_of(head + "> ack worker-1 1\n") == "story.txt:5: there is no process worker-1\n");
}

TEST_CASE("all commands are read before the first is done") {
  CHECK(fault_of(head + "> crash nobody\n> begin\n").find("story.txt:6: ") == 0);
}

TEST_CASE("a trace that is not the written one is told with its difference") {
  const std::string text =
      head + "> start sidecar\n> start producer\n    producer > sidecar: open sesame\n> tick 1s\n    x\n";
  const Outcome outcome = play(Transcript("story.txt", text));
  CHECK(outcome.played);
  CHECK(outcome.report.find("story.txt:6: the trace of \"start producer\" is not the one") == 0);
  CHECK(outcome.report.find("    - producer > sidecar: open sesame\n") != std::string::npos);
  CHECK(outcome.report.find("    + producer > sidecar: open orders\n") != std::string::npos);
  CHECK(outcome.report.find("tick") == std::string::npos);  // only the first
}

TEST_CASE("what is written after an update is as it is told") {
  const std::string text = head + "> start sidecar\n    wrong\n\n# a remark\n> start producer\n";
  const Transcript before("story.txt", text);
  const std::string written = before.with(play(before).traces);
  CHECK(written.find("wrong") == std::string::npos);
  CHECK(written.find("# a remark\n> start producer\n    producer > sidecar: open orders\n") != std::string::npos);
  const Transcript after("story.txt", written);
  CHECK(play(after).report.empty());
  CHECK(after.with(play(after).traces) == written);
}

TEST_CASE("a difference shows what both have") {
  CHECK(diff({"a", "b"}, {"a", "b"}).empty());
  CHECK(diff({"a", "b", "c"}, {"a", "c", "d"}) == "      a\n    - b\n      c\n    + d\n");
}
