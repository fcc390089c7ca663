#include "sidecar/commands/rules_file.h"

#include <fstream>
#include <sstream>

#include <toml++/toml.h>

#include "sidecar/commands/rule.h"

namespace restante::commands {
namespace {

[[noreturn]] void refuse_at(const std::string& path, const toml::source_region& where, const std::string& why) {
  throw UsageError(path + " line " + std::to_string(where.begin.line) + ": " + why);
}

/// As it would stand behind `key=`.
std::string value_of(const toml::node& node, const std::string& key, const std::string& path) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
  refuse_at(path, node.source(), key + " has to be a text or a whole number");
}

core::StreamRules rules_of(const std::string& pattern, const toml::table& table, const std::string& path) {
  core::StreamRules rules{pattern, {}};
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    try {
      take(Rule(name, value_of(node, name, path)), rules.wish);
    } catch (const UsageError& error) {
      if (std::string_view(error.what()).starts_with(path)) throw;
      refuse_at(path, node.source(), error.what());
    }
  }
  try {
    check_rules(rules.wish);
  } catch (const UsageError& error) {
    refuse_at(path, table.source(), error.what());
  }
  return rules;
}

}  // namespace

std::vector<core::StreamRules> parse_rules(const std::string& text, const std::string& path) {
  toml::table file;
  try {
    file = toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    refuse_at(path, error.source(), std::string(error.description()));
  }
  std::vector<core::StreamRules> all;
  for (const auto& [key, node] : file) {
    const toml::table* const streams = key.str() == "stream" ? node.as_table() : nullptr;
    if (streams == nullptr) {
      refuse_at(path, node.source(),
                "there is no '" + std::string(key.str()) + "' here; rules stand in tables " + "[stream.\"PATTERN\"]");
    }
    for (const auto& [pattern, rules] : *streams) {
      const std::string name(pattern.str());
      if (!rules.is_table()) {
        refuse_at(path, rules.source(), "'" + name + "' has to be a table: [stream.\"PATTERN\"], and rules below it");
      }
      all.push_back(rules_of(name, *rules.as_table(), path));
    }
  }
  return all;
}

std::vector<core::StreamRules> read_rules_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file || text.fail()) throw UsageError("--rules cannot be '" + path + "': it cannot be read");
  return parse_rules(text.str(), path);
}

}  // namespace restante::commands
