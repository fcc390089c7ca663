#pragma once
/// \file
/// What a run should meet: a world in which something never happens says nothing about it.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace restante::sim {

/// Counts of what happened, over the worlds of one run.
using Sometimes = std::map<std::string, std::uint64_t>;

/// Those that must happen, and did not. Of use from 500 seeds on.
[[nodiscard]] std::vector<std::string> never_happened(const Sometimes& sometimes);

}  // namespace restante::sim
