#pragma once
/// \file
/// The value types that every part of Restante shares. No clock, thread or socket is needed to use them.

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>

namespace restante {

/// A length of time. `{}` is no wait, `forever` has no end.
using Duration = std::chrono::nanoseconds;
inline constexpr Duration forever = Duration::max();

/// Position of a message in its stream: rising, never used twice, holes are normal. 0 is "before everything".
using Sequence = std::uint64_t;

/// Names a block of sequences given to one writer; random, so that a restored or cloned store cannot bind an id twice.
using GrantId = std::uint64_t;

/// What identifies a message for ever: an id is bound to its octets and never to others (contract C2).
struct MessageId {
  std::string node;       ///< the node whose sidecar keeps the stream
  std::string stream;     ///< the stream's name
  GrantId grant = 0;      ///< the writer's block of sequences
  Sequence sequence = 0;  ///< the position in the stream

  friend bool operator==(const MessageId&, const MessageId&) = default;
};

/// What has become of a sent message.
enum class Outcome : std::uint8_t {
  pending,  ///< in this process only; a crash of this process loses it
  stored,   ///< synced on this node's disk: survives every process and a power cut
  acked,    ///< every subscription that must have it has settled it
  unkept,   ///< live only: nobody had to have it
  dead,     ///< moved to the dead letters
  expired,  ///< older than its expiry
  dropped,  ///< removed by a limit that the owner chose
};

/// What happens at a limit of a subscription: the oldest messages go and are told as a gap, or the publisher waits.
enum class OnLimit : std::uint8_t { cut, refuse };

/// How often and when a message is tried again after a nack without a delay, or a lease that ended. What is left at -1
/// is as the node has it (`restante up --attempts-max --retry-initial`).
struct RetryRule {
  std::int64_t initial_ms = -1;      ///< the first wait
  std::int64_t factor_percent = -1;  ///< each further one is so much longer: 200 doubles; at least 100
  std::int64_t max_ms = -1;          ///< the longest wait
  std::int64_t attempts_max = -1;    ///< then the message is a dead letter; 0: never
  friend bool operator==(const RetryRule&, const RetryRule&) = default;
};

/// How much may wait for a subscription that nobody reads, or that is read too slowly. 0: as much as the disk takes.
struct BacklogLimit {
  std::uint64_t messages = 0;
  std::uint64_t octets = 0;  ///< with what belongs to them, as they are stored
  OnLimit then = OnLimit::cut;
  friend bool operator==(const BacklogLimit&, const BacklogLimit&) = default;
};

/// How fast what waits of a stream is handed out, to each of its subscriptions. 0: as fast as they take it.
struct DrainRate {
  std::uint64_t messages = 0;  ///< a second
  std::uint64_t octets = 0;    ///< a second, with what belongs to them, as they are stored
  [[nodiscard]] bool any() const noexcept { return messages != 0 || octets != 0; }
  friend bool operator==(const DrainRate&, const DrainRate&) = default;
};

}  // namespace restante
