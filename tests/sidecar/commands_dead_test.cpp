// The command lines of `restante dead`, and how dead letters are shown.

#include <catch2/catch.hpp>

#include "core/attempt_history.h"
#include "sidecar/commands/parse.h"
#include "sidecar/commands/report_dead.h"
#include "sidecar/commands/values.h"
#include "sidecar/text.h"

using namespace std::chrono_literals;
using namespace restante;
using namespace restante::commands;
using Catch::Matchers::Contains;
using core::DeadSelection;

namespace {

template <typename Expected>
Expected parse_as(const std::vector<std::string>& words) {
  const Command command = parse(words);
  REQUIRE(std::holds_alternative<Expected>(command));
  return std::get<Expected>(command);
}

using Action = DeadCommand::Action;

sidecar::WholeLetter sample(std::string payload) {
  sidecar::WholeLetter whole;
  whole.letter.node = "edge-7";
  whole.letter.stream = "orders";
  core::DeadLetter& told = whole.letter.told;
  told.subscription = "workers";
  told.sequence = 1042;
  told.grant = 0xABC;
  told.attempts = 9;
  told.buried_ms = 1'795'791'600'123;
  told.source_time_us = 1'795'791'599'000'000;
  told.octets = payload.size();
  told.reason = "rejected: \x1b[31mred";
  core::add_attempt(told.history, 1'795'791'600'000, "ship pid 12", "nack");
  whole.attributes = core::AttributeValues{};
  whole.attributes->marker = 5;
  whole.attributes->headers = {{"by", "hand\n"}};
  whole.payload = std::move(payload);
  return whole;
}

}  // namespace

TEST_CASE("dead letters are named by their id, or by the beginning of it") {
  CHECK(parse_letters("ID", "orders") == DeadSelection{"orders", "", {}});
  CHECK(parse_letters("ID", "orders@2/workers") == DeadSelection{"orders@2", "workers", {}});
  CHECK(parse_letters("ID", "orders/workers/1042") == DeadSelection{"orders", "workers", {1042}});
  CHECK(parse_letters("ID", "weather/#3/7") == DeadSelection{"weather", "#3", {7}});
  for (const char* text : {"", "/", "orders/", "Orders", "orders/#", "orders/#x", "orders//1", "orders/workers/",
                           "orders/workers/0", "orders/workers/1x", "orders/workers/-1", "orders/workers/1/2",
                           "edge/orders/5f0c/1042", "orders/workers/9223372036854775807", "../etc", "orders/../1"}) {
    INFO(text);
    CHECK_THROWS_WITH(parse_letters("ID", text), Contains("ID cannot be") && Contains("orders/workers/1042"));
  }
  CHECK(parse_letter("ID", "orders/workers/1").sequences == std::vector<Sequence>{1});
  CHECK_THROWS_WITH(parse_letter("ID", "orders/workers"), Contains("whole id") && Contains("dead list orders/workers"));
}

TEST_CASE("of dead letters that are named twice each comes once") {
  const auto all = parse_as<DeadCommand>({"dead", "list"});
  CHECK(all.action == Action::list);
  CHECK(all.choice.which.empty());
  const auto some = parse_as<DeadCommand>(
      {"dead", "list", "a/b/1", "a/b", "c/d/2", "a", "c/d/2", "c/d/3", "a/x/7", "--reason", "x", "--older", "1h"});
  CHECK(some.choice.which == std::vector<DeadSelection>{{"c", "d", {2}}, {"a", "", {}}, {"c", "d", {3}}});
  CHECK(some.choice.reason == "x");
  CHECK(some.choice.older == Duration{1h});
  CHECK_FALSE(some.choice.newer);
}

