#pragma once
/// \file
/// Plays a story and compares its traces with what is written.

#include <string>
#include <vector>

#include "tests/scenarios/transcript.h"

namespace restante::scenarios {

struct Outcome {
  Transcript::Traces traces;  ///< a step each; fewer if the story could not be played to its end
  std::string report;         ///< what is wrong, with file and line; empty if all is as it is told
  bool played = true;         ///< to its end
};

Outcome play(const Transcript& transcript);

/// The stories of a folder, in reading order.
std::vector<std::string> stories_in(const std::string& folder);
std::string read_file(const std::string& path);

}  // namespace restante::scenarios
