#pragma once
/// \file
/// What became of a sent message.

#include <cstdint>
#include <optional>

#include <restante/types.h>

namespace restante {

namespace detail {
class WriterState;
}

/// Follows one sent message. 16 octets, copyable, no allocation. Valid while its Node lives: using it later is a
/// use after free. Thread-safe.
class Receipt {
 public:
  /// What is known now. Never waits for anything. Below `acked` it speaks of the message itself, `acked` of it and all
  /// before it. `dead`, `expired` and `dropped` of the message itself again: it ended so in some subscription. The last
  /// 1,024 ranges of such messages of each kind are remembered; an older one shows as `acked`, and so does one of which
  /// the sidecar could not tell before it was restarted. What an operator does with a dead letter later changes nothing
  /// here.
  [[nodiscard]] Outcome outcome() const noexcept;

  /// Waits until the message is confirmed: on this node's disk, or acked by every subscription (contract C1).
  /// False: time-out, nothing is undone. Throws Error bad_state if the writer was fenced or closed before that.
  bool wait_confirmed(Duration timeout = forever) const;

  /// Waits until every subscription has settled the message and all before it, in whatever way: outcome() tells. False:
  /// time-out.
  bool wait_processed(Duration timeout = forever) const;

  /// The id of this message; nullopt until it is on its way to the sidecar (which grants the sequences).
  [[nodiscard]] std::optional<MessageId> id() const;

 private:
  friend class Pusher;
  friend class Publisher;
  Receipt(detail::WriterState* writer, std::uint64_t ordinal) : writer_(writer), ordinal_(ordinal) {}

  detail::WriterState* writer_;
  std::uint64_t ordinal_;  // 1, 2, … in the order of send() on its handle
};

}  // namespace restante
