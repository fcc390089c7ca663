#pragma once
/// \file
/// A power cut at any operation of a day, with any part of what was not synced on the disk.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/random.h"
#include "tests/disk/day.h"

namespace restante::disk {

/// How much of what was not synced is there after the cut.
enum class Kept { nothing, all, some, torn, shuffled };

/// Figures of a campaign.
struct CrashFigures {
  std::uint64_t images = 0, commits = 0, messages = 0, operations = 0, second_cuts = 0;
  std::uint64_t lost = 0;          ///< images in which something was missing that was committed
  std::uint64_t bad_states = 0;    ///< that were between two commits, or damaged, or could not go on
  std::uint64_t bad_refusals = 0;  ///< that could not be opened
  std::uint64_t bad_alarms = 0;    ///< that were told to be damaged and are not
  std::string first;               ///< what was wrong with the first of them

  [[nodiscard]] bool good() const noexcept { return lost + bad_states + bad_refusals + bad_alarms == 0; }
};

/// Makes `images` images of days that begin with `seed` and looks at each. `planted`: the disk forgets the syncs of the
/// log, as `synchronous = NORMAL` would; ends with the first image that shows it.
CrashFigures crash_campaign(std::uint64_t images, std::uint64_t seed, bool planted);

/// A disk that is given the operations one by one, and knows what of them it may have forgotten.
class CutDisk {
 public:
  CutDisk(Files before, bool forgets_log_syncs) : synced_(std::move(before)), forgets_(forgets_log_syncs) {}

  void take(const Operation& operation);
  /// What is there if the power is cut now.
  [[nodiscard]] Files image(Kept kept, core::Random& random) const;

 private:
  Files synced_;
  std::vector<Operation> database_, log_;  // since the last sync of each
  bool forgets_;
};

}  // namespace restante::disk
