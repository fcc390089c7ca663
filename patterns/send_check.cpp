#include "patterns/send_check.h"

#include <utility>

#include <restante/error.h>
#include <restante/limits.h>

#include "core/names.h"
#include "core/wire.h"

namespace restante::detail {

namespace {

bool is_empty(const Attributes& attributes) {
  return attributes.content_type.empty() && attributes.correlation_id.empty() && attributes.traceparent.empty() &&
         attributes.key.empty() && attributes.headers.empty() && attributes.marker == 0 &&
         attributes.expire_after == forever;
}

}  // namespace

/// Rounded up, so that no message expires before its time; longer than 100 years is never.
std::int64_t expire_after_ms(const Attributes& attributes) {
  if (attributes.expire_after > std::chrono::milliseconds(limits::wait_ms_max)) return 0;
  return std::chrono::ceil<std::chrono::milliseconds>(attributes.expire_after).count();
}

std::string encode(const Attributes& attributes, const std::string& stream) {
  if (is_empty(attributes)) return {};
  core::AttributeValues values;
  values.content_type = attributes.content_type;
  values.correlation_id = attributes.correlation_id;
  values.traceparent = attributes.traceparent;
  values.key = attributes.key;
  for (const Header& header : attributes.headers) values.headers.emplace_back(header.name, header.value);
  values.marker = attributes.marker;
  values.expire_after_ms = expire_after_ms(attributes);
  if (attributes.expire_after <= Duration{}) {
    throw Error(ErrorCode::bad_argument, "send to " + stream + ": expire_after has to be above 0");
  }
  std::string why;
  auto encoded = core::encode_attributes(values, why);
  if (!encoded) throw Error(ErrorCode::bad_argument, "send to " + stream + ": attributes: " + why);
  return std::move(*encoded);
}

void check_topic(std::string_view topic, const std::string& stream) {
  const auto fault = core::problem_of_topic(topic);
  if (!fault) return;
  throw Error(ErrorCode::bad_argument, "send to " + stream + ": the topic \"" + std::string(topic) + "\" " + *fault);
}

void check_payload(std::string_view payload, const std::string& stream) {
  if (!payload.empty() && payload.size() <= limits::payload_size_max) return;
  throw Error(ErrorCode::bad_argument, "send to " + stream + ": a payload has 1 to " +
                                           std::to_string(limits::payload_size_max) + " octets, this one has " +
                                           std::to_string(payload.size()));
}

}  // namespace restante::detail
