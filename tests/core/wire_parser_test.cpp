#include <algorithm>
#include <chrono>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <restante/limits.h>

#include "core/random.h"
#include "core/wire.h"
#include "tests/core/wire_samples.h"
#include "tests/core/wire_words.h"

using namespace restante;
using namespace restante::core;

namespace {

/// Words 0 to 3 of a frame: root, number, kind of message, pointer to the message behind it.
Words frame_words(std::uint64_t kind, std::uint64_t data, std::uint64_t pointers) {
  return {struct_pointer(0, 2, 1), 1, kind, struct_pointer(0, data, pointers)};
}
constexpr std::uint64_t subscribe_kind = 6;
constexpr std::uint64_t settle_kind = 7;
constexpr std::uint64_t query_kind = 10;

/// Decodes; what is accepted must encode to something that decodes to the same. True if it was accepted.
bool accepted_and_stable(const std::string& octets) {
  std::string why;
  const auto frame = decode(Buffer::copy_of(octets), why);
  if (!frame) {
    REQUIRE_FALSE(why.empty());
    return false;
  }
  const Buffer again = encode(*frame);
  const auto twice = decode(again, why);
  REQUIRE(twice);
  REQUIRE(samples::equal(twice->message, frame->message));
  REQUIRE(encode(*twice).octets() == again.octets());
  return true;
}

bool attributes_accepted_and_stable(const std::string& block) {
  std::string why;
  const auto values = decode_attributes(block, why);
  if (!values) {
    REQUIRE_FALSE(why.empty());
    return false;
  }
  const auto again = encode_attributes(*values, why);
  REQUIRE(again);
  REQUIRE(decode_attributes(*again, why) == values);
  return true;
}

/// The shortest of several runs, so that a busy machine does not matter.
template <typename Step>
std::chrono::nanoseconds shortest_run(Step&& step) {
  auto shortest = std::chrono::nanoseconds::max();
  for (int i = 0; i < 20; ++i) {
    const auto start = std::chrono::steady_clock::now();
    step();
    shortest = std::min<std::chrono::nanoseconds>(shortest, std::chrono::steady_clock::now() - start);
  }
  return shortest;
}

void require_refused_quickly(const Words& words) {
  const Buffer octets = Buffer::copy_of(framed(words));
  std::string why;
  REQUIRE_FALSE(decode(octets, why));
  REQUIRE_FALSE(why.empty());
  REQUIRE(why != "its CRC is wrong");
  REQUIRE(shortest_run([&] { (void)decode(octets, why); }) < std::chrono::milliseconds(1));
}

void change_somewhere(std::string& octets, Random& random) {
  const std::uint64_t changes = 1 + random.below(4);
  for (std::uint64_t i = 0; i < changes; ++i) {
    char& changed = octets[random.below(octets.size())];
    if (random.chance(1, 2)) changed = static_cast<char>(changed ^ static_cast<char>(1U << random.below(8)));
    else changed = static_cast<char>(random.chance(1, 3) ? 0xff : random.next());
  }
}

AttributeValues some_attributes() {
  AttributeValues values;
  values.content_type = "text/plain";
  values.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  values.headers = {{"tenant", "blue"}, {"region", "north"}};
  values.expire_after_ms = 5000;
  values.marker = 9;
  return values;
}

}  // namespace

TEST_CASE("hand-made control frames without a trap are accepted, so that the traps below are met", "[parser]") {
  CHECK(accepted_and_stable(framed(frame_words(settle_kind, 1, 6))) == false);  // the words for it are missing
  Words settle = frame_words(settle_kind, 1, 6);
  settle.resize(settle.size() + 7);
  CHECK(accepted_and_stable(framed(settle)));
  Words query = frame_words(query_kind, 1, 1);
  query.insert(query.end(), {7, list_pointer(0, octet, 3), 0x006968});  // "hi"
  std::string why;
  const auto frame = decode(Buffer::copy_of(framed(query)), why);
  REQUIRE(frame);
  CHECK(std::get<Query>(frame->message).what == "hi");
}

TEST_CASE("a control frame cut at any octet or lengthened is refused", "[parser]") {
  for (const ControlMessage& message : samples::all()) {
    const std::string whole(encode({1, message}).octets());
    std::string why;
    for (std::size_t size = 0; size < whole.size(); ++size) {
      std::string part = whole.substr(0, size);
      REQUIRE_FALSE(decode(Buffer::copy_of(part), why));
      mend_crc(part);
      REQUIRE_FALSE(decode(Buffer::copy_of(part), why));
      if (size < 16 || size % 8 != 0) continue;
      const auto words = static_cast<std::uint32_t>((size - 16) / 8);  // and the count of words agrees, too
      std::memcpy(part.data() + 4, &words, sizeof words);
      mend_crc(part);
      accepted_and_stable(part);
    }
    std::string longer = whole + std::string(8, '\0');
    mend_crc(longer);
    REQUIRE_FALSE(decode(Buffer::copy_of(longer), why));
  }
}

