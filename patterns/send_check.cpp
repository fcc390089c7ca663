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
         attributes.expire_after == forever && attributes.deliver_after == Duration{};
}

constexpr std::chrono::milliseconds wait_max{limits::wait_ms_max};

[[noreturn]] void refuse(const std::string& stream, const std::string& why) {
  throw Error(ErrorCode::bad_argument, "send to " + stream + ": " + why);
}

}  // namespace

/// Rounded up, so that no message expires or comes before its time; to expire after more than 100 years is never.
core::DeliveryTimes times_of(const Attributes& attributes, const std::string& stream) {
  const Duration expire = attributes.expire_after;
  const Duration deliver = attributes.deliver_after;
  if (expire <= Duration{}) refuse(stream, "expire_after has to be above 0");
  if (deliver < Duration{} || deliver > wait_max) refuse(stream, "deliver_after has to be 0 to 100 years");
  if (expire <= deliver) {
    refuse(stream, "the message would expire before it is handed out: expire_after has to be above deliver_after");
  }
  const auto rounded = [](Duration time) { return std::chrono::ceil<std::chrono::milliseconds>(time).count(); };
  return {expire > wait_max ? 0 : rounded(expire), rounded(deliver)};
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
  const core::DeliveryTimes times = times_of(attributes, stream);
  values.expire_after_ms = times.expire_after_ms;
  values.deliver_after_ms = times.deliver_after_ms;
  std::string why;
  auto encoded = core::encode_attributes(values, why);
  if (!encoded) refuse(stream, "attributes: " + why);
  return std::move(*encoded);
}

void check_topic(std::string_view topic, const std::string& stream) {
  const auto fault = core::problem_of_topic(topic);
  if (!fault) return;
  refuse(stream, "the topic \"" + std::string(topic) + "\" " + *fault);
}

void check_published(std::string_view topic, const Attributes& attributes, const std::string& stream) {
  check_topic(topic, stream);
  if (attributes.deliver_after == Duration{}) return;
  refuse(stream, "a Publisher cannot delay: its live subscribers have each message at once; use a Pusher");
}

void check_payload(std::string_view payload, const std::string& stream) {
  if (!payload.empty() && payload.size() <= limits::payload_size_max) return;
  refuse(stream, "a payload has 1 to " + std::to_string(limits::payload_size_max) + " octets, this one has " +
                     std::to_string(payload.size()));
}

}  // namespace restante::detail
