#pragma once
/// \file
/// The settled ranges of a cursor as the text that stands in the table.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/messages.h"

namespace restante::sidecar {

/// JSON, for people and for SQLite's json_each(): `[[12,15],[17,17]]`.
std::string ranges_to_text(const std::vector<core::Range>& ranges);

/// nullopt for anything that ranges_to_text() does not write.
std::optional<std::vector<core::Range>> ranges_from_text(std::string_view text);

}  // namespace restante::sidecar
