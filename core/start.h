#pragma once
/// \file
/// Where a subscription, a reset or a replay begins, as it is said.

#include <cstdint>
#include <optional>
#include <string_view>

#include <restante/types.h>

namespace restante::core {

/// `new` (or nothing): behind what is there. `beginning`: with the oldest that is kept. A number: with that sequence.
/// `@` and a number: with what was stored at that time, in milliseconds after 1970, or later.
struct Start {
  enum class Kind { newest, beginning, sequence, time } kind = Kind::newest;
  Sequence sequence = 0;
  std::int64_t time_ms = 0;
};

/// nullopt: it is none of these, or out of range.
[[nodiscard]] std::optional<Start> parse_start(std::string_view text);

}  // namespace restante::core
