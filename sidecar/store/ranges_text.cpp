#include "sidecar/store/ranges_text.h"

#include <charconv>

namespace restante::sidecar {
namespace {

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

bool take(std::string_view& text, Sequence& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

std::string ranges_to_text(const std::vector<core::Range>& ranges) {
  std::string text = "[";
  for (const core::Range& range : ranges) {
    if (text.size() > 1) text += ',';
    text += '[';
    text += std::to_string(range.first);
    text += ',';
    text += std::to_string(range.last);
    text += ']';
  }
  return text + ']';
}

std::optional<std::vector<core::Range>> ranges_from_text(std::string_view text) {
  const std::string_view whole = text;
  std::vector<core::Range> ranges;
  Sequence above = 0;  // ranges rise: a turned bit in a number mostly shows
  if (text == "[]") return ranges;
  if (!take(text, "[")) return std::nullopt;
  do {
    core::Range& range = ranges.emplace_back();
    const bool is_good = take(text, "[") && take(text, range.first) && take(text, ",") && take(text, range.last) &&
                         take(text, "]") && range.first <= range.last && range.first > above;
    if (!is_good) return std::nullopt;
    above = range.last;
  } while (take(text, ","));
  if (text != "]" || ranges_to_text(ranges) != whole) return std::nullopt;
  return ranges;
}

}  // namespace restante::sidecar
