// Octets of strangers: each is found out before anybody reads it, and what is found to be whole can be read.

#include <chrono>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include <capnp/dynamic.h>
#include <capnp/serialize.h>
#include <kj/string.h>
#include <catch2/catch.hpp>

#include "core/random.h"
#include "patterns/typed/check.h"
#include "tests/patterns/typed_test.capnp.h"

namespace {

using restante::test::Everything;
using restante::typed::detail::Shapes;
using Words = std::vector<std::uint64_t>;

const Shapes& shapes() {
  static const Shapes all(capnp::Schema::from<Everything>());
  return all;
}

std::string fault_of(const Words& words) {
  return restante::typed::detail::fault_of({reinterpret_cast<const capnp::word*>(words.data()), words.size()},
                                           shapes());
}

/// As a puller opens what was found to be whole.
std::string printed(const Words& words) {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = std::uint64_t{1} << 50;
  options.nestingLimit = 128;
  capnp::FlatArrayMessageReader reader({reinterpret_cast<const capnp::word*>(words.data()), words.size()}, options);
  return kj::str(reader.getRoot<Everything>()).cStr();
}

// ---- words, as https://capnproto.org/encoding.html has them

constexpr std::uint64_t table(std::uint64_t words) { return words << 32; }
constexpr std::uint64_t offset_of(std::int64_t words) { return (static_cast<std::uint64_t>(words) & 0x3fffffff) << 2; }
constexpr std::uint64_t structure(std::int64_t offset, std::uint64_t data, std::uint64_t pointers) {
  return offset_of(offset) | data << 32 | pointers << 48;
}
enum Elements : std::uint64_t { nothings, bits, octets, pairs, fours, eights, pointers, composite };
constexpr std::uint64_t list(std::int64_t offset, Elements elements, std::uint64_t count) {
  return 1 | offset_of(offset) | std::uint64_t{elements} << 32 | count << 35;
}
constexpr std::uint64_t far(std::uint64_t segment, std::uint64_t word) { return 2 | word << 3 | segment << 32; }
constexpr std::uint64_t far_twice(std::uint64_t segment, std::uint64_t word) { return far(segment, word) | 4; }
constexpr std::uint64_t capability = 3;

enum Pointer : unsigned { text, data, flags, numbers, names, grid, lines, child, nothings_list, anything, last = 12 };

/// An Everything with one pointer set, and `rest` behind it. A pointer with offset `last - index` leads there.
Words with(unsigned index, std::uint64_t pointer, const Words& rest = {}) {
  Words words{0, structure(0, 1, last + 1), 0};
  words.resize(words.size() + last + 1);
  words[3 + index] = pointer;
  words.insert(words.end(), rest.begin(), rest.end());
  words[0] = table(words.size() - 1);
  return words;
}
/// Offset to what follows the struct, from its pointer `index`.
constexpr std::int64_t to_rest(unsigned index) { return last - index; }

Words whole_one() {
  capnp::MallocMessageBuilder message;
  const auto fill = [](Everything::Builder all) {
    all.setText("text");
    all.initData(9)[3] = 7;
    all.initFlags(17).set(3, true);
    all.initNumbers(3).set(1, 5);
    all.initNames(2).set(0, "name");
    all.initGrid(2).init(1, 3).set(2, 9);
    all.initLines(2)[1].setArticle("article");
    all.initNothings(3);
    all.getAnything().setAs<capnp::Text>("anything");
    all.initLine().setAmount(4);
    all.getPaid().initCard().setHolder("holder");
    all.getPaid().getCard().initNumbers(4);
    all.initBox().initValue(1).set(0, "boxed");
  };
  auto all = message.initRoot<Everything>();
  fill(all);
  fill(all.initChild());
  all.getChild().setNote("note");
  const auto flat = capnp::messageToFlatArray(message);
  Words words(flat.size());
  std::memcpy(words.data(), flat.begin(), flat.size() * 8);
  return words;
}

Words nested(std::size_t depth) {
  Words words{table(1 + depth * (last + 2)), structure(0, 1, last + 1)};
  for (std::size_t i = 0; i < depth; ++i) {
    words.resize(words.size() + last + 2);
    if (i + 1 < depth) words[words.size() - 1 - last + child] = structure(to_rest(child), 1, last + 1);
  }
  return words;
}

/// Lists of pointers to lists of pointers and so on: few words, and a walk through all of them would take for ever.
Words bomb() {
  Words rest;
  for (int level = 0; level < 40; ++level) {
    for (int i = 0; i < 16; ++i) rest.push_back(list(15 - i, pointers, 16));
  }
  rest.resize(rest.size() + 16);
  return with(anything, list(to_rest(anything), pointers, 16), rest);
}

struct Case {
  std::string name;
  Words words;
  std::string fault;
};

constexpr std::uint64_t all_ones = ~std::uint64_t{0};

void expect_faults(const std::vector<Case>& cases) {
  for (const auto& each : cases) {
    CAPTURE(each.name);
    const auto start = std::chrono::steady_clock::now();
    const std::string fault = fault_of(each.words);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{1});
    CAPTURE(fault);
    CHECK_FALSE(fault.empty());
    CHECK(fault.find(each.fault) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("a whole message has no fault, whatever it is made of") {
  const Words words = whole_one();
  CHECK(fault_of(words).empty());
  CHECK(printed(words).find("boxed") != std::string::npos);
  CHECK(fault_of({table(1), 0}).empty());                    // all defaults
  CHECK(fault_of({table(1), structure(-1, 0, 0)}).empty());  // the same, as a struct without fields
  CHECK(fault_of(with(text, 0)).empty());
  CHECK(fault_of(nested(60)).empty());
}

TEST_CASE("a message that is cut off anywhere, or goes on behind its end, has a fault") {
  const Words whole = whole_one();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(fault_of(Words(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))).empty());
    Words honest(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    if (size == 0) continue;
    honest[0] = table(size - 1);  // as if that were all
    CHECK_FALSE(fault_of(honest).empty());
  }
  Words longer = whole;
  longer.push_back(0);
  CHECK(fault_of(longer).starts_with("by its table of segments it has"));
}

TEST_CASE("hostile tables, roots and depths") {
  expect_faults({
      {"nothing", {}, "no table of segments"},
      {"a table and no words", {table(0)}, "did not contain a root pointer"},
      {"2^32 segments", {0xffffffff, 0}, "it has 4294967296 segments"},
      {"513 segments", Words(600, 512), "it has 513 segments"},
      {"a table longer than the message", {99, 0}, "its table of segments is cut off"},
      {"a segment of 2^32 - 1 words", {table(0xffffffff), 0}, "it has 34359738368 octets, and not 16"},
      {"only ones", {table(1), all_ones}, "non-struct pointer"},
      {"the root is a list", {table(2), list(0, octets, 8), 0}, "non-struct pointer where struct pointer"},
      {"the root is a capability", {table(1), capability}, "non-struct pointer where struct pointer"},
      {"the root is behind the end", {table(1), structure(1000, 1, 1)}, "out-of-bounds struct pointer"},
      {"the root is before the beginning", {table(1), structure(-1000, 1, 1)}, "out-of-bounds struct pointer"},
      {"the root is in another segment that is not there", {table(1), far(7, 0)}, "far pointer"},
      {"a far pointer to itself", {table(1), far(0, 0)}, "non-struct pointer"},
      {"far pointers in a ring", {table(3), far_twice(0, 1), far(0, 0), far_twice(0, 1)}, "non-struct pointer"},
      {"itself as its child", with(child, structure(-std::int64_t{2 + child}, 1, last + 1)), "nested"},
      {"a capability where anything may be", with(anything, capability), "capability"},
      {"a bomb of pointers", bomb(), "traversal limit"},
      {"children 65 deep", nested(65), "deeply-nested"},
      {"children 7000 deep", nested(7000), "deeply-nested"},
  });
}

TEST_CASE("hostile pointers, where the schema wants something else") {
  expect_faults({
      {"a text behind the end", with(text, list(to_rest(text), octets, 100)), "out-of-bounds text pointer"},
      {"a text without an end", with(text, list(to_rest(text), octets, 8), {all_ones}), "not NUL-terminated"},
      {"an empty text without an end", with(text, list(to_rest(text), octets, 0)), "not NUL-terminated"},
      {"a text that is a struct", with(text, structure(to_rest(text), 1, 0), {0}), "where text was expected"},
      {"a text of bits", with(text, list(to_rest(text), bits, 8), {0}), "where text was expected"},
      {"data of words", with(data, list(to_rest(data), eights, 1), {0}), "where data was expected"},
      {"flags of nothing", with(flags, list(to_rest(flags), nothings, 8)), "incompatible element type"},
      {"numbers too short", with(numbers, list(to_rest(numbers), octets, 8), {0}), "incompatible element type"},
      {"numbers that are a struct", with(numbers, structure(to_rest(numbers), 1, 0), {0}), "where list"},
      {"names that are octets", with(names, list(to_rest(names), octets, 8), {0}), "incompatible element type"},
      {"a name in a list behind the end", with(names, list(to_rest(names), pointers, 1), {list(100, octets, 8)}),
       "out-of-bounds text pointer"},
      {"a name in a list that is a struct", with(names, list(to_rest(names), pointers, 1), {structure(-1, 0, 0)}),
       "where text was expected"},
      {"a row of the grid that is too narrow", with(grid, list(to_rest(grid), pointers, 1), {list(0, pairs, 4), 0}),
       "incompatible element type"},
      {"lines of bits", with(lines, list(to_rest(lines), bits, 8), {0}), "boolean lists"},
      {"lines that overrun their list", with(lines, list(to_rest(lines), composite, 1), {structure(100, 1, 1), 0}),
       "overrun"},
      {"2^29 lines of no size", with(lines, list(to_rest(lines), composite, 0), {structure((1 << 29) - 1, 0, 0)}),
       "traversal limit"},
      {"2^29 - 1 nothings", with(nothings_list, list(to_rest(nothings_list), nothings, (1 << 29) - 1)),
       "traversal limit"},
      {"the same, where anything may be", with(anything, list(to_rest(anything), nothings, (1 << 29) - 1)),
       "traversal limit"},
      {"an article of a line behind the end",
       with(lines, list(to_rest(lines), composite, 2), {structure(1, 1, 1), 0, list(100, octets, 1)}), "text pointer"},
  });
}

TEST_CASE("a member of a union is what its discriminant says, and the others are nothing") {
  constexpr unsigned member = 10;  // the pointer that note and line share
  const auto set = [&](std::uint64_t which, std::uint64_t pointer, const Words& rest) {
    Words words = with(member, pointer, rest);
    words[2] = which;
    return words;
  };
  const std::uint64_t a_text = list(to_rest(member), octets, 8);
  const std::uint64_t a_struct = structure(to_rest(member), 1, 0);
  CHECK(fault_of(set(1, a_text, {0})).empty());
  CHECK(fault_of(set(2, a_struct, {0})).empty());
  CHECK(fault_of(set(0, a_text, {0})).empty());
  CHECK(fault_of(set(99, a_struct, {0})).empty());  // a member of a later version
  CHECK_FALSE(fault_of(set(1, a_struct, {0})).empty());
  CHECK_FALSE(fault_of(set(2, a_text, {0})).empty());
  CHECK_FALSE(fault_of(set(99, a_struct, {})).empty());  // but it may not lead out of the message
}

TEST_CASE("whatever is done to a message: it has a fault, or all of it can be read") {
  const Words whole = whole_one();
  restante::core::Random random(20);
  int readable = 0;
  for (int round = 0; round < 30000; ++round) {
    Words words = whole;
    for (auto changes = random.below(3) + 1; changes > 0; --changes) {
      std::uint64_t& word = words[random.below(words.size() - 1) + (random.chance(1, 50) ? 0 : 1)];
      switch (random.below(4)) {
        case 0: word ^= std::uint64_t{1} << random.below(64); break;
        case 1: word = words[random.below(words.size())]; break;
        case 2: word += offset_of(static_cast<std::int64_t>(random.below(9)) - 4); break;
        default: word = random.next(); break;
      }
    }
    if (!fault_of(words).empty()) continue;
    ++readable;
    REQUIRE_NOTHROW(printed(words));
  }
  CHECK(readable > 1000);
}
