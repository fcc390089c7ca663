#pragma once
/// \file
/// Which sequences a writer's messages got.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include <restante/types.h>

#include "core/messages.h"

namespace restante::core {

/// Maps the ordinals of one handle (1, 2, … in the order of sending) to sequences and back. Both rise together but at
/// the start of a block, so a run a block is enough. Of more than `runs_max` runs the oldest are forgotten.
/// Not thread-safe.
class SentRuns {
 public:
  explicit SentRuns(std::size_t runs_max) : runs_max_(runs_max) {}

  /// The next messages got the sequences `taken`.
  void note(const Grant& taken);

  struct Place {
    GrantId grant;
    Sequence sequence;
  };
  /// nullopt if the ordinal was not sent, or so long ago that its run is forgotten.
  [[nodiscard]] std::optional<Place> find(std::uint64_t ordinal) const;

  /// The highest ordinal whose sequence is at or below `sequence`; 0 if there is none or it is forgotten.
  [[nodiscard]] std::uint64_t ordinal_to(Sequence sequence) const;

  [[nodiscard]] std::uint64_t last_ordinal() const noexcept { return last_ordinal_; }

 private:
  struct Run {
    std::uint64_t ordinal;  // of its first message
    Grant part;
  };
  std::deque<Run> runs_;
  std::size_t runs_max_;
  std::uint64_t last_ordinal_ = 0;
};

}  // namespace restante::core
