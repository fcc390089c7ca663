#pragma once
/// \file
/// What is in the store of one stream, owed or only kept.

#include <algorithm>
#include <cstdint>

#include "core/copied_batch.h"
#include "core/store_effects.h"

namespace restante::core {

/// Why there is a gap up to History::pruned_to, for people.
inline constexpr const char* not_kept = "the stream no longer keeps them (retention)";

/// As the store told it with the last Prune, and what was written since.
struct History {
  Sequence pruned_to = 0;  ///< all up to here is gone; 0: not told yet
  std::uint64_t rows = 0, messages = 0, octets = 0;

  void add(const CopiedBatch& batch) {
    ++rows;
    messages += batch.messages();
    octets += batch.octets();
  }
  void set(const Pruned& told) {
    pruned_to = std::max(pruned_to, told.to);
    rows = told.rows;
    messages = told.messages;
    octets = told.octets;
  }
};

}  // namespace restante::core
