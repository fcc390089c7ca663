#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include <capnp/schema.capnp.h>
#include <capnp/serialize.h>
#include <restante/error.h>
#include <restante/typed_payload.h>

#include "core/assert.h"
#include "patterns/typed/check.h"

namespace restante::typed::detail {

namespace {

constexpr std::string_view media_type = "application/x-capnp";
/// Of what a stranger wrote, so much comes into a reason.
constexpr std::size_t quoted_max = 80;

/// What a content type says.
struct Claim {
  bool is_capnp = false;
  std::optional<std::uint64_t> id;
  std::string_view name;
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool same_word(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

/// What stands before the next `separator`; takes it off the text, and the separator.
std::string_view take(std::string_view& text, char separator) {
  const auto end = std::min(text.find(separator), text.size());
  const auto taken = trimmed(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return taken;
}

std::optional<std::uint64_t> id_of(std::string_view text) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

Claim claim_of(std::string_view content_type) {
  Claim claim;
  claim.is_capnp = same_word(take(content_type, ';'), media_type);
  while (!content_type.empty()) {
    std::string_view value = take(content_type, ';');
    const std::string_view key = take(value, '=');
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    if (same_word(key, "id")) claim.id = id_of(value);
    if (same_word(key, "name")) claim.name = value;
  }
  return claim;
}

/// Of a stranger's text what can be printed, and not too much of it.
std::string printable(std::string_view text) {
  std::string clean(text.substr(0, quoted_max));
  std::replace_if(
      clean.begin(), clean.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text.size() > quoted_max ? clean + "..." : clean;
}

std::string hex(std::uint64_t id) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), id, 16).ptr;
  const std::string text(digits.data(), end);
  return "0x" + std::string(16 - text.size(), '0') + text;
}

std::string described(std::string_view name, std::uint64_t id) {
  return (name.empty() ? "a struct without a name" : printable(name)) + " (" + hex(id) + ")";
}

std::string described(std::string_view content_type) {
  if (content_type.empty()) return "a message without a content type";
  const Claim claim = claim_of(content_type);
  if (claim.is_capnp && claim.id) return described(claim.name, *claim.id);
  return "content type \"" + printable(content_type) + "\"";
}

/// Without the file that it is in: that has another path wherever it is compiled.
std::string name_of(capnp::StructSchema schema) {
  const auto display = schema.getProto().getDisplayName();
  const std::string_view name(display.begin(), display.size());
  const auto colon = name.rfind(':');
  return std::string(colon == name.npos ? name : name.substr(colon + 1));
}

}  // namespace

Format::Format(capnp::StructSchema schema)
    : id_(schema.getProto().getId()),
      name_(name_of(schema)),
      content_type_(std::string(media_type) + ";id=" + hex(id_) + ";name=" + name_),
      shapes_(std::make_unique<Shapes>(schema)) {}

Format::~Format() = default;

bool Format::is_mine(std::string_view content_type) const {
  if (content_type == content_type_) return true;  // almost always
  const Claim claim = claim_of(content_type);
  return claim.is_capnp && claim.id == id_;
}

Attributes Format::put_into(Attributes attributes) const {
  if (attributes.content_type.empty()) {
    attributes.content_type = content_type_;
    return attributes;
  }
  if (is_mine(attributes.content_type)) return attributes;
  throw Error(ErrorCode::bad_argument, "send " + described(name_, id_) + ": the attributes say that it is " +
                                           described(attributes.content_type) + "; leave their content type empty");
}

void Format::refuse_value(const kj::Exception& exception) const {
  throw Error(ErrorCode::bad_argument, "send " + described(name_, id_) + ": the value cannot be copied: " +
                                           std::string(exception.getDescription().cStr()) +
                                           "; do not send what comes from strangers before it was checked");
}

std::unique_ptr<capnp::MessageReader> Format::open(const Delivery& delivery, std::string& why) const {
  const std::string_view stated = delivery.header("content-type");
  const auto refuse = [&](const std::string& fault) {
    why = "expected " + described(name_, id_) + ", got " + described(stated) + fault;
    return nullptr;
  };
  if (!is_mine(stated)) return refuse({});
  const std::string_view payload = delivery.payload();
  if (payload.size() % sizeof(capnp::word) != 0) {
    return refuse(" that is not whole: " + std::to_string(payload.size()) + " octets are no multiple of 8");
  }
  RESTANTE_ASSERT(reinterpret_cast<std::uintptr_t>(payload.data()) % alignof(capnp::word) == 0);
  const std::span words(reinterpret_cast<const capnp::word*>(payload.data()), payload.size() / sizeof(capnp::word));
  if (const std::string fault = fault_of(words, *shapes_); !fault.empty()) {
    return refuse(" that is not whole: " + fault);
  }
  // All was walked through, within limits. An application may read one field as often as it likes.
  capnp::ReaderOptions options;
  options.traversalLimitInWords = std::numeric_limits<std::uint32_t>::max() * std::uint64_t{1U << 20};
  options.nestingLimit *= 2;
  return std::make_unique<capnp::FlatArrayMessageReader>(kj::arrayPtr(words.data(), words.size()), options);
}

}  // namespace restante::typed::detail
