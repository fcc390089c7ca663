#include "core/batch.h"

#include <cstring>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <restante/limits.h>

#include "core/crc32c.h"
#include "core/random.h"
#include "core/wire.h"

using namespace restante;
using namespace restante::core;

namespace {

BatchHeader header_of(Sequence first, Sequence last) {
  BatchHeader header;
  header.stream = "orders";
  header.topic = "plant/1/line";
  header.grant = 0x1122334455667788;
  header.first = first;
  header.last = last;
  header.prev = first - 1;
  header.before = first - 1;
  header.source_time_us = 1700000000000000;
  header.owner = 42;
  header.marker = 7;
  return header;
}

Buffer sealed(const BatchHeader& header, const std::vector<std::string>& payloads, const std::string& attributes = {}) {
  BatchBuilder builder(header.stream, header.topic, 0);
  for (const std::string& payload : payloads) builder.append(payload, attributes);
  return builder.seal(header);
}

std::string octets_of(const Buffer& buffer) { return std::string(buffer.octets()); }

std::optional<Batch> parse(const std::string& octets, std::string& why) {
  return Batch::parse(Buffer::copy_of(octets), why);
}

/// Makes a changed frame pass the CRC, so that the checks behind it are met.
void mend_crc(std::string& octets) {
  if (octets.size() < 16) return;
  const std::string_view view(octets);
  const std::uint32_t crc = crc32c(view.substr(16), crc32c(view.substr(0, 8)));
  std::memcpy(octets.data() + 8, &crc, sizeof crc);
}

void flip(std::string& octets, std::size_t bit) {
  octets[bit / 8] = static_cast<char>(octets[bit / 8] ^ static_cast<char>(1U << (bit % 8)));
}

template <typename Number>
void put(std::string& octets, std::size_t at, Number number) {
  std::memcpy(octets.data() + at, &number, sizeof number);
}

/// Refused, or a batch that is built again with the same contents.
void require_refused_or_stable(const std::string& octets) {
  std::string why;
  const auto batch = parse(octets, why);
  if (!batch) {
    REQUIRE_FALSE(why.empty());
    return;
  }
  BatchBuilder builder(batch->header().stream, batch->header().topic);
  batch->for_each([&](Sequence, const MessageView& message) { builder.append(message.payload, message.attributes); });
  const Buffer again = builder.seal(batch->header());
  const auto parsed = Batch::parse(again, why);
  REQUIRE(parsed);
  REQUIRE(parsed->header() == batch->header());
  std::vector<std::string> payloads;
  batch->for_each([&](Sequence, const MessageView& message) { payloads.emplace_back(message.payload); });
  std::size_t index = 0;
  parsed->for_each([&](Sequence, const MessageView& message) { REQUIRE(message.payload == payloads[index++]); });
}

std::string example() {
  return octets_of(sealed(header_of(100, 103), {"", "a", "12345678", std::string(300, 'x')}, "8 octets"));
}

}  // namespace

TEST_CASE("a batch is read as it was written") {
  const std::vector<std::string> payloads{"first", "", "12345678", std::string(100000, 'z'), std::string("a\0b", 3)};
  const BatchHeader header = header_of(11, 15);
  std::string why;
  const auto batch = Batch::parse(sealed(header, payloads, "attribut"), why);
  REQUIRE(batch);
  CHECK(batch->header() == header);
  CHECK(batch->count() == payloads.size());
  std::vector<Sequence> sequences;
  batch->for_each([&](Sequence sequence, const MessageView& message) {
    CHECK(message.payload == payloads[sequence - 11]);
    CHECK(message.attributes == "attribut");
    CHECK(reinterpret_cast<std::uintptr_t>(message.payload.data()) % 8 == 0);
    sequences.push_back(sequence);
  });
  CHECK(sequences == std::vector<Sequence>{11, 12, 13, 14, 15});
  CHECK(batch->message(11).payload == "first");
  CHECK(batch->message(15).payload == payloads[4]);
}

TEST_CASE("a batch of greatest names, size and count is allowed") {
  BatchHeader header = header_of(1, limits::batch_messages_max);
  header.stream = std::string(limits::name_size_max, 's');
  header.topic = std::string(limits::topic_size_max, 't');
  std::string why;
  const auto many = Batch::parse(sealed(header, std::vector<std::string>(limits::batch_messages_max)), why);
  REQUIRE(many);
  CHECK(many->header() == header);
  const auto large =
      Batch::parse(sealed(header_of(limits::sequence_max, limits::sequence_max),
                          {std::string(limits::payload_size_max, 'p')}, std::string(limits::attributes_size_max, 'a')),
                   why);
  REQUIRE(large);
  CHECK(large->message(limits::sequence_max).payload.size() == limits::payload_size_max);
}

