#pragma once
/// \file
/// A session that reads what is kept of a stream.

#include <cstdint>
#include <string>
#include <vector>

#include "core/reader_group.h"

namespace restante::core {

/// It owns nothing: nothing is kept for it, and no cursor of the store moves. What it has not settled is in the memory
/// of the sidecar only; on a new link it says itself where it was. A reject ends a message for it and makes no dead
/// letter.
struct Replay {
  ReaderGroup group;
  std::uint64_t session = 0;
  LinkId link = 0;
  std::vector<std::string> filters;
  Sequence until = 0;             ///< the last that it gets
  std::uint64_t load_number = 0;  ///< of the page under way; 0: none
  Sequence told_floor = 0;        ///< by the last checkpoint
  bool tells_gone = false;        ///< what is gone of what it asked for is a gap; not if it asked for what is kept
  bool has_ended = false;         ///< it was told that there is no more
};

}  // namespace restante::core
