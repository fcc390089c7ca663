#include <utility>

#include <restante/pipeline.h>

#include "patterns/writer_state.h"

namespace restante {

namespace {

constexpr std::string_view no_topic;

}  // namespace

Pusher::Pusher(std::shared_ptr<detail::WriterState> state) noexcept : state_(std::move(state)) {}

Pusher::Pusher(Pusher&&) noexcept = default;

Pusher& Pusher::operator=(Pusher&& other) noexcept {
  if (this == &other) return *this;
  if (state_) detail::leave(*state_);
  state_ = std::move(other.state_);
  return *this;
}

Pusher::~Pusher() {
  if (state_) detail::leave(*state_);
}

Receipt Pusher::send(std::string_view payload, const Attributes& attributes) {
  return {state_.get(), state_->send(no_topic, payload, attributes)};
}

std::optional<Receipt> Pusher::try_send(std::string_view payload, const Attributes& attributes) {
  const auto ordinal = state_->try_send(no_topic, payload, attributes);
  if (!ordinal) return std::nullopt;
  return Receipt{state_.get(), *ordinal};
}

std::string Pusher::back_pressure() const { return state_->back_pressure(); }

bool Pusher::flush(Duration timeout) { return state_->flush(timeout); }

std::optional<std::uint64_t> Pusher::last_marker(Duration timeout) const { return state_->last_marker(timeout); }

std::size_t Pusher::close(Duration timeout) { return state_->close(timeout); }

std::uint64_t Pusher::accepted() const noexcept { return state_->accepted(); }

std::uint64_t Pusher::confirmed() const noexcept { return state_->confirmed(); }

}  // namespace restante