TEST_CASE("an empty topic is allowed, as pipelines have none") {
  BatchHeader header = header_of(1, 1);
  header.topic.clear();
  std::string why;
  const auto batch = Batch::parse(sealed(header, {"x"}), why);
  REQUIRE(batch);
  CHECK(batch->header().topic.empty());
}

TEST_CASE("a skip has no messages and spans up to a grant") {
  BatchHeader header = header_of(5, 4 + limits::grant_messages);
  header.skip = true;
  std::string why;
  const auto batch = Batch::parse(sealed(header, {}), why);
  REQUIRE(batch);
  CHECK(batch->header() == header);
  CHECK(batch->count() == limits::grant_messages);
  batch->for_each([](Sequence, const MessageView&) { FAIL("a skip has no message"); });
}

TEST_CASE("a batch can be sealed again with another owner, and equal input gives equal octets") {
  BatchBuilder builder("orders", "plant/1/line");
  builder.append("payload");
  BatchHeader header = header_of(9, 9);
  const std::string first = octets_of(builder.seal(header));
  header.owner = 0;
  const Buffer again = builder.seal(header);
  CHECK(octets_of(again) != first);
  std::string why;
  REQUIRE(Batch::parse(again, why));
  CHECK(Batch::parse(again, why)->header().owner == 0);
  header.owner = 42;
  CHECK(octets_of(builder.seal(header)) == first);
  CHECK(octets_of(sealed(header, {"payload"})) == first);
  CHECK(builder.count() == 1);
  CHECK(builder.size() == first.size());
}

TEST_CASE("a sealed buffer outlives its builder") {
  const Buffer frame = sealed(header_of(1, 1), {"still here"});
  std::string why;
  REQUIRE(Batch::parse(frame, why));
  CHECK(Batch::parse(frame, why)->message(1).payload == "still here");
}

TEST_CASE("a batch at an unaligned address is read in place", "[parser]") {
  const std::string frame = example();
  for (std::size_t shift = 1; shift < 8; ++shift) {
    auto shifted = std::make_shared<std::string>(std::string(shift, '-') + frame);
    const Buffer buffer(shifted, std::string_view(*shifted).substr(shift));
    std::string why;
    const auto batch = Batch::parse(buffer, why);
    REQUIRE(batch);
    CHECK(batch->frame().octets().data() == buffer.octets().data());
    CHECK(batch->message(103).payload == std::string(300, 'x'));
  }
}

TEST_CASE("a batch cut at any octet or lengthened is refused", "[parser]") {
  const std::string frame = example();
  std::string why;
  REQUIRE(parse(frame, why));
  for (std::size_t size = 0; size < frame.size(); ++size) {
    REQUIRE_FALSE(parse(frame.substr(0, size), why));
    std::string mended = frame.substr(0, size);
    mend_crc(mended);
    REQUIRE_FALSE(parse(mended, why));
  }
  std::string longer = frame + std::string(8, '\0');
  mend_crc(longer);
  CHECK_FALSE(parse(longer, why));
  CHECK(why == "octets are left behind the last record");
}

TEST_CASE("every flipped bit of a batch is found", "[parser]") {
  const std::string frame = example();
  std::string why;
  for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
    std::string changed = frame;
    flip(changed, bit);
    REQUIRE_FALSE(parse(changed, why));
  }
}

TEST_CASE("20000 random changes under a right CRC are refused or read as a stable batch", "[parser]") {
  const std::string frame = example();
  Random random(3);
  for (int round = 0; round < 20000; ++round) {
    std::string changed = frame;
    const std::uint64_t changes = 1 + random.below(4);
    for (std::uint64_t i = 0; i < changes; ++i) {
      // Half of the changes go to the prefix, the header and the first records, where the structure is.
      const std::size_t at = random.below(random.chance(1, 2) ? 220 : changed.size());
      if (random.chance(1, 2)) flip(changed, at * 8 + random.below(8));
      else changed[at] = static_cast<char>(random.chance(1, 3) ? 0xff : random.next());
    }
    if (random.chance(1, 20)) changed.resize(random.below(changed.size() + 1));
    mend_crc(changed);
    require_refused_or_stable(changed);
  }
}