TEST_CASE("a change of dead letters says which, and nothing stands for all of them but --all") {
  const auto retry = parse_as<DeadCommand>({"dead", "--json", "retry", "orders", "--newer", "2h", "--yes"});
  CHECK(retry.action == Action::retry);
  CHECK(retry.yes);
  CHECK(retry.common.json);
  CHECK(retry.choice.newer == Duration{2h});
  const auto drop = parse_as<DeadCommand>({"dead", "drop", "--all", "--dry-run"});
  CHECK(drop.action == Action::drop);
  CHECK(drop.dry_run);
  CHECK(drop.choice.which.empty());
  CHECK(parse_as<DeadCommand>({"dead", "export", "orders", "--to", "/x"}).to == "/x");
  for (const std::string verb : {"retry", "drop", "export"}) {
    INFO(verb);
    CHECK_THROWS_WITH(parse({"dead", verb}), Contains("needs to know which") && Contains("--all"));
    CHECK_THROWS_WITH(parse({"dead", verb, "--reason", "x"}), Contains("needs to know which"));
    CHECK_THROWS_WITH(parse({"dead", verb, "--all", "orders"}), Contains("contradict"));
  }
  CHECK_THROWS_WITH(parse({"dead", "drop", "--all", "--yes", "--dry-run"}), Contains("contradict"));
  CHECK_THROWS_WITH(parse({"dead", "list", "--all"}), Contains("unknown option '--all'"));
  CHECK_THROWS_WITH(parse({"dead", "export", "--all", "--to", ""}), Contains("--to"));
  CHECK_THROWS_WITH(parse({"dead", "list", "--older", "soon"}), Contains("--older"));
  CHECK_THROWS_WITH(parse({"dead"}), Contains("list, show, retry, edit, drop or export"));
  CHECK_THROWS_WITH(parse({"dead", "edti"}), Contains("did you mean edit?"));
  CHECK_THROWS_WITH(parse({"daed", "list"}), Contains("did you mean dead?"));
}

TEST_CASE("an edit says what becomes of the envelope") {
  const auto edit = parse_as<DeadEditCommand>(
      {"dead", "edit", "s/n/1", "--from", "-", "--topic", "a/b", "--set", "x=1=2", "--set", "key="});
  CHECK(edit.from == "-");
  CHECK(edit.topic == "a/b");
  CHECK(edit.set == std::vector<std::pair<std::string, std::string>>{{"x", "1=2"}, {"key", ""}});
  CHECK(edit.changes_envelope());
  CHECK_FALSE(parse_as<DeadEditCommand>({"dead", "edit", "s/n/1", "--whole"}).changes_envelope());
  CHECK_THROWS_WITH(parse({"dead", "edit"}), Contains("ID is missing"));
  CHECK_THROWS_WITH(parse({"dead", "edit", "s/n"}), Contains("whole id"));
  CHECK_THROWS_WITH(parse({"dead", "edit", "s/n/1", "s/n/2"}), Contains("unexpected argument"));
  CHECK_THROWS_WITH(parse({"dead", "edit", "s/n/1", "--set", "x"}), Contains("NAME=VALUE"));
  CHECK_THROWS_WITH(parse({"dead", "edit", "s/n/1", "--set", "marker=1"}), Contains("sender"));
  CHECK_THROWS_WITH(parse({"dead", "edit", "s/n/1", "--set", "restante-edited-from=x"}), Contains("set by the edit"));
  CHECK_THROWS_WITH(parse({"dead", "show", "s/n/1", "--payload", "--json"}), Contains("contradict"));
}

TEST_CASE("each command about dead letters has a help of lines that fit") {
  for (const std::string verb : {"", "list", "show", "retry", "edit", "drop", "export"}) {
    INFO(verb);
    std::vector<std::string> words{"dead", "--help"};
    if (!verb.empty()) words.insert(words.begin() + 1, verb);
    const std::string text = parse_as<PrintCommand>(words).text;
    CHECK_THAT(text, Contains("Usage: restante dead ") && Contains("Examples:\n  "));
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) CHECK(text.find('\n', at) - at <= 120);
  }
}

TEST_CASE("a dead letter is shown with its attempts, and no octet of it is an order to the terminal") {
  const auto now_ms = 1'795'791'612'123;
  const std::string text = render_letter(sample("42 apples"), now_ms);
  CHECK_THAT(text,
             Contains("dead letter orders/workers/1042\n") && Contains("message         edge-7/orders/abc/1042\n"));
  CHECK_THAT(text, Contains("buried          2026-11-27T15:00:00.123Z, 12 s ago\n"));
  CHECK_THAT(text, Contains("    2026-11-27T15:00:00.000Z  ship pid 12  nack\n") && Contains("the first and the last"));
  CHECK_THAT(text, Contains("marker          5\n") && Contains("header          by: hand\\x0a\n"));
  CHECK_THAT(text, Contains("payload         9 octets\n42 apples\n") && Contains("\\x1b[31mred"));
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK_THAT(render_letter(sample("a\tb\n"), now_ms), Contains("4 octets\na\tb\n"));
  CHECK_THAT(render_letter(sample(std::string("\x1b[0m\0", 5)), now_ms),
             Contains("  000000  1b 5b 30 6d 00") && Contains("  .[0m.\n"));
  const std::string large = render_letter(sample(std::string(4095, 'a') + "\u00e4"), now_ms);
  CHECK_THAT(large, Contains("a\n  ... and 1 octets more: --payload"));
  auto unread = sample("x");
  unread.attributes.reset();
  CHECK_THAT(render_letter(unread, now_ms), Contains("attributes      cannot be read"));
}

