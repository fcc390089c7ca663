#include <restante/delivery.h>

#include <array>
#include <charconv>
#include <utility>

#include "patterns/delivery_state.h"

namespace restante {

namespace {

using Verdict = core::Intake::Verdict;

constexpr Duration by_policy{-1};

}  // namespace

namespace detail {

bool DeliveryState::settle(Verdict verdict, Duration delay, std::string_view reason) noexcept {
  if (std::exchange(settled, true)) return false;
  if (reader->node().fork.forked()) return false;
  try {
    return reader->settle(*session, item.hand, verdict, delay, std::string(reason));
  } catch (...) {  // no memory: its lease will end, and the message comes again
    return false;
  }
}

const core::AttributeValues& DeliveryState::attributes() {
  if (!decoded) {
    decoded = std::make_unique<core::AttributeValues>();
    std::string why;
    // Checked by the sending library and kept under the batch's CRC; what does not decode has no attributes.
    if (auto values = core::decode_attributes(item.view.attributes, why)) *decoded = std::move(*values);
  }
  return *decoded;
}

}  // namespace detail

Delivery::Delivery(std::unique_ptr<detail::DeliveryState> state) noexcept : state_(std::move(state)) {}

Delivery::Delivery(Delivery&&) noexcept = default;

Delivery& Delivery::operator=(Delivery&& other) noexcept {
  if (this != &other) {
    const Delivery old(std::move(*this));
    state_ = std::move(other.state_);
  }
  return *this;
}

Delivery::~Delivery() {
  if (!state_ || state_->settled) return;
  const bool unwinding = std::uncaught_exceptions() > state_->exceptions_at_start;
  state_->settle(unwinding ? Verdict::nack : Verdict::release, by_policy, {});
}

std::string_view Delivery::payload() const noexcept { return state_->item.view.payload; }

std::string_view Delivery::topic() const noexcept { return state_->item.batch->header().topic; }

std::string_view Delivery::node() const noexcept {
  return state_->node == nullptr ? std::string_view() : std::string_view(*state_->node);
}

MessageId Delivery::id() const {
  const core::BatchHeader& header = state_->item.batch->header();
  return MessageId{std::string(node()), header.stream, header.grant, state_->item.sequence};
}

std::uint32_t Delivery::attempt() const noexcept { return state_->item.attempt; }

std::string_view Delivery::header(std::string_view name) const noexcept {
  if (state_->item.view.attributes.empty()) return {};
  try {
    const core::AttributeValues& values = state_->attributes();
    if (name == "content-type") return values.content_type;
    if (name == "correlation-id") return values.correlation_id;
    if (name == "traceparent") return values.traceparent;
    if (name == "key") return values.key;
    if (name == "marker") {
      if (values.marker != 0 && state_->marker_text.empty()) state_->marker_text = std::to_string(values.marker);
      return state_->marker_text;
    }
    for (const auto& [known, value] : values.headers) {
      if (known == name) return value;
    }
  } catch (...) {  // no memory to look
  }
  return {};
}

std::uint64_t Delivery::marker() const noexcept {
  if (state_->item.view.attributes.empty()) return 0;
  try {
    return state_->attributes().marker;
  } catch (...) {
    return 0;
  }
}

Attributes Delivery::attributes() const {
  Attributes all;
  if (state_->item.view.attributes.empty()) return all;
  const core::AttributeValues& values = state_->attributes();
  all.content_type = values.content_type;
  all.correlation_id = values.correlation_id;
  all.traceparent = values.traceparent;
  all.key = values.key;
  all.marker = values.marker;
  if (values.expire_after_ms > 0) all.expire_after = std::chrono::milliseconds(values.expire_after_ms);
  all.deliver_after = std::chrono::milliseconds(values.deliver_after_ms);
  if (state_->headers.empty()) {
    for (const auto& [name, value] : values.headers) state_->headers.push_back({name, value});
  }
  all.headers = state_->headers;
  return all;
}

std::string Delivery::effect_id() const {
  if (const std::string_view origin = header(origin_header); !origin.empty()) return std::string(origin);
  const core::BatchHeader& header = state_->item.batch->header();
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), header.grant, 16).ptr;
  return std::string(node()) + '/' + header.stream + '/' + std::string(digits.data(), end) + '/' +
         std::to_string(state_->item.sequence);
}

// A handler may move its delivery away to settle it later; then there is nothing here to settle.

bool Delivery::ack() noexcept { return state_ && state_->settle(Verdict::ack, by_policy, {}); }

bool Delivery::nack(Duration delay) noexcept { return state_ && state_->settle(Verdict::nack, delay, {}); }

bool Delivery::reject(std::string_view reason) noexcept {
  return state_ && state_->settle(Verdict::reject, by_policy, reason);
}

bool Delivery::extend(Duration at_least) noexcept {
  if (!state_ || state_->settled || state_->reader->node().fork.forked()) return false;
  try {
    return state_->reader->extend(*state_->session, state_->item.hand, at_least);
  } catch (...) {
    return false;
  }
}

void Delivery::release() noexcept {
  if (state_) state_->settle(Verdict::release, by_policy, {});
}

}  // namespace restante
