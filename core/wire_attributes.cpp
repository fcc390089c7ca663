#include <kj/exception.h>

#include <restante/limits.h>

#include "core/assert.h"
#include "core/wire.capnp.h"
#include "core/wire.h"
#include "core/wire_segment.h"

namespace restante::core {
namespace {

constexpr const char* text_too_long = "a text is longer than attribute_text_size_max";
constexpr const char* too_many_headers = "there are more headers than headers_max";
constexpr const char* block_too_long = "the block is longer than attributes_size_max";
constexpr const char* wait_not_allowed = "a time is negative or longer than 100 years";

bool is_short(std::string_view text) noexcept { return text.size() <= limits::attribute_text_size_max; }
bool is_wait(std::int64_t wait_ms) noexcept { return wait_ms >= 0 && wait_ms <= limits::wait_ms_max; }

/// What put() makes of `values`, in octets: pointers of a block that was not made by it may share texts.
std::size_t encoded_size(const AttributeValues& values) noexcept {
  using Block = wire::Attributes::_capnpPrivate;
  using Header = wire::Attributes::Header::_capnpPrivate;
  const auto words = [](std::string_view text) { return text.empty() ? 0 : text.size() / 8 + 1; };
  std::size_t sum = 1U + Block::dataWordSize + Block::pointerCount + words(values.content_type) +
                    words(values.correlation_id) + words(values.traceparent) + words(values.key);
  if (!values.headers.empty()) sum += 1 + values.headers.size() * (Header::dataWordSize + Header::pointerCount);
  for (const auto& [name, value] : values.headers) sum += name.size() / 8 + 1 + value.size() / 8 + 1;
  return sum * 8;
}

/// What is wrong with `values`; nullptr if nothing is. The same rules for what is read and written.
const char* problem_of(const AttributeValues& values) noexcept {
  for (const std::string* text : {&values.content_type, &values.correlation_id, &values.traceparent, &values.key}) {
    if (!is_short(*text)) return text_too_long;
  }
  if (values.headers.size() > limits::headers_max) return too_many_headers;
  for (const auto& [name, value] : values.headers) {
    if (!is_short(name) || !is_short(value)) return text_too_long;
  }
  if (!is_wait(values.expire_after_ms) || !is_wait(values.deliver_after_ms)) return wait_not_allowed;
  return encoded_size(values) > limits::attributes_size_max ? block_too_long : nullptr;
}

void put(wire::Attributes::Builder out, const AttributeValues& in) {
  if (!in.content_type.empty()) out.setContentType(text_of(in.content_type));
  if (!in.correlation_id.empty()) out.setCorrelationId(text_of(in.correlation_id));
  if (!in.traceparent.empty()) out.setTraceparent(text_of(in.traceparent));
  if (!in.key.empty()) out.setKey(text_of(in.key));
  if (!in.headers.empty()) {
    auto headers = out.initHeaders(static_cast<unsigned int>(in.headers.size()));
    for (unsigned int i = 0; i < headers.size(); ++i) {
      headers[i].setName(text_of(in.headers[i].first));
      headers[i].setValue(text_of(in.headers[i].second));
    }
  }
  out.setExpireAfterMs(in.expire_after_ms);
  out.setDeliverAfterMs(in.deliver_after_ms);
  out.setMarker(in.marker);
}

/// Copies no text that is too long: problem_of() could only tell after the copy.
std::string bounded(capnp::Text::Reader text, const char*& problem) {
  if (text.size() <= limits::attribute_text_size_max) return std::string(view_of(text));
  problem = text_too_long;
  return {};
}

const char* get(wire::Attributes::Reader in, AttributeValues& out) {
  const char* problem = nullptr;
  out.content_type = bounded(in.getContentType(), problem);
  out.correlation_id = bounded(in.getCorrelationId(), problem);
  out.traceparent = bounded(in.getTraceparent(), problem);
  out.key = bounded(in.getKey(), problem);
  const auto headers = in.getHeaders();
  if (headers.size() > limits::headers_max) return too_many_headers;
  out.headers.reserve(headers.size());
  for (const auto& header : headers) {
    out.headers.emplace_back(bounded(header.getName(), problem), bounded(header.getValue(), problem));
  }
  out.expire_after_ms = in.getExpireAfterMs();
  out.deliver_after_ms = in.getDeliverAfterMs();
  out.marker = in.getMarker();
  return problem != nullptr ? problem : problem_of(out);
}

}  // namespace

std::optional<std::string> encode_attributes(const AttributeValues& values, std::string& why) {
  if (values.empty()) return std::string();
  if (const char* problem = problem_of(values)) {
    why = problem;
    return std::nullopt;
  }
  std::optional<std::string> block;
  with_segment<wire::Attributes>([&values](wire::Attributes::Builder root) { put(root, values); },
                                 [&](std::span<const std::uint64_t> words) {
                                   RESTANTE_ASSERT(words.size_bytes() <= encoded_size(values));
                                   block.emplace(reinterpret_cast<const char*>(words.data()), words.size_bytes());
                                 });
  return block;
}

std::optional<AttributeValues> decode_attributes(std::string_view block, std::string& why) {
  if (block.empty()) return AttributeValues{};
  const auto refused = [&why](const char* problem) {
    why = problem;
    return std::nullopt;
  };
  if (block.size() % 8 != 0) return refused("the block is not a multiple of 8 octets");
  if (block.size() > limits::attributes_size_max) return refused(block_too_long);
  std::uint64_t words[limits::attributes_size_max / 8];  // not zeroed: only what is copied is read
  std::memcpy(words, block.data(), block.size());
  try {
    SegmentReader segment({words, block.size() / 8});
    AttributeValues values;
    if (const char* problem = get(segment.root<wire::Attributes>(), values)) return refused(problem);
    return values;
  } catch (const kj::Exception& exception) {
    return refused(exception.getDescription().cStr());
  }
}

}  // namespace restante::core
