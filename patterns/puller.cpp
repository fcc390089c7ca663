#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <restante/pipeline.h>

#include "patterns/delivery_state.h"
#include "patterns/reader_state.h"

namespace restante {

namespace {

std::unique_ptr<detail::DeliveryState> next(const std::shared_ptr<detail::ReaderState>& reader, Duration timeout,
                                            const std::stop_token& stop) {
  auto taken = reader->receive(timeout, stop);
  if (!taken) return nullptr;
  return std::make_unique<detail::DeliveryState>(reader, std::move(*taken));
}

void handle(Delivery& delivery, const std::function<void(Delivery&)>& handler, const detail::ReaderState& reader) {
  std::string thrown;
  try {
    if (reader.options().handler_max > reader.options().lease) delivery.extend(reader.options().handler_max);
    handler(delivery);
    delivery.ack();
    return;
  } catch (const std::exception& error) {
    thrown = error.what();
  } catch (...) {
    thrown = "something that is no std::exception";
  }
  if (delivery.nack()) {
    reader.node().log.warning("a handler of " + reader.options().stream + " threw, the message " +
                              (reader.options().live ? "is gone" : "comes again") + ": " + thrown);
  } else {
    reader.node().log.warning("a handler of " + reader.options().stream + " threw after it had settled: " + thrown);
  }
}

}  // namespace

Puller::Puller(std::shared_ptr<detail::ReaderState> state) noexcept : state_(std::move(state)) {}

Puller::Puller(Puller&&) noexcept = default;

Puller& Puller::operator=(Puller&& other) noexcept {
  if (this == &other) return *this;
  if (state_) state_->stop();
  state_ = std::move(other.state_);
  return *this;
}

Puller::~Puller() {
  if (state_) state_->stop();
}

std::optional<Delivery> Puller::receive(Duration timeout) {
  auto state = next(state_, timeout, {});
  if (!state) return std::nullopt;
  return Delivery(std::move(state));
}

std::optional<Delivery> Puller::try_receive() { return receive(Duration::zero()); }

void Puller::run(const std::function<void(Delivery&)>& handler, std::stop_token stop, unsigned threads) {
  const auto work = [&] {
    while (auto state = next(state_, forever, stop)) {
      Delivery delivery(std::move(state));
      handle(delivery, handler, *state_);
    }
  };
  const std::stop_callback wake(stop, [this] { state_->interrupt(); });
  // What on_gap throws ends the thread that called it; the caller's own is the one that can pass it on.
  const auto work_apart = [&] {
    try {
      work();
    } catch (const std::exception& error) {
      state_->node().log.error("a thread that handles " + state_->options().stream + " ended: " + error.what());
    }
  };
  std::vector<std::jthread> others;
  for (unsigned i = 1; i < threads; ++i) others.emplace_back(work_apart);
  work();
}

int Puller::ready_fd() const { return state_->ready_fd(); }

bool Puller::stopped() const noexcept { return state_->stopped(); }

void Puller::stop() noexcept { state_->stop(); }

}  // namespace restante
