#pragma once
/// \file
/// Rules as people write them, `key=value`: on a command line, and in the file of a node.

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include <restante/limits.h>

#include "core/operator_messages.h"
#include "sidecar/commands/cli.h"
#include "sidecar/commands/command.h"
#include "sidecar/commands/values.h"

namespace restante::commands {

/// One `key=value`.
struct Rule {
  Rule(std::string its_key, std::string its_value) : key(std::move(its_key)), value(std::move(its_value)) {}
  explicit Rule(const std::string& text) {
    const std::size_t equals = text.find('=');
    key = text.substr(0, equals);
    value = equals == std::string::npos ? "" : text.substr(equals + 1);
  }
  [[nodiscard]] std::int64_t wait_ms() const {
    return std::chrono::ceil<std::chrono::milliseconds>(parse_positive_duration(key, value)).count();
  }
  [[nodiscard]] std::uint64_t count() const {
    return parse_count(key, value, 1, std::numeric_limits<std::int64_t>::max());
  }
  [[nodiscard]] std::int64_t attempts() const {
    if (value == "never") return 0;
    return static_cast<std::int64_t>(parse_count(key, value, 1, limits::attempts_set_max));
  }
  /// Which of two words it is.
  [[nodiscard]] bool is_first_of(const std::string& first, const std::string& second) const {
    if (value == first || value == second) return value == first;
    throw UsageError(key + " cannot be '" + value + "': it is " + first + " or " + second);
  }
  std::string key, value;
};

/// Says that it is none of `what`, which has `keys`.
[[noreturn]] void refuse(const Rule& rule, const std::string& what, const Arguments& keys);

/// Sets what `rule` says in `wish`. Throws UsageError if it is no rule of a stream.
void take(const Rule& rule, core::SetStream& wish);

/// Throws UsageError if the rules, all of which were taken, make no sense together.
void check_rules(const core::SetStream& wish);

}  // namespace restante::commands
