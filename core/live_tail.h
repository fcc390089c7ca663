#pragma once
/// \file
/// What a live subscriber has heard or was told of, beside what its sidecar says was published.

#include <cstddef>
#include <deque>
#include <optional>

#include "core/interval_set.h"
#include "core/known_grants.h"
#include "core/messages.h"
#include "core/time.h"

namespace restante::core {

/// The sidecar's word comes another way than what is published, and must not overtake it: what it names is taken for
/// missed when something behind it was heard (what a publisher sends comes in order), or when nothing came for
/// limits::tail_wait. Only what is above the first that was heard can be missed. Pure; not thread-safe.
class LiveTail {
 public:
  /// Hears from now on what is above `since`; forgets all that was before.
  void begin(Sequence since);
  /// Was heard, or was told as missed.
  void note(Range range, Instant now);
  /// The sidecar's word. Ranges of grants that are not in `grants` are another store's, and left out.
  void on_published(const Published& published, const KnownGrants& grants, Instant now);

  /// All of `range` was noted, or was told by due().
  [[nodiscard]] bool is_done(Range range) const;
  /// Of a gap that the chain shows, whose last was missed, that which due() has not told.
  [[nodiscard]] std::optional<Range> untold(Range missed) const;

  /// A range in which something was missed for certain, its first and its last among it; nullopt: nothing more is to be
  /// told now. `next`: what was just heard begins there, and is not noted yet; 0: nothing was.
  [[nodiscard]] std::optional<Range> due(Sequence next, Instant now);
  [[nodiscard]] Instant deadline() const;

 private:
  struct Word {
    Sequence after = 0;
    Sequence to = 0;
    IntervalSet wanted;
    Instant came{};
  };
  [[nodiscard]] std::optional<Range> missed_of(const Word& word) const;
  void finish(const Word& word);

  bool has_begun_ = false;
  Sequence since_ = 0;  // nothing is known up to here
  IntervalSet noted_;   // above all that is complete
  Range complete_{};    // of what is wanted above its first and up to its last, all was noted or told
  std::deque<Word> words_;
  Instant heard_at_{};
};

}  // namespace restante::core
