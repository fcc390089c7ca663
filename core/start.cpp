#include "core/start.h"

#include <charconv>

#include <restante/limits.h>

namespace restante::core {

namespace {

template <typename Number>
std::optional<Number> number_of(std::string_view text, Number last) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 1 || number > last) return std::nullopt;
  return number;
}

}  // namespace

std::optional<Start> parse_start(std::string_view text) {
  if (text.empty() || text == "new") return Start{};
  if (text == "beginning") return Start{Start::Kind::beginning};
  if (text.front() == '@') {
    // As far as sums of times may reach: a thousand times 100 years are no time, and overflow nothing.
    const auto time = number_of<std::int64_t>(text.substr(1), 1000 * limits::wait_ms_max);
    return time ? std::optional(Start{Start::Kind::time, 0, *time}) : std::nullopt;
  }
  const auto sequence = number_of<Sequence>(text, limits::sequence_max);
  return sequence ? std::optional(Start{Start::Kind::sequence, *sequence}) : std::nullopt;
}

}  // namespace restante::core