TEST_CASE("the table of dead letters keeps its columns over pages, and cuts what is long") {
  LetterTable table(1'795'791'600'123);
  auto letter = sample("x").letter;
  letter.told.reason = std::string(100, 'r');
  letter.told.topic = "north/\u00e5lesund";
  CHECK(table.text({letter}) ==
        "ID                   ATTEMPTS  BURIED  OCTETS  TOPIC          REASON\n"
        "orders/workers/1042         9    0 ms       1  north/\u00e5lesund  " +
            std::string(59, 'r') + "\u2026\n");
  letter.told.sequence = 1;
  letter.told.topic = "";
  letter.told.reason = "nack";
  CHECK(table.text({letter}) == "orders/workers/1            9    0 ms       1  -              nack\n");
  CHECK(letters_text(1, 3) == "1 dead letter (3 B)");
  CHECK(letters_text(0, 0) == "0 dead letters");
}

TEST_CASE("a dead letter as JSON has its payload as it is wanted") {
  using sidecar::WholeForm;
  auto whole = sample("42 apples");
  whole.encoded_attributes = std::string("\1\2\3", 3);
  const std::string text = to_json(whole, WholeForm::shown);
  CHECK_THAT(text, Contains(R"("id":"orders/workers/1042","node":"edge-7")") && Contains(R"("payload":"42 apples")"));
  CHECK_THAT(text, Contains(R"("grant":"0000000000000abc")") && Contains(R"("buried":"2026-11-27T15:00:00.123Z")"));
  CHECK_THAT(text, Contains(R"("history":[{"at":"2026-11-27T15:00:00.000Z","who":"ship pid 12","why":"nack"}])"));
  CHECK_THAT(text, Contains(R"("marker":5,"headers":[{"name":"by","value":"hand\n"}])") && !Contains("base64"));
  const std::string kept = to_json(whole, WholeForm::kept);
  CHECK_THAT(kept, Contains(R"("payload_base64":"NDIgYXBwbGVz")") && Contains(R"("attributes_base64":"AQID")"));
  CHECK_THAT(kept, !Contains(R"("payload":)"));
  CHECK_THAT(to_json(whole, WholeForm::beside), !Contains("payload") && Contains("attributes_base64"));
  whole.payload = "\xff";
  whole.attributes.reset();
  CHECK_THAT(to_json(whole, WholeForm::shown),
             Contains(R"("payload_base64":"/w==")") && Contains(R"("attributes":null)"));
  CHECK_THAT(to_json(whole.letter), !Contains("history") && Contains(R"("reason":"rejected: )"));
  CHECK(to_json(sidecar::LettersTally{3, 2, 10, "no"}, "retry") ==
        R"({"action":"retry","chosen":3,"letters":2,"octets":10,"refusal":"no"})");
  CHECK(sidecar::to_json(core::DeadChanged{1, "", 1, 9}, "s/n/1", "edge-7/s/abc/1") ==
        R"({"id":"s/n/1","edited":true,"refusal":"","edited_from":"edge-7/s/abc/1"})");
}

TEST_CASE("times and texts are written so that any terminal can take them") {
  CHECK(sidecar::time_text(0) == "1970-01-01T00:00:00.000Z");
  CHECK(sidecar::time_text(-1) == "1969-12-31T23:59:59.999Z");
  CHECK(sidecar::shown("Größe \x07\xff\xc2\x9b\x7f") == "Größe \\x07\\xff\\xc2\\x9b\\x7f");
  CHECK(sidecar::shortened("abc", 3) == "abc");
  CHECK(sidecar::shortened("äöüß", 3) == "äö…");
  CHECK(sidecar::width_of("äöü") == 3);
}
