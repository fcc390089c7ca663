#include <utility>

#include <restante/pubsub.h>

#include "patterns/writer_state.h"

namespace restante {

Publisher::Publisher(std::shared_ptr<detail::WriterState> state) noexcept : state_(std::move(state)) {}

Publisher::Publisher(Publisher&&) noexcept = default;

Publisher& Publisher::operator=(Publisher&& other) noexcept {
  if (this == &other) return *this;
  if (state_) detail::leave(*state_);
  state_ = std::move(other.state_);
  return *this;
}

Publisher::~Publisher() {
  if (state_) detail::leave(*state_);
}

Receipt Publisher::send(std::string_view topic, std::string_view payload, const Attributes& attributes) {
  return {state_.get(), state_->send(topic, payload, attributes)};
}

std::optional<Receipt> Publisher::try_send(std::string_view topic, std::string_view payload,
                                           const Attributes& attributes) {
  const auto ordinal = state_->try_send(topic, payload, attributes);
  if (!ordinal) return std::nullopt;
  return Receipt{state_.get(), *ordinal};
}

std::string Publisher::back_pressure() const { return state_->back_pressure(); }

bool Publisher::flush(Duration timeout) { return state_->flush(timeout); }

std::optional<std::uint64_t> Publisher::last_marker(Duration timeout) const { return state_->last_marker(timeout); }

std::size_t Publisher::close(Duration timeout) { return state_->close(timeout); }

std::uint64_t Publisher::accepted() const noexcept { return state_->accepted(); }

std::uint64_t Publisher::confirmed() const noexcept { return state_->confirmed(); }

}  // namespace restante
