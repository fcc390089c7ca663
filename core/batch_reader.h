#pragma once
/// \file
/// Reads a batch's messages one by one and remembers where it is.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/assert.h"
#include "core/batch.h"

namespace restante::core {

/// A position in a batch that is not a skip. Batch::message() walks from the front for each message, this walks once.
/// Views the batch, which must stay alive. Copyable; not thread-safe.
class BatchReader {
 public:
  explicit BatchReader(const Batch& batch)
      : octets_(batch.frame().octets()), next_(batch.header().first), last_(batch.header().last) {
    RESTANTE_ASSERT(!batch.header().skip);
    octets_.remove_prefix(prefix_size + std::size_t{8} * number_at(4));
  }

  /// The sequence that next() reads; one past the last at the end.
  [[nodiscard]] Sequence sequence() const noexcept { return next_; }

  /// The message at sequence(), which must not be past the end.
  MessageView next() {
    RESTANTE_ASSERT(next_ <= last_);
    const std::size_t payload_size = number_at(0);
    const std::size_t attributes_size = number_at(4);
    const std::size_t payload_at = record_prefix_size + padded(attributes_size);
    const MessageView view{octets_.substr(payload_at, payload_size),
                           octets_.substr(record_prefix_size, attributes_size)};
    octets_.remove_prefix(payload_at + padded(payload_size));
    ++next_;
    return view;
  }

  /// Goes forward to `sequence`, which must be within what is left.
  void skip_to(Sequence sequence) {
    RESTANTE_ASSERT(sequence >= next_ && sequence <= last_);
    while (next_ < sequence) next();
  }

 private:
  static constexpr std::size_t prefix_size = 16;
  static constexpr std::size_t record_prefix_size = 8;

  static constexpr std::size_t padded(std::size_t size) noexcept { return (size + 7) / 8 * 8; }

  /// The little-endian u32 at `at`; Batch::parse has checked that the frame holds all its records.
  [[nodiscard]] std::uint32_t number_at(std::size_t at) const noexcept {
    std::uint32_t number = 0;
    for (std::size_t i = 4; i > 0; --i) number = number << 8 | static_cast<unsigned char>(octets_[at + i - 1]);
    return number;
  }

  std::string_view octets_;
  Sequence next_;
  Sequence last_;
};

}  // namespace restante::core
