#pragma once
/// \file
/// Whether a live copy may be delivered yet: the order of an exclusive subscription.

#include <cstddef>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/batch.h"
#include "core/known_grants.h"
#include "core/messages.h"

namespace restante::core {

/// What an exclusive consumer knows: `baseline` (everything owned up to here was delivered or settled before it came)
/// and the last sequence of each topic above it (X2, X3). A live copy whose `prev` is not known waits here while the
/// sidecar catches up. What it says is about order only: whether an id is held, settled or absent is not its business,
/// and being known never justifies an ack (X1). Pure; not thread-safe.
class OrderGate {
 public:
  /// Messages that may be delivered now, as far as order goes.
  struct Passed {
    std::shared_ptr<const Batch> batch;
    Range range;
  };
  enum class Verdict {
    pass,    ///< deliver `range`
    known,   ///< delivered before
    wait,    ///< held here until something before it has come
    refuse,  ///< dropped: too many topics, or nothing is known yet; the control link will bring it
  };
  struct Answer {
    Verdict verdict = Verdict::refuse;
    Range range;
  };

  /// A link begins: everything owned up to `floor` is settled.
  void begin(Sequence floor);
  /// What was asked for on the old link was not answered.
  void on_link_down() noexcept { asked_ = false; }

  /// A live copy; its grant was announced and its topic is wanted.
  Answer on_live(const std::shared_ptr<const Batch>& batch);
  /// A batch of the control link covers all below it, so it is exempt from `prev` (X4).
  void on_control(Sequence last);
  void on_checkpoint(Sequence to);
  /// Everything from `first` on is another store's: known is clamped, not dropped (X6).
  void on_regress(Sequence first);
  /// Drops what waits here of grants that are not announced any more.
  void drop_unannounced(const KnownGrants& grants);

  /// What waited and may be delivered now, in order.
  std::vector<Passed> take_passed();
  /// The `prev` that is missing, once until the next checkpoint: the sidecar has to catch up (T4).
  std::optional<Sequence> take_want();
  [[nodiscard]] bool wants() const noexcept { return !asked_ && !waiting_.empty(); }

  [[nodiscard]] Sequence baseline() const noexcept { return baseline_.value_or(0); }
  [[nodiscard]] Sequence known(const std::string& topic) const;
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }
  [[nodiscard]] std::size_t topics() const noexcept { return seen_.size(); }
  [[nodiscard]] std::uint64_t overflowed() const noexcept { return overflowed_; }  ///< dropped by T5

 private:
  bool note(const std::string& topic, Sequence last);
  void keep(const std::shared_ptr<const Batch>& batch);
  void forget_below_baseline();

  std::optional<Sequence> baseline_;
  std::map<std::string, Sequence> seen_;                      // above the baseline but for what was not tidied yet
  std::map<Sequence, std::shared_ptr<const Batch>> waiting_;  // by first
  std::size_t waiting_octets_ = 0;
  /// While the baseline is below it and nothing was noted, nothing that waits can pass. Too low costs a walk.
  Sequence passes_from_ = std::numeric_limits<Sequence>::max();
  bool noted_ = false;  // since the last walk
  std::uint64_t overflowed_ = 0;
  bool asked_ = false;
};

}  // namespace restante::core
