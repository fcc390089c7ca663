#pragma once
/// \file
/// Each call of the disk fails, one after the other, once and for good.

#include <cstdint>
#include <string>

#include "tests/disk/day.h"

namespace restante::disk {

struct IoFigures {
  std::uint64_t faults = 0;          ///< runs in which the call that was to fail did
  std::uint64_t stops = 0;           ///< of them ended with StoreFailed
  std::uint64_t refused_starts = 0;  ///< of them could not open the store
  std::uint64_t commits = 0;
  std::uint64_t lost = 0;          ///< runs after which something was missing that had been committed
  std::uint64_t bad_states = 0;    ///< after which the store was between two commits, or could not be opened
  std::uint64_t bad_confirms = 0;  ///< in which a commit returned though a sync had failed
  std::uint64_t bad_stops = 0;     ///< in which a store that had failed took another call
  std::string first;               ///< what was wrong with the first of them

  [[nodiscard]] bool good() const noexcept { return lost + bad_states + bad_confirms + bad_stops == 0; }
};

/// For each kind of call: the k-th fails, for every k until none is left to fail, once and for good; on `commits`
/// commits of a day. `planted`: a write is left out and said to have gone well; ends when that shows.
IoFigures io_campaign(std::size_t commits, std::uint64_t seed, bool planted);

}  // namespace restante::disk
