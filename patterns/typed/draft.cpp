#include <algorithm>
#include <bit>
#include <cstdint>
#include <exception>
#include <vector>

#include <capnp/serialize.h>
#include <restante/limits.h>
#include <restante/typed_payload.h>

namespace restante::typed::detail {

namespace {

constexpr std::size_t words_min = 1024;
/// What a payload can have, and the table before it.
constexpr std::size_t words_max = limits::payload_size_max / sizeof(std::uint64_t) + 1;

/// Between two messages, of each thread. Empty while one is built: what is built meanwhile gets other memory.
std::vector<std::uint64_t>& kept() {
  thread_local std::vector<std::uint64_t> words;
  return words;
}

}  // namespace

Scratch::Scratch() {
  words_.swap(kept());
  if (words_.empty()) words_.resize(words_min);
}

Scratch::~Scratch() {
  if (needed_ > words_.size()) {
    try {
      words_ = std::vector<std::uint64_t>(std::min(std::bit_ceil(needed_), words_max));
    } catch (const std::exception&) {  // no memory: then the next one is copied once more than it had to be
    }
  }
  if (words_.size() > kept().size()) words_.swap(kept());
}

kj::ArrayPtr<capnp::word> Scratch::room() noexcept {
  return kj::arrayPtr(reinterpret_cast<capnp::word*>(words_.data()) + 1, words_.size() - 1);
}

std::string_view Scratch::framed(std::size_t words) noexcept {
  words_[0] = std::uint64_t{words} << 32;  // one segment, and its size
  return {reinterpret_cast<const char*>(words_.data()), (1 + words) * sizeof(std::uint64_t)};
}

std::string_view AnyDraft::octets() {
  const auto segments = message_.getSegmentsForOutput();
  if (segments.size() == 1) return scratch_.framed(segments[0].size());
  flat_ = capnp::messageToFlatArray(segments);
  scratch_.note_need(flat_.size());
  return {reinterpret_cast<const char*>(flat_.begin()), flat_.size() * sizeof(capnp::word)};
}

}  // namespace restante::typed::detail
