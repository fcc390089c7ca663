#pragma once
/// \file
/// The grants of a stream that its sidecar has told a consumer.

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "core/messages.h"

namespace restante::core {

/// Tells a live copy of the stream from one of another store or of a fenced writer (X3), and notices when the sidecar's
/// store is not the one it was (X6). Not thread-safe.
class KnownGrants {
 public:
  /// Is all of `range` in `grant`, as the sidecar told it?
  [[nodiscard]] bool announced(GrantId grant, Range range) const;

  /// Does a known block begin right behind `sequence`?
  [[nodiscard]] bool begins_after(Sequence sequence) const { return grants_.contains(sequence + 1); }

  /// The first sequence that is known here and not, or otherwise, by the sidecar that told `grants`, its whole list
  /// above `floor`: a regress. Nothing is changed.
  [[nodiscard]] std::optional<Sequence> regress_in(const std::vector<Grant>& grants, Sequence floor) const;

  /// The same for a list told in the middle of a link, whose sidecar has told `floor` before: it may have passed more
  /// meanwhile, and then what is below the whole list was passed by it.
  [[nodiscard]] std::optional<Sequence> regress_in_update(const std::vector<Grant>& grants, Sequence floor) const;

  /// Adds to what is known, of which the newest limits::grants_max are kept.
  void add(const std::vector<Grant>& grants);
  void erase_from(Sequence first);
  /// Forgets old grants that end at or below `floor`, but keeps some: they show a regress of a store that forgot more.
  void trim(Sequence floor);

  [[nodiscard]] std::vector<Grant> all() const;
  [[nodiscard]] Sequence last() const;  ///< of the newest; 0: none

 private:
  static constexpr std::size_t kept = 16;

  std::map<Sequence, Grant> grants_;  // by first
};

}  // namespace restante::core
