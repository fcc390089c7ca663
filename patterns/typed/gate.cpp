#include <bit>
#include <chrono>
#include <string>
#include <utility>

#include <restante/typed_payload.h>

#include "patterns/reader_state.h"

namespace restante::typed::detail {

namespace {

/// So many mismatches in a row one try_receive() takes off the queue; a flood of them must not keep it for ever.
constexpr int skips_max = 256;

std::string text_of(const MessageId& id) { return id.node + '/' + id.stream + '/' + std::to_string(id.sequence); }

}  // namespace

std::unique_ptr<capnp::MessageReader> Gate::open(const Puller& puller, Delivery& delivery) {
  std::string why;
  auto message = format_->open(delivery, why);
  if (message) return message;
  delivery.reject(why);
  const auto count = mismatched_->fetch_add(1, std::memory_order_relaxed) + 1;
  if (std::has_single_bit(count)) {  // told often enough to be seen, and not to fill the log
    puller.state_->node().log.warning("message " + text_of(delivery.id()) + " was rejected (" + std::to_string(count) +
                                      " so far): " + why);
  }
  return nullptr;
}

std::optional<Delivery> Gate::receive(Puller& puller, Duration timeout,
                                      std::unique_ptr<capnp::MessageReader>& message) {
  using Clock = std::chrono::steady_clock;
  const bool waits = timeout > Duration::zero();
  auto deadline = Clock::time_point::max();
  if (waits && timeout != forever) {
    const auto now = Clock::now();
    if (timeout < deadline - now) deadline = now + timeout;
  }
  for (int skips = 1;; ++skips) {
    auto delivery = puller.receive(timeout);
    if (!delivery) return std::nullopt;
    message = open(puller, *delivery);
    if (message) return delivery;
    if (!waits && skips == skips_max) return std::nullopt;
    if (!waits || deadline == Clock::time_point::max()) continue;
    timeout = deadline - Clock::now();
    if (timeout <= Duration::zero()) return std::nullopt;
  }
}

}  // namespace restante::typed::detail
