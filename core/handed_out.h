#pragma once
/// \file
/// What the application has in hand, and until when.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "core/messages.h"
#include "core/time.h"

namespace restante::core {

/// Messages handed to the application, each under a number of its own that rises. A lease that ends leaves its entry
/// behind until the handler says something, because a late ack still counts (X9) and because a handler that hangs must
/// not be given more work (G3). Not thread-safe.
class HandedOut {
 public:
  struct Hand {
    std::uint64_t number = 0;
    GrantId grant = 0;
    Sequence sequence = 0;
    Instant deadline{};
    bool ended = false;  ///< its lease has; the id is not held by it any more
    bool hangs = false;  ///< it has ended and its handler has said nothing since
    bool gone = false;   ///< settled or forgotten; only a place in the line
  };

  /// The number of the new hand.
  std::uint64_t add(GrantId grant, Sequence sequence, Instant deadline);
  /// A copy of the hand with `number`, if there is one.
  [[nodiscard]] std::optional<Hand> find(std::uint64_t number) const;
  void erase(std::uint64_t number);
  /// The lease runs until `deadline`. False if it has ended; then only that its handler is alive is noted.
  bool extend(std::uint64_t number, Instant deadline);
  /// Ends the leases that are over; those that this call ended, in the order of handing out.
  std::vector<Hand> end_leases(Instant now);
  /// Forgets all hands from sequence `first` on.
  void erase_from(Sequence first);
  void clear() noexcept;

  [[nodiscard]] std::size_t active() const noexcept { return active_; }  ///< leases that run
  [[nodiscard]] bool anything_hangs() const noexcept { return hanging_ > 0; }
  [[nodiscard]] bool holds(GrantId grant, Sequence sequence) const;  ///< a running lease on it. Linear
  [[nodiscard]] std::vector<Hand> all_active() const;
  /// No lease ends before this; end_leases() makes it exact.
  [[nodiscard]] Instant next_deadline() const noexcept { return active_ == 0 ? never : earliest_; }

 private:
  template <typename Line>
  static auto place_in(Line& line, std::uint64_t number);
  void drop(Hand& hand) noexcept;
  void tidy();

  // In the order of the numbers, with the gone among them until there are too many: a handler that keeps one message
  // for long does not make the line grow without end, and nothing is allocated for a message.
  std::deque<Hand> line_;
  std::size_t gone_ = 0;
  std::size_t active_ = 0;
  std::size_t hanging_ = 0;
  std::uint64_t last_number_ = 0;
  Instant earliest_ = never;
};

}  // namespace restante::core
