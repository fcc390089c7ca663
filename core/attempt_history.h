#pragma once
/// \file
/// What became of a message's attempts: when, with whom, and why each ended. A text, as it is kept and told: a line an
/// attempt, `milliseconds after 1970, tab, who, tab, why`.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace restante::core {

struct AttemptLine {
  std::int64_t at_ms = 0;
  std::string who;
  std::string why;
};

/// Adds an attempt that has ended. Of many the first and the last ones stay (limits::attempts_told); long texts are
/// cut.
void add_attempt(std::string& history, std::int64_t at_ms, std::string_view who, std::string_view why);

/// What `history` says; a line that does not fit the form is left out.
std::vector<AttemptLine> attempts_of(std::string_view history);

}  // namespace restante::core
