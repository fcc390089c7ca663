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

/// Ids with the application's last word on them (X9): never forgotten by time, only below what the sidecar has passed,
/// and then only when the memory is needed, because an ack may still be on its way. Not thread-safe.
class SettledIds {
 public:
  void ack(GrantId grant, Sequence sequence) { ids_.insert(grant, {sequence, sequence}); }
  void reject(GrantId grant, Sequence sequence, const std::string& reason);
  void erase_from(Sequence first);
  void clear() { erase_from(0); }

  [[nodiscard]] const IdSet& ids() const noexcept { return ids_; }
  /// More is remembered than it should be: nothing new is asked for until the sidecar has passed some of it.
  [[nodiscard]] bool full() const noexcept;

  /// Says again what was said of `range`, all of which is in ids().
  void say_again(GrantId grant, Range range, AckBatch& words) const;
  /// Says again everything above `floor`.
  void say_again_above(Sequence floor, AckBatch& words) const;

  /// The sidecar has passed `floor`.
  void pass(Sequence floor);

 private:
  using Id = std::pair<GrantId, Sequence>;
  static constexpr std::size_t kept_ranges = limits::settled_ranges_max / 16;
  static constexpr std::size_t reasons_max = 1U << 20;  // octets

  IdSet ids_;
  std::map<Id, std::string> rejected_;  // of ids_: those whose word is no ack
  std::size_t reason_octets_ = 0;
  Sequence passed_ = 0;
};

}  // namespace restante::core
