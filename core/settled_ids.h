#pragma once
/// \file
/// What a consumer has settled: remembered, so that it is neither delivered twice nor forgotten by a lost link.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <restante/limits.h>

#include "core/ack_batch.h"
#include "core/id_set.h"
#include "core/messages.h"

namespace restante::core {

/// Ids with the application's last word on them (X9): never forgotten by time, only when the memory is needed, and then
/// only below the sidecar's floor and if the word on them is on its disk. The floor alone does not say that: it passes
/// what is parked (B4). So a *mark* is set among the Settle messages of a session; when the sidecar says that it has
/// written as many, all that was settled before the mark may go (decision 0010). Not thread-safe.
class SettledIds {
 public:
  void ack(GrantId grant, Sequence sequence);
  void reject(GrantId grant, Sequence sequence, const std::string& reason);
  /// A rejection that an operator has done away with: the id is absent again. An ack stays.
  void forget_rejection(GrantId grant, Sequence sequence);
  void erase_from(Sequence first);
  void clear() { erase_from(0); }

  [[nodiscard]] const IdSet& ids() const noexcept { return ids_; }
  /// More is remembered than it should be: nothing new is asked for until the sidecar has passed some of it.
  [[nodiscard]] bool full() const noexcept;

  /// Says again what was said of `range`, all of which is in ids().
  void say_again(GrantId grant, Range range, AckBatch& words) const;
  /// A new session, whose sidecar tells `floor`: says everything again, because the link before may have lost it. What
  /// is below the floor may be parked, whether its block is still listed or not.
  void begin(Sequence floor, AckBatch& words);
  /// All words so far are in the first `count` Settle messages of the session.
  void said(std::uint64_t count);
  /// The sidecar has passed `floor` and written the first `heard` Settle messages.
  void pass(Sequence floor, std::uint64_t heard);
  /// The same, and there are no other words: no mark is needed, and perhaps no other checkpoint comes.
  void pass_all(Sequence floor);

 private:
  using Id = std::pair<GrantId, Sequence>;
  static constexpr std::size_t kept_ranges = limits::settled_ranges_max / 16;
  static constexpr std::size_t reasons_max = 1U << 20;  // octets

  IdSet ids_;
  std::map<Id, std::string> rejected_;  // of ids_: those whose word is no ack
  std::size_t reason_octets_ = 0;
  static constexpr std::uint64_t unset = ~std::uint64_t{0};
  void set_mark(Sequence floor);
  void forget_marked();

  std::uint64_t mark_ = unset;  // Settle messages; unset until the words before it are said
  Sequence mark_floor_ = 0;     // what was settled before the mark and is not above this may go when it is written
  IdSet late_;                  // up to mark_floor_, settled after the mark
};

}  // namespace restante::core
