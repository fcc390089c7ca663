#pragma once
/// \file
/// The values in a command. Each throws Fault for a text that is none.

#include <cstdint>
#include <string>
#include <vector>

#include <restante/types.h>

#include "core/messages.h"

namespace restante::scenarios {

std::uint64_t number_of(const std::string& text);
core::Range range_of(const std::string& text);     ///< 3 or 3..5
Duration duration_of(const std::string& text);     ///< 5ms, 2s, 3min
std::uint64_t octets_of(const std::string& text);  ///< 40, 64KiB, 1MiB
std::vector<std::string> split(const std::string& text, char at);

}  // namespace restante::scenarios
