#pragma once
/// \file
/// "Did you mean": the known name that is the fewest edits away from what was typed.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace restante::commands {

/// Letters to insert, remove, replace or swap with their neighbour to make `right` of `left`.
std::size_t edit_distance(std::string_view left, std::string_view right);

/// The nearest of `known`, or nullopt if none is near enough to be a slip of the finger.
std::optional<std::string> nearest_name(std::string_view typed, const std::vector<std::string>& known);

}  // namespace restante::commands