TEST_CASE("every flipped bit of a control frame is found", "[parser]") {
  for (const ControlMessage& message : samples::all()) {
    const std::string whole(encode({1, message}).octets());
    for (std::size_t bit_at = 0; bit_at < whole.size() * 8; ++bit_at) {
      std::string changed = whole;
      changed[bit_at / 8] = static_cast<char>(changed[bit_at / 8] ^ static_cast<char>(1U << (bit_at % 8)));
      std::string why;
      REQUIRE_FALSE(decode(Buffer::copy_of(changed), why));
    }
  }
}

TEST_CASE("20000 random changes under a right CRC are refused or decode to a stable message", "[parser]") {
  Random random(1);
  std::vector<std::string> frames;
  for (const ControlMessage& message : samples::all()) frames.emplace_back(encode({1, message}).octets());
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string changed = frames[random.below(frames.size())];
    std::string segment = changed.substr(16);
    change_somewhere(segment, random);
    changed.replace(16, segment.size(), segment);
    mend_crc(changed);
    accepted += accepted_and_stable(changed) ? 1 : 0;
  }
  CHECK(accepted > 1000);
  CHECK(accepted < 19000);
}

TEST_CASE("a control frame at an unaligned address is decoded", "[parser]") {
  for (const ControlMessage& message : samples::all()) {
    const std::string whole(encode({9, message}).octets());
    for (std::size_t shift = 1; shift < 8; ++shift) {
      auto shifted = std::make_shared<std::string>(std::string(shift, '-') + whole);
      const Buffer buffer(shifted, std::string_view(*shifted).substr(shift));
      std::string why;
      const auto frame = decode(buffer, why);
      REQUIRE(frame);
      REQUIRE(samples::equal(frame->message, message));
    }
  }
}

TEST_CASE("a control frame whose prefix lies is refused and says why", "[parser]") {
  struct Case {
    std::size_t at;
    char value;
    const char* why;
  };
  const Case cases[] = {
      {1, 'B', "it does not begin as a control frame does"},
      {2, 2, "its format is of another version"},
      {3, 1, "a field of another version is in use"},
      {4, 1, "its length is not the one that it names"},
      {7, '\xff', "its length is not the one that it names"},
      {12, 1, "a field of another version is in use"},
      {8, 0, "its CRC is wrong"},
  };
  for (const Case& one : cases) {
    std::string frame(encode({1, samples::all()[1]}).octets());
    frame[one.at] = one.at == 8 ? static_cast<char>(frame[8] + 1) : one.value;
    if (one.at != 8) mend_crc(frame);
    std::string why;
    CHECK_FALSE(decode(Buffer::copy_of(frame), why));
    CHECK(why == one.why);
  }
  std::string why;
  CHECK_FALSE(decode(Buffer::copy_of(framed(Words(limits::control_size_max / 8))), why));
  CHECK(why == "it is longer than control_size_max");
  CHECK_FALSE(decode(Buffer{}, why));
}

TEST_CASE("a message of a later version is refused, not guessed at", "[parser]") {
  for (const std::uint64_t kind : {std::uint64_t{41}, std::uint64_t{1000}, std::uint64_t{0xffff}}) {
    Words words = frame_words(kind, 0, 0);
    std::string why;
    CHECK_FALSE(decode(Buffer::copy_of(framed(words)), why));
    CHECK(why == "it is a message that is not known here");
  }
}

TEST_CASE("fields of a later version are skipped", "[parser]") {
  // A Query with two more data words and two more pointers, the second of which points to more unknown things.
  Words words = frame_words(query_kind, 3, 3);
  words.insert(words.end(), {7, 8, 9, list_pointer(2, octet, 3), 0, list_pointer(1, octet, 8), 0x006968, 0xabab});
  std::string why;
  const auto frame = decode(Buffer::copy_of(framed(words)), why);
  REQUIRE(frame);
  CHECK(std::get<Query>(frame->message).request == 7);
  CHECK(std::get<Query>(frame->message).what == "hi");
}

