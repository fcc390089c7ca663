#include "core/attempt_history.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <restante/limits.h>

namespace restante::core {
namespace {

/// Cut, not within a UTF-8 character, and without what would end a field or a line.
std::string field_of(std::string_view text, std::size_t size_max) {
  std::size_t size = std::min(text.size(), size_max);
  while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80) --size;
  std::string field(text.substr(0, size));
  std::replace_if(
      field.begin(), field.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return field;
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::optional<AttemptLine> parse(std::string_view line) {
  AttemptLine attempt;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), attempt.at_ms);
  if (error != std::errc{} || end == line.data() + line.size() || *end != '\t') return std::nullopt;
  line.remove_prefix(static_cast<std::size_t>(end - line.data()) + 1);
  const std::size_t tab = line.find('\t');
  if (tab == std::string_view::npos) return std::nullopt;
  attempt.who = line.substr(0, tab);
  attempt.why = line.substr(tab + 1);
  return attempt;
}

}  // namespace

void add_attempt(std::string& history, std::int64_t at_ms, std::string_view who, std::string_view why) {
  std::vector<std::string_view> lines;
  for (std::string_view rest = history; !rest.empty();) lines.push_back(take_line(rest));
  std::string kept;
  for (std::size_t at = 0; at < lines.size(); ++at) {
    const bool stays = at == 0 || at + limits::attempts_told > lines.size() + 1;
    if (stays) kept.append(lines[at]) += '\n';
  }
  kept += std::to_string(at_ms) + '\t' + field_of(who, limits::attempt_who_max) + '\t' +
          field_of(why, limits::attempt_why_max) + '\n';
  history = std::move(kept);
}

std::vector<AttemptLine> attempts_of(std::string_view history) {
  std::vector<AttemptLine> attempts;
  while (!history.empty()) {
    if (auto attempt = parse(take_line(history))) attempts.push_back(std::move(*attempt));
  }
  return attempts;
}

}  // namespace restante::core
