#pragma once
/// \file
/// Does a topic pass a filter? MQTT's rules (MQTT 5, section 4.7): levels are parted by `/`, `+` stands for one whole
/// level, `#` at the end for the level above it and all below it. A filter that begins with a wildcard does not see
/// topics that begin with `$`.

#include <string>
#include <string_view>
#include <vector>

namespace restante::core {

/// `filter` must be one that problem_of_filter() has nothing against; a wrong one matches something, but harmlessly.
bool filter_matches(std::string_view filter, std::string_view topic) noexcept;

/// Does any of `filters` match? No filters at all match everything, the empty topic of pipelines too.
bool filters_match(const std::vector<std::string>& filters, std::string_view topic) noexcept;

/// The longest text that every topic which passes `filter` begins with, for a socket that knows nothing but prefixes:
/// `a/` of `a/+/c`, but `a` of `a/#`, which sees `a` itself. A view into `filter`, which must be as above.
std::string_view prefix_of(std::string_view filter) noexcept;

}  // namespace restante::core