TEST_CASE("no root, no message and empty segments are refused or empty, never a crash", "[parser]") {
  require_refused_quickly({});
  CHECK(accepted_and_stable(framed({0})));  // a null root is a heartbeat without a number
  for (std::uint64_t kind = 0; kind < 26; ++kind) {
    CHECK(accepted_and_stable(framed({struct_pointer(0, 2, 1), 1, kind, 0})));
  }
}

TEST_CASE("bomb: a list with 2^29 elements of size zero is refused quickly", "[parser]") {
  constexpr std::uint64_t most = (std::uint64_t{1} << 29) - 1;
  for (const std::uint64_t count : {most, std::uint64_t{100000}, std::uint64_t{limits::ranges_max + 1}}) {
    Words as_composite = frame_words(settle_kind, 1, 6);
    as_composite.insert(as_composite.end(), {1, list_pointer(5, composite, 0), 0, 0, 0, 0, 0});
    as_composite.push_back(struct_pointer(static_cast<std::int64_t>(count), 0, 0));  // the tag: count, no data
    require_refused_quickly(as_composite);
    Words as_nothing = frame_words(settle_kind, 1, 6);
    as_nothing.insert(as_nothing.end(), {1, list_pointer(5, nothing, count), 0, 0, 0, 0, 0});
    require_refused_quickly(as_nothing);
  }
}

TEST_CASE("bomb: a list that says it is longer than the frame is refused quickly", "[parser]") {
  for (const Element element : {bit, octet, eight_octets, pointer, composite}) {
    Words words = frame_words(settle_kind, 1, 6);
    words.insert(words.end(), {1, list_pointer(5, element, (std::uint64_t{1} << 29) - 1), 0, 0, 0, 0, 0});
    words.push_back(struct_pointer(1 << 28, 3, 0));
    require_refused_quickly(words);
  }
  Words text = frame_words(query_kind, 1, 1);
  text.insert(text.end(), {7, list_pointer(0, octet, (std::uint64_t{1} << 29) - 1), 0x6968});
  require_refused_quickly(text);
}

TEST_CASE("bomb: many pointers to one long text are refused by the traversal limit", "[parser]") {
  constexpr std::uint64_t rejects = limits::ranges_max;
  constexpr std::uint64_t text_size = limits::text_size_max;
  Words words = frame_words(settle_kind, 1, 6);
  words.insert(words.end(), {1, 0, 0, list_pointer(3, composite, rejects * 3), 0, 0, 0});
  words.push_back(struct_pointer(rejects, 2, 1));
  for (std::uint64_t i = 0; i < rejects; ++i) {
    const auto offset = static_cast<std::int64_t>((rejects - 1 - i) * 3);
    words.insert(words.end(), {1, 2, list_pointer(offset, octet, text_size)});
  }
  words.insert(words.end(), text_size / 8 - 1, 0x6161616161616161);
  words.push_back(0x0061616161616161);
  std::string why;
  const Buffer octets = Buffer::copy_of(framed(words));
  CHECK_FALSE(decode(octets, why));
  CHECK(why.find("traversal limit") != std::string::npos);
  CHECK(shortest_run([&] { (void)decode(octets, why); }) < std::chrono::milliseconds(1));
}

TEST_CASE("bomb: nesting that the schema does not know is not walked", "[parser]") {
  // A chain of 10000 structs, each behind the last pointer of the one before, from a field that nobody reads.
  Words words = frame_words(query_kind, 1, 3);
  words.insert(words.end(), {7, 0, 0, struct_pointer(0, 0, 1)});
  for (int depth = 0; depth < 10000; ++depth) words.push_back(struct_pointer(0, 0, 1));
  words.push_back(0);
  CHECK(accepted_and_stable(framed(words)));
  CHECK(shortest_run([octets = Buffer::copy_of(framed(words))] {
          std::string why;
          (void)decode(octets, why);
        }) < std::chrono::milliseconds(1));
}

TEST_CASE("bomb: pointers in a circle are refused or read once", "[parser]") {
  accepted_and_stable(framed({struct_pointer(-1, 2, 1), 1, settle_kind, 0}));  // the root is its own data
  for (std::uint64_t kind = 0; kind < 26; ++kind) {
    // The message is the frame itself, so each of its pointers leads to itself again.
    accepted_and_stable(framed({struct_pointer(0, 2, 1), 1, kind, struct_pointer(-3, 2, 1)}));
    accepted_and_stable(framed({struct_pointer(0, 2, 1), 1, kind, struct_pointer(-1, 0, 1)}));
  }
  Words list = frame_words(subscribe_kind, 3, 9);  // a list of texts that contains itself
  list.insert(list.end(), {1, 0, 3, 0, 0, list_pointer(-1, pointer, 7), 0, 0, 0, 0, 0, 0});
  require_refused_quickly(list);
}

