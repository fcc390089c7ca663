#include "sidecar/commands/nearest.h"

#include <algorithm>

namespace restante::commands {

std::size_t edit_distance(std::string_view left, std::string_view right) {
  const std::size_t width = right.size() + 1;
  std::vector<std::size_t> before(width);    // row i - 2, for swaps
  std::vector<std::size_t> previous(width);  // row i - 1
  std::vector<std::size_t> current(width);
  for (std::size_t j = 0; j < width; ++j) previous[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j < width; ++j) {
      const std::size_t replaced = previous[j - 1] + (left[i - 1] == right[j - 1] ? 0U : 1U);
      current[j] = std::min({replaced, previous[j] + 1, current[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
      if (swapped) current[j] = std::min(current[j], before[j - 2] + 1);
    }
    before.swap(previous);
    previous.swap(current);
  }
  return previous[width - 1];
}

std::optional<std::string> nearest_name(std::string_view typed, const std::vector<std::string>& known) {
  // A name that was begun and not finished is nearer than any slip: `--time` for `--timeout`.
  constexpr std::size_t prefix_min = 4;
  // Names are told apart by their first letters: beyond a third of them it is another word.
  std::size_t best = std::max<std::size_t>(2, typed.size() / 3) + 1;
  std::optional<std::string> nearest;
  for (const std::string& name : known) {
    const bool begun = typed.size() >= prefix_min && name.starts_with(typed);
    const std::size_t distance = begun ? 0 : edit_distance(typed, name);
    if (distance >= best || distance >= name.size()) continue;
    best = distance;
    nearest = name;
  }
  return nearest;
}

}  // namespace restante::commands
