#include "patterns/send_queue.h"

#include <algorithm>
#include <utility>

namespace restante::detail {

namespace {

constexpr std::size_t usual_octets_max = limits::batch_size_target + limits::batch_size_target / 4;

}  // namespace

std::size_t SendQueue::cost(std::string_view payload, std::string_view attributes) noexcept {
  const auto padded = [](std::size_t size) { return (size + 7) / 8 * 8; };
  return 8 + padded(payload.size()) + padded(attributes.size());
}

void SendQueue::append(std::string_view topic, std::string_view payload, std::string_view attributes,
                       std::uint64_t marker, const core::DeliveryTimes& times) {
  if (must_begin(topic, times)) {
    const std::size_t hint = std::max(usual_octets_, payload.size() + attributes.size() + 256);
    batches_.push_back(Gathered{core::BatchBuilder(stream_, std::string(topic), hint)});
    batches_.back().builder.set_times(times);
    octets_ += batches_.back().builder.size();
  }
  Gathered& gathering = batches_.back();
  const std::size_t before = gathering.builder.size();
  gathering.builder.append(payload, attributes);
  gathering.marker = std::max(gathering.marker, marker);
  octets_ += gathering.builder.size() - before;
}

SendQueue::Gathered SendQueue::take() {
  Gathered taken = std::move(batches_.front());
  batches_.pop_front();
  octets_ -= taken.builder.size();
  // Follows growth at once and shrinks slowly: too small a guess costs copies, too large only address space.
  usual_octets_ = std::max(std::min(taken.builder.size(), usual_octets_max), usual_octets_ - usual_octets_ / 8);
  return taken;
}

void SendQueue::clear() {
  batches_.clear();
  octets_ = 0;
}

bool SendQueue::must_begin(std::string_view topic, const core::DeliveryTimes& times) const {
  if (batches_.empty()) return true;
  const core::BatchBuilder& gathering = batches_.back().builder;
  return gathering.size() >= limits::batch_size_target || gathering.count() >= batch_messages_ ||
         gathering.topic() != topic || gathering.times() != times;
}

}  // namespace restante::detail
