#pragma once
/// \file
/// The file of a node with the rules of its streams.

#include <string>
#include <vector>

#include "core/stream_rules.h"

namespace restante::commands {

/// TOML: a table `[stream."PATTERN"]` for each pattern, with the keys and values of `restante streams set`. Throws
/// UsageError with the file, the line, and what is wrong there; a file that is half right is wrong.
std::vector<core::StreamRules> read_rules_file(const std::string& path);

/// The same of its text; `path` is for people.
std::vector<core::StreamRules> parse_rules(const std::string& text, const std::string& path);

}  // namespace restante::commands
