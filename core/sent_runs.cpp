#include "core/sent_runs.h"

#include <algorithm>

namespace restante::core {

void SentRuns::note(const Grant& taken) {
  const bool goes_on =
      !runs_.empty() && runs_.back().part.grant == taken.grant && runs_.back().part.range.last + 1 == taken.range.first;
  if (goes_on) {
    runs_.back().part.range.last = taken.range.last;
  } else {
    if (runs_.size() >= runs_max_) runs_.pop_front();
    runs_.push_back(Run{last_ordinal_ + 1, taken});
  }
  last_ordinal_ += taken.range.last - taken.range.first + 1;
}

std::optional<SentRuns::Place> SentRuns::find(std::uint64_t ordinal) const {
  if (ordinal == 0 || ordinal > last_ordinal_) return std::nullopt;
  auto after = std::upper_bound(runs_.begin(), runs_.end(), ordinal,
                                [](std::uint64_t value, const Run& run) { return value < run.ordinal; });
  if (after == runs_.begin()) return std::nullopt;
  const Run& run = *--after;
  return Place{run.part.grant, run.part.range.first + (ordinal - run.ordinal)};
}

std::uint64_t SentRuns::ordinal_to(Sequence sequence) const {
  auto after = std::upper_bound(runs_.begin(), runs_.end(), sequence,
                                [](Sequence value, const Run& run) { return value < run.part.range.first; });
  if (after == runs_.begin()) return 0;
  const Run& run = *--after;
  return run.ordinal + (std::min(sequence, run.part.range.last) - run.part.range.first);
}

}  // namespace restante::core
