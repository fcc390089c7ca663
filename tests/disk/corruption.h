#pragma once
/// \file
/// A store whose files were damaged: never a wrong octet delivered, nothing lost in silence, nothing deleted.

#include <cstdint>
#include <string>

#include "tests/disk/day.h"

namespace restante::disk {

struct CorruptionFigures {
  std::uint64_t stores = 0;
  std::uint64_t unhurt = 0;         ///< held everything all the same: what was damaged is free room, or read elsewhere
  std::uint64_t rows_left_out = 0;  ///< told by stream and sequence; everything else was there
  std::uint64_t logs_told = 0;      ///< went back to an earlier commit and said that the log is damaged or gone
  /// Went back in silence by one commit, the last in the log, as if a power cut had cut it off; or, with the log cut
  /// off or gone back in time, by more: what an older copy of a store is (X6).
  std::uint64_t went_back = 0;
  std::uint64_t refused = 0;      ///< were not opened, with the reason, and left as they were
  std::uint64_t stopped = 0;      ///< were opened, and ended with the reason when the damage was read
  std::uint64_t lost = 0;         ///< missed something and did not say so
  std::uint64_t bad_octets = 0;   ///< gave out a row that was never stored so
  std::uint64_t bad_records = 0;  ///< changed a cursor or another record in silence
  std::uint64_t bad_files = 0;    ///< refused, and changed the files all the same
  std::string first;              ///< what was wrong with the first of them

  [[nodiscard]] bool good() const noexcept { return lost + bad_octets + bad_records + bad_files == 0; }
};

/// Damages `stores` stores: a bit, a cut, a page of zeros, two pages swapped, in database and log; the log gone.
/// `planted`: rows are changed with their checksums made to fit, so that they are given out; ends when that shows.
CorruptionFigures corruption_campaign(std::uint64_t stores, std::uint64_t seed, bool planted);

}  // namespace restante::disk
