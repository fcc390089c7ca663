#pragma once
/// \file
/// What the parts of the codec (batch.cpp and wire*.cpp, nobody else) share: numbers in a frame, and one Cap'n Proto
/// segment read under our limits. Cap'n Proto never allocates by what a length field says; it only checks and points.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <capnp/message.h>

namespace restante::core {

static_assert(std::endian::native == std::endian::little, "the frames are read in place as little-endian numbers");
static_assert(sizeof(capnp::word) == sizeof(std::uint64_t));

/// Nesting that no struct of wire.capnp reaches; a deeper frame is meant to exhaust the stack.
inline constexpr int segment_nesting_max = 16;
/// Each word may be read so often in all (several pointers to one list); more is meant to exhaust the processor.
inline constexpr std::uint64_t segment_traversal_factor = 8;
inline constexpr std::uint64_t segment_traversal_min = 4096;  ///< words

template <typename Value>
Value load(const char* at) noexcept {
  Value value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <typename Value>
void store(char* at, Value value) noexcept {
  std::memcpy(at, &value, sizeof value);
}

constexpr std::size_t padded(std::size_t size) noexcept { return (size + 7) / 8 * 8; }

/// Words of a text with its terminator.
constexpr std::size_t text_words(std::string_view text) noexcept { return text.size() / 8 + 1; }

/// Words of one struct without what it points to.
template <typename Struct>
constexpr std::size_t struct_words() {
  return capnp::_::structSize<Struct>().data + capnp::_::structSize<Struct>().pointers;
}

inline std::string_view view_of(capnp::Text::Reader text) noexcept { return {text.begin(), text.size()}; }
/// `text` must have a zero behind its end, as every std::string has.
inline capnp::Text::Reader text_of(const std::string& text) noexcept { return {text.c_str(), text.size()}; }

/// One segment of outside data. `words` must outlive it. Every access may throw kj::Exception.
class SegmentReader {
 public:
  explicit SegmentReader(std::span<const std::uint64_t> words)
      : segment_(reinterpret_cast<const capnp::word*>(words.data()), words.size()),
        reader_(kj::ArrayPtr<const Segment>(&segment_, 1), options(words.size())) {}
  SegmentReader(const SegmentReader&) = delete;
  SegmentReader& operator=(const SegmentReader&) = delete;

  template <typename Struct>
  typename Struct::Reader root() {
    return reader_.template getRoot<Struct>();
  }

 private:
  using Segment = kj::ArrayPtr<const capnp::word>;

  static capnp::ReaderOptions options(std::size_t words) {
    capnp::ReaderOptions options;
    const std::uint64_t limit = segment_traversal_factor * words;
    options.traversalLimitInWords = limit < segment_traversal_min ? segment_traversal_min : limit;
    options.nestingLimit = segment_nesting_max;
    return options;
  }

  Segment segment_;
  capnp::SegmentArrayMessageReader reader_;
};

/// One segment built in place in `words`, which must be zero and large enough: whoever calls has counted them.
class SegmentBuilder {
 public:
  explicit SegmentBuilder(std::span<std::uint64_t> words)
      : builder_(kj::ArrayPtr<capnp::word>(reinterpret_cast<capnp::word*>(words.data()), words.size())) {}

  template <typename Struct>
  typename Struct::Builder root() {
    return builder_.template initRoot<Struct>();
  }

 private:
  capnp::FlatMessageBuilder builder_;
};

/// Calls `fill(root)` and then `take(words)` with the one segment that came of it. Small messages are built on the
/// stack; a larger one is gathered on the heap and then laid into one segment, as readers accept no second one.
template <typename Struct, typename Fill, typename Take>
void with_segment(Fill&& fill, Take&& take) {
  using Words = std::span<const std::uint64_t>;
  std::uint64_t scratch[256] = {};
  capnp::MallocMessageBuilder builder(kj::arrayPtr(reinterpret_cast<capnp::word*>(scratch), std::size(scratch)));
  auto root = builder.initRoot<Struct>();
  fill(root);
  const auto segments = builder.getSegmentsForOutput();
  if (segments.size() == 1) {
    take(Words(reinterpret_cast<const std::uint64_t*>(segments[0].begin()), segments[0].size()));
    return;
  }
  std::vector<std::uint64_t> flat(root.totalSize().wordCount + 1);
  capnp::FlatMessageBuilder whole(kj::arrayPtr(reinterpret_cast<capnp::word*>(flat.data()), flat.size()));
  whole.setRoot(root.asReader());
  take(Words(flat));
}

}  // namespace restante::core
