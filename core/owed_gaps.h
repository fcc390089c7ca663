#pragma once
/// \file
/// The gaps that are owed to one subscription.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/messages.h"
#include "core/random.h"

namespace restante::core {

/// What was dropped by a rule and no consumer was told of yet (B7), in order. Of the messages in a gap's range, those
/// that were not delivered are gone. A gap never changes: one that is joined with its neighbour has a new number, so
/// that a late word about a part of it says nothing about the rest. Not thread-safe.
class OwedGaps {
 public:
  struct Gap {
    std::uint64_t number = 0;
    Range range;
    std::string reason;
    Token sent_to = 0;      ///< the session that has it; 0: nobody
    bool was_sent = false;  ///< ever: it may have been told, and only the word of that is missing
  };
  /// What a transaction is to write; add() and erase() when it is written.
  struct Change {
    std::vector<Gap> added;
    std::vector<std::uint64_t> replaced;
  };

  [[nodiscard]] const std::vector<Gap>& all() const noexcept { return all_; }
  void add(Gap gap);
  /// False if it is not owed: it was told before, or became part of another.
  bool erase(std::uint64_t number);
  /// The session has ended: what it was sent and did not tell is another's to tell.
  void on_left(Token session);

  /// The first that was sent to nobody, or nullptr.
  Gap* next_unsent();
  /// Its first sequence, or 0.
  [[nodiscard]] Sequence first_unsent() const;
  [[nodiscard]] bool anything_unsent() const;
  /// So many as may be are with sessions; the next one waits until one of them was told, and may become part of
  /// another.
  [[nodiscard]] bool enough_sent() const;

  /// What becomes of these if all of `ranges`, in order, are dropped for one reason. Neighbours become one if nothing
  /// that is still to come lies between (`is_clear`) and none was sent to anybody, who may have told it. Beyond
  /// limits::gaps_max the nearest that no session has become one all the same.
  [[nodiscard]] Change joined_with(const std::vector<Range>& ranges, const std::string& reason,
                                   const std::function<bool(Range)>& is_clear, Random& random) const;

  /// What becomes of these if all above `last` comes again: it is not gone.
  [[nodiscard]] Change ended_at(Sequence last, Random& random) const;

 private:
  std::vector<Gap> all_;  // by their first sequence
};

}  // namespace restante::core
