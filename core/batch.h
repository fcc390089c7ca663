#pragma once
/// \file
/// The batch: consecutive sequences of one stream with one topic; the unit on the wire and on disk.
///
/// One frame, little-endian, encoded once by the library of the sending service and never again:
///
///     0  u16 magic "RB"   2  u8 format (1)   3  u8 flags (bit 0: skip)   4  u32 header words
///     8  u32 CRC32C of octets 0..8 and 16..end                           12 u32 count of messages
///     16 the header: one Cap'n Proto segment (BatchHeader in wire.capnp), `header words` x 8 octets
///     .. count records, each: u32 payload size, u32 attributes size, attributes, payload, both padded to 8
///
/// So every payload starts at an 8-octet offset. A skip has no records: its sequences were given up (PROTOCOL W5).

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <restante/types.h>

#include "core/buffer.h"

namespace restante::core {

/// Names a session or a link; random and never 0.
using Token = std::uint64_t;

/// When the messages of a batch may be handed out, in milliseconds after their sidecar has taken the copy.
struct DeliveryTimes {
  std::int64_t expire_after_ms = 0;   ///< not any more then; 0: as its stream has it
  std::int64_t deliver_after_ms = 0;  ///< not before; 0: at once
  friend bool operator==(const DeliveryTimes&, const DeliveryTimes&) = default;
};

/// What the batch header says (PROTOCOL.md, Names).
struct BatchHeader {
  std::string stream;
  std::string topic;
  GrantId grant = 0;
  Sequence first = 0;
  Sequence last = 0;
  Sequence prev = 0;                ///< the previous message of this topic; may be too high, never too low (W4)
  Sequence before = 0;              ///< the previous sequence of this writer handle, any topic (W2)
  std::int64_t source_time_us = 0;  ///< wall clock of the writer, for people only
  Token owner = 0;                  ///< the worker chosen for the live copy; 0 is none
  std::uint64_t marker = 0;         ///< the highest marker of its messages; 0 is none
  DeliveryTimes times{};            ///< of each of its messages
  bool skip = false;

  friend bool operator==(const BatchHeader&, const BatchHeader&) = default;
};

/// One message inside a batch; views into the batch's octets.
struct MessageView {
  std::string_view payload;
  std::string_view attributes;  ///< encoded; empty if there are none; decode_attributes() in wire.h
};

/// A batch that was checked completely: magic, CRC, every bound of limits.h, every record within the frame.
class Batch {
 public:
  /// Checks `frame`. nullopt, and the reason in `why`, for anything that is not a whole and allowed batch.
  static std::optional<Batch> parse(Buffer frame, std::string& why);

  [[nodiscard]] const BatchHeader& header() const noexcept { return header_; }
  [[nodiscard]] const Buffer& frame() const noexcept { return frame_; }
  [[nodiscard]] std::size_t count() const noexcept {
    return static_cast<std::size_t>(header_.last - header_.first + 1);
  }

  /// The message with `sequence`, which must be within [first, last] and the batch not a skip. Linear in the position.
  [[nodiscard]] MessageView message(Sequence sequence) const;

  /// Calls `visit(sequence, message)` for each message, in order.
  void for_each(const std::function<void(Sequence, const MessageView&)>& visit) const;

 private:
  Batch(BatchHeader header, Buffer frame, std::size_t records_at)
      : header_(std::move(header)), frame_(std::move(frame)), records_at_(records_at) {}

  BatchHeader header_;
  Buffer frame_;
  std::size_t records_at_;
};

/// Gathers messages into a batch in place. Not thread-safe; movable.
class BatchBuilder {
 public:
  /// Room for the header of this stream and topic is kept in front, so that sealing copies nothing.
  BatchBuilder(std::string stream, std::string topic, std::size_t capacity_hint = 1024);

  void append(std::string_view payload, std::string_view attributes = {});
  /// Of all its messages; to be put into the header.
  void set_times(const DeliveryTimes& times) noexcept { times_ = times; }

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }  ///< octets of the frame so far
  [[nodiscard]] const std::string& topic() const noexcept { return topic_; }
  [[nodiscard]] const DeliveryTimes& times() const noexcept { return times_; }

  /// Writes the header (its stream and topic are the builder's) and the CRC in place. May be called again with another
  /// owner while nobody else has the buffer. A batch without messages must be a skip.
  Buffer seal(const BatchHeader& header);

 private:
  void reserve(std::size_t size);

  std::string stream_;
  std::string topic_;
  std::shared_ptr<std::uint64_t[]> words_;
  std::size_t capacity_ = 0;  // octets
  std::size_t size_ = 0;
  std::size_t header_words_ = 0;
  std::size_t count_ = 0;
  DeliveryTimes times_;
};

}  // namespace restante::core