TEST_CASE("bomb: far pointers to another segment or in a circle are refused", "[parser]") {
  for (const std::uint64_t segment : {std::uint64_t{1}, std::uint64_t{1} << 20, std::uint64_t{0xffffffff}}) {
    for (const bool is_double : {false, true}) {
      require_refused_quickly({far_pointer(0, is_double, segment)});
      require_refused_quickly({struct_pointer(0, 2, 1), 1, settle_kind, far_pointer(3, is_double, segment)});
    }
  }
  require_refused_quickly({far_pointer(0, false, 0), 0});  // its landing pad is itself
  require_refused_quickly({far_pointer(1, false, 0), far_pointer(0, false, 0), 0});
  require_refused_quickly({far_pointer(1 << 28, false, 0), 0});
  require_refused_quickly({far_pointer(1 << 28, true, 0), 0});
  require_refused_quickly({far_pointer(1, true, 0), far_pointer(1, true, 0), far_pointer(1, true, 0)});
  accepted_and_stable(framed({far_pointer(0, true, 0), 0}));  // the pad's second word is an empty struct: allowed
}

TEST_CASE("texts without an end, behind the frame or of another type are refused", "[parser]") {
  const auto with_text = [](std::uint64_t text_pointer) {
    Words words = frame_words(query_kind, 1, 1);
    words.insert(words.end(), {7, text_pointer, 0x6161616161616161});
    return words;
  };
  require_refused_quickly(with_text(list_pointer(0, octet, 0)));
  require_refused_quickly(with_text(list_pointer(0, octet, 8)));
  require_refused_quickly(with_text(list_pointer(0, octet, 9)));
  require_refused_quickly(with_text(list_pointer(1, octet, 1)));
  require_refused_quickly(with_text(list_pointer(-100, octet, 1)));
  require_refused_quickly(with_text(list_pointer(0, eight_octets, 1)));
  require_refused_quickly(with_text(struct_pointer(0, 1, 0)));
  require_refused_quickly(with_text(3));
}

TEST_CASE("attributes cut, changed or random are refused or decode to stable values", "[parser]") {
  std::string why;
  const std::string block = encode_attributes(some_attributes(), why).value();
  for (std::size_t size = 1; size < block.size(); ++size) attributes_accepted_and_stable(block.substr(0, size));
  Random random(2);
  for (int round = 0; round < 20000; ++round) {
    std::string changed = block;
    change_somewhere(changed, random);
    attributes_accepted_and_stable(changed);
  }
  CHECK_FALSE(decode_attributes(std::string(limits::attributes_size_max + 8, '\0'), why));
  CHECK_FALSE(decode_attributes("seven o", why));
}

TEST_CASE("bomb: attributes with too many headers of size zero are refused", "[parser]") {
  // Three data words and six pointers; the fifth pointer is the list of headers.
  Words words{struct_pointer(0, 3, 6), 0, 0, 0, 0, 0, 0, 0, list_pointer(1, composite, 0), 0};
  words.push_back(struct_pointer(limits::headers_max + 1, 0, 0));
  std::string why;
  CHECK_FALSE(decode_attributes(octets_of(words), why));
  CHECK(why == "there are more headers than headers_max");
  words.back() = struct_pointer((1 << 29) - 1, 0, 0);
  CHECK_FALSE(decode_attributes(octets_of(words), why));
}

TEST_CASE("bomb: attributes whose texts share their octets are refused if written out they are too long", "[parser]") {
  constexpr int text_begins = 10;  // behind the root's pointer, three data words and six pointers
  const auto block_of = [](std::uint64_t size) {
    Words words{struct_pointer(0, 3, 6), 0, 0, 0};
    for (int at = 4; at < text_begins; ++at) {
      words.push_back(at < 8 ? list_pointer(text_begins - at - 1, octet, size + 1) : 0);
    }
    words.insert(words.end(), size / 8, 0x6161616161616161);
    words.push_back(0);
    return octets_of(words);
  };
  std::string why;
  CHECK(attributes_accepted_and_stable(block_of(limits::attribute_text_size_max - 128)));
  CHECK_FALSE(decode_attributes(block_of(limits::attribute_text_size_max), why));
  CHECK(why == "the block is longer than attributes_size_max");
}
