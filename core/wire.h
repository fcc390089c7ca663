#pragma once
/// \file
/// The codec: control messages and attributes to octets and back. wire.cpp and batch.cpp are the only files that
/// include Cap'n Proto. Everything that limits.h forbids is refused here, so nothing behind it meets it.
///
/// A control frame: u16 magic "RC", u8 format (1), u8 0, u32 words; u32 CRC32C of octets 0..8 and 16..end, u32 0;
/// then one Cap'n Proto segment of `words` x 8 octets (ControlFrame in wire.capnp).

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/buffer.h"
#include "core/messages.h"

namespace restante::core {

/// The octets of `frame`. Lists longer than limits.h allows are an error of programming: the caller splits them.
Buffer encode(const ControlFrame& frame);

/// nullopt, and the reason in `why`, for anything that is not a whole and allowed control frame.
std::optional<ControlFrame> decode(const Buffer& octets, std::string& why);

/// Cheap look at the first octets: is it meant as a batch?
bool looks_like_batch(std::string_view octets) noexcept;

/// The optional envelope of one message, as values. Public Attributes views are turned into this by the library.
struct AttributeValues {
  std::string content_type;
  std::string correlation_id;
  std::string traceparent;
  std::string key;
  std::vector<std::pair<std::string, std::string>> headers;
  std::int64_t expire_after_ms = 0;   ///< 0: never
  std::int64_t deliver_after_ms = 0;  ///< 0: at once
  std::uint64_t marker = 0;           ///< 0: none

  [[nodiscard]] bool empty() const noexcept { return *this == AttributeValues{}; }
  friend bool operator==(const AttributeValues&, const AttributeValues&) = default;
};

/// The attribute block of a record: a multiple of 8 octets, empty for empty values. nullopt if a limit is passed
/// (the reason is in `why`).
std::optional<std::string> encode_attributes(const AttributeValues& values, std::string& why);
std::optional<AttributeValues> decode_attributes(std::string_view block, std::string& why);

}  // namespace restante::core