TEST_CASE("random octets behind a right prefix are refused or read as a stable batch", "[parser]") {
  Random random(4);
  for (int round = 0; round < 5000; ++round) {
    std::string octets(16 + 8 * random.below(40), '\0');
    for (char& octet : octets) octet = static_cast<char>(random.chance(1, 2) ? 0 : random.below(20));
    std::memcpy(octets.data(), "RB\x01", 4);
    put(octets, 4, static_cast<std::uint32_t>(random.below(octets.size() / 8)));
    mend_crc(octets);
    require_refused_or_stable(octets);
  }
}

TEST_CASE("a batch with wrong numbers in front is refused and says why", "[parser]") {
  struct Case {
    std::size_t at;
    std::uint32_t value;
    const char* why;
  };
  const Case cases[] = {
      {0, 0x00014352, "it does not begin as a batch does"},  // "RC"
      {0, 0x00024252, "its format is of another version"},
      {0, 0x02014252, "it has a flag of another version"},
      {0, 0x01014252, "it is a skip with records"},
      {4, 513, "its header is longer than batch_header_size_max"},
      {4, 0xffffffff, "its header is longer than batch_header_size_max"},
      {4, 500, "its header ends behind its end"},
      {12, 3, "its count of records is not that of its sequences"},
      {12, 0xffffffff, "its count of records is not that of its sequences"},
  };
  for (const Case& one : cases) {
    std::string frame = example();
    put(frame, one.at, one.value);
    mend_crc(frame);
    std::string why;
    CHECK_FALSE(parse(frame, why));
    CHECK(why == one.why);
  }
  std::string why;
  CHECK_FALSE(parse(std::string(limits::frame_size_max + 8, 'x').replace(0, 4, "RB\x01\0", 4), why));
  CHECK(why == "it is longer than frame_size_max");
}

TEST_CASE("a batch whose records lie about their sizes is refused", "[parser]") {
  const std::string frame = octets_of(sealed(header_of(1, 2), {"payload", "payload"}));
  const std::size_t first = frame.size() - 32;
  const std::uint32_t sizes[] = {9, 15, 17, 24, 100, 1U << 20, (1U << 20) + 1, 0xfffffff8, 0xffffffff};
  for (const std::uint32_t size : sizes) {
    for (const std::size_t at : {first, first + 4, first + 16, first + 20}) {
      std::string changed = frame;
      put(changed, at, size);
      mend_crc(changed);
      std::string why;
      REQUIRE_FALSE(parse(changed, why));
    }
  }
}

TEST_CASE("a batch whose sequences contradict each other is refused", "[parser]") {
  // The header's numbers stand in the first data words: grant, first, last, prev, before.
  const std::string frame = octets_of(sealed(header_of(10, 11), {"a", "b"}));
  struct Case {
    std::size_t word;
    std::uint64_t value;
    const char* why;
  };
  const Case cases[] = {
      {2, 12, "its first sequence is above its last"},
      {3, 9, "its first sequence is above its last"},
      {3, ~std::uint64_t{0}, "its last sequence is above sequence_max"},
      {3, 12, "its count of records is not that of its sequences"},
      {3, 10000000, "it has more messages than batch_messages_max"},
      {4, 10, "prev is not below its first sequence"},
      {5, 10, "before is not below its first sequence"},
      {5, ~std::uint64_t{0}, "before is not below its first sequence"},
  };
  for (const Case& one : cases) {
    std::string changed = frame;
    put(changed, 16 + 8 * one.word, one.value);
    mend_crc(changed);
    std::string why;
    CHECK_FALSE(parse(changed, why));
    CHECK(why == one.why);
  }
}

TEST_CASE("a skip wider than a grant or with records is refused", "[parser]") {
  BatchHeader header = header_of(1, limits::grant_messages);
  header.skip = true;
  std::string frame = octets_of(sealed(header, {}));
  std::string why;
  put(frame, 16 + 8 * 3, std::uint64_t{limits::grant_messages + 1});
  mend_crc(frame);
  CHECK_FALSE(parse(frame, why));
  CHECK(why == "it skips more than a grant holds");
}

TEST_CASE("looking at the first octets tells a batch") {
  CHECK(looks_like_batch(example()));
  CHECK_FALSE(looks_like_batch("RC"));
  CHECK_FALSE(looks_like_batch("R"));
  CHECK_FALSE(looks_like_batch(""));
}
