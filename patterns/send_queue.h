#pragma once
/// \file
/// What a writer has accepted and not yet numbered.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include <restante/limits.h>

#include "core/batch.h"

namespace restante::detail {

/// Messages gather in a batch until the I/O thread takes it or it is full, and then in the next one (natural batching).
/// Not thread-safe: the writer's mutex guards it.
class SendQueue {
 public:
  struct Gathered {
    core::BatchBuilder builder;
    std::uint64_t marker = 0;  ///< the highest of its messages
  };

  explicit SendQueue(std::string stream) : stream_(std::move(stream)) {}

  /// An estimate of what a message adds to octets().
  static std::size_t cost(std::string_view payload, std::string_view attributes) noexcept;

  void append(std::string_view topic, std::string_view payload, std::string_view attributes, std::uint64_t marker,
              const core::DeliveryTimes& times = {});
  /// How many messages a batch gathers at most.
  void set_batch_messages(std::size_t messages) noexcept { batch_messages_ = messages; }

  [[nodiscard]] bool empty() const noexcept { return batches_.empty(); }
  [[nodiscard]] std::size_t octets() const noexcept { return octets_; }
  [[nodiscard]] const Gathered& front() const { return batches_.front(); }
  Gathered take();
  void clear();

 private:
  [[nodiscard]] bool must_begin(std::string_view topic, const core::DeliveryTimes& times) const;

  std::string stream_;
  std::deque<Gathered> batches_;  // the last one is still gathering
  std::size_t octets_ = 0;
  std::size_t batch_messages_ = limits::batch_messages_max;
  std::size_t usual_octets_ = 1024;  // of the batches lately, so that a builder seldom has to grow
};

}  // namespace restante::detail
