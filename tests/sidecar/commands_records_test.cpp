#include "sidecar/commands/record_reader.h"

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <restante/error.h>

using namespace restante::commands;
using Step = RecordReader::Step;

namespace {

/// Gives `text` away in pieces of `piece` octets.
RecordReader::ReadFunction pieces_of(std::string text, std::size_t piece) {
  return [text = std::move(text), piece, at = std::size_t{0}](char* into, std::size_t size) mutable {
    const std::size_t count = std::min({piece, size, text.size() - at});
    text.copy(into, count, at);
    at += count;
    return static_cast<std::ptrdiff_t>(count);
  };
}

std::vector<std::string> all_records(RecordReader& reader) {
  std::vector<std::string> records;
  while (reader.next() == Step::record) records.emplace_back(reader.record());
  return records;
}

using Records = std::vector<std::string>;

}  // namespace

TEST_CASE("lines are cut alike however the octets arrive") {
  const std::string text = "one\ntwo\r\nthree and more\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    RecordReader reader(pieces_of(text, piece), Framing::lines);
    CHECK(all_records(reader) == Records{"one", "two\r", "three and more"});
    CHECK(reader.number() == 3);
    CHECK(reader.empty() == 0);
  }
}

TEST_CASE("the last record needs no delimiter") {
  RecordReader reader(pieces_of("one\ntwo", 2), Framing::lines);
  CHECK(all_records(reader) == Records{"one", "two"});
  CHECK(reader.next() == Step::end);
}

TEST_CASE("a record may hold any octets but its delimiter") {
  RecordReader lines(pieces_of(std::string("a\0b\xff\nc", 6), 3), Framing::lines);
  CHECK(all_records(lines) == Records{std::string("a\0b\xff", 4), "c"});
  RecordReader nulls(pieces_of(std::string("a\nb\0c\0", 6), 3), Framing::nulls);
  CHECK(all_records(nulls) == Records{"a\nb", "c"});
}

TEST_CASE("empty records are skipped, counted, and keep the numbers of the others") {
  RecordReader reader(pieces_of("\none\n\n\ntwo\n\n", 1), Framing::lines);
  REQUIRE(reader.next() == Step::record);
  CHECK(reader.number() == 2);
  REQUIRE(reader.next() == Step::record);
  CHECK(reader.record() == "two");
  CHECK(reader.number() == 5);
  CHECK(reader.next() == Step::end);
  CHECK(reader.number() == 6);
  CHECK(reader.empty() == 4);
}

TEST_CASE("the whole input is one record") {
  RecordReader reader(pieces_of("one\ntwo\n\n", 2), Framing::whole);
  CHECK(all_records(reader) == Records{"one\ntwo\n\n"});
  CHECK(reader.empty() == 0);
}

TEST_CASE("nothing at all is no record, and an empty one where it should be whole") {
  RecordReader lines(pieces_of("", 1), Framing::lines);
  CHECK(lines.next() == Step::end);
  CHECK(lines.empty() == 0);
  RecordReader whole(pieces_of("", 1), Framing::whole);
  CHECK(whole.next() == Step::end);
  CHECK(whole.next() == Step::end);
  CHECK(whole.empty() == 1);
}

TEST_CASE("a record of the largest size passes, one octet more does not") {
  for (const Framing framing : {Framing::lines, Framing::nulls, Framing::whole}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100}}) {
      RecordReader fits(pieces_of(std::string(16, 'x'), piece), framing, 16);
      CHECK(fits.next() == Step::record);
      CHECK(fits.next() == Step::end);
      const std::string rest = framing == Framing::whole ? "" : "\ny";
      RecordReader large(pieces_of(std::string(17, 'x') + rest, piece), framing, 16);
      CHECK(large.next() == Step::too_large);
      CHECK(large.number() == 1);
    }
  }
}

TEST_CASE("a record that is too large is told by its number, before its end has come") {
  std::size_t given = 0;
  const auto endless = [&](char* into, std::size_t size) {
    const std::size_t count = std::min<std::size_t>(size, 1000);
    std::fill_n(into, count, 'x');
    if (given == 0) into[0] = '\n';
    if (given == 0) into[4] = '\n';
    given += count;
    return static_cast<std::ptrdiff_t>(count);
  };
  RecordReader reader(endless, Framing::lines, 5000);
  REQUIRE(reader.next() == Step::record);
  CHECK(reader.next() == Step::too_large);
  CHECK(reader.number() == 3);
  CHECK(given < 8000);
}

TEST_CASE("a reader that has nothing yet is asked again, and nothing is lost") {
  int calls = 0;
  auto pieces = pieces_of("one\ntwo\n", 3);
  RecordReader reader([&](char* into, std::size_t size) { return ++calls % 2 == 1 ? -1 : pieces(into, size); },
                      Framing::lines);
  Records records;
  int waits = 0;
  for (Step step = reader.next(); step != Step::end; step = reader.next()) {
    if (step == Step::record) records.emplace_back(reader.record());
    if (step == Step::nothing_yet) ++waits;
  }
  CHECK(records == Records{"one", "two"});
  CHECK(waits == 4);
}

TEST_CASE("a million lines come through whole") {
  std::string text;
  for (int i = 0; i < 1000000; ++i) text += std::to_string(i) + "\n";
  RecordReader reader(pieces_of(text, std::size_t{1} << 20), Framing::lines);
  int expected = 0;
  while (reader.next() == Step::record && reader.record() == std::to_string(expected)) ++expected;
  CHECK(expected == 1000000);
}
