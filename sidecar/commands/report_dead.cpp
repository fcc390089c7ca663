#include "sidecar/commands/report_dead.h"

#include <algorithm>
#include <string_view>

#include "core/attempt_history.h"
#include "sidecar/text.h"

namespace restante::commands {

namespace {

using sidecar::grouped;
using sidecar::shown;

constexpr std::size_t reason_width = 60;
constexpr std::size_t topic_width = 40;
constexpr std::size_t text_shown = 4096;
constexpr std::size_t dump_shown = 256;

std::string line_of(const char* name, const std::string& value) {
  std::string label = name;
  label.resize(std::max<std::size_t>(label.size() + 1, 16), ' ');
  return "  " + label + value + "\n";
}

/// What a terminal can show as it is.
bool is_text(std::string_view payload) {
  if (!sidecar::is_utf8(payload)) return false;
  std::string plain(payload);
  std::erase_if(plain, [](char c) { return c == '\n' || c == '\t' || c == '\r'; });
  return shown(plain) == plain;
}

std::string dump(std::string_view octets) {
  constexpr std::size_t columns = 16;
  std::string text;
  for (std::size_t at = 0; at < octets.size(); at += columns) {
    std::string letters;
    text += "  " + sidecar::to_hex(at).substr(10) + " ";
    for (std::size_t i = at; i < at + columns; ++i) {
      if (i >= octets.size()) {
        text += "   ";
        continue;
      }
      const auto octet = static_cast<unsigned char>(octets[i]);
      text += " " + sidecar::to_hex(octet).substr(14);
      letters += octet >= 0x20 && octet < 0x7F ? octets[i] : '.';
    }
    text += "  " + letters + "\n";
  }
  return text;
}

std::string payload_text(std::string_view payload) {
  const bool text = is_text(payload);
  const std::string_view part = payload.substr(0, text ? text_shown : dump_shown);
  std::string all = line_of("payload", grouped(payload.size()) + (payload.size() == 1 ? " octet" : " octets"));
  if (!text) all += dump(part);
  if (text) {
    // A character that the cut tears is left out.
    std::string_view whole = part;
    while (!sidecar::is_utf8(whole)) whole.remove_suffix(1);
    all += whole;
    if (!whole.ends_with('\n')) all += '\n';
  }
  if (part.size() == payload.size()) return all;
  return all + "  ... and " + grouped(payload.size() - part.size()) + " octets more: --payload writes all of it\n";
}

std::string attributes_text(const sidecar::WholeLetter& whole) {
  if (!whole.attributes) return line_of("attributes", "cannot be read");
  const core::AttributeValues& values = *whole.attributes;
  std::string text;
  const auto add = [&text](const char* name, const std::string& value) {
    if (!value.empty()) text += line_of(name, shown(value));
  };
  add("content-type", values.content_type);
  add("correlation-id", values.correlation_id);
  add("traceparent", values.traceparent);
  add("key", values.key);
  if (values.marker != 0) add("marker", std::to_string(values.marker));
  for (const auto& [name, value] : values.headers) text += line_of("header", shown(name) + ": " + shown(value));
  return text;
}

}  // namespace

LetterTable::LetterTable(std::int64_t now_ms) : now_ms_(now_ms), table_({false, true, true, true, false, false}) {}

std::string LetterTable::text(const std::vector<sidecar::Letter>& letters) {
  std::vector<Row> rows;
  if (!has_head_) rows.push_back({"ID", "ATTEMPTS", "BURIED", "OCTETS", "TOPIC", "REASON"});
  has_head_ = true;
  for (const sidecar::Letter& letter : letters) {
    const core::DeadLetter& told = letter.told;
    rows.push_back({shown(letter.id()), grouped(told.attempts), sidecar::human_age(now_ms_ - told.buried_ms),
                    grouped(told.octets), sidecar::shortened(shown(told.topic), topic_width),
                    sidecar::shortened(shown(told.reason), reason_width)});
    if (told.topic.empty()) rows.back()[4] = "-";
  }
  return table_.text(rows);
}

std::string letters_text(std::uint64_t letters, std::uint64_t octets) {
  return grouped(letters) + (letters == 1 ? " dead letter" : " dead letters") +
         (letters == 0 ? "" : " (" + sidecar::human_size(octets) + ")");
}

std::string render_letter(const sidecar::Letter& letter, std::int64_t now_ms) {
  const core::DeadLetter& told = letter.told;
  std::string text = "dead letter " + shown(letter.id()) + "\n";
  text += line_of("message", shown(letter.message_id()));
  text += line_of("sent", sidecar::time_text(told.source_time_us / 1000));
  text += line_of("buried",
                  sidecar::time_text(told.buried_ms) + ", " + sidecar::human_age(now_ms - told.buried_ms) + " ago");
  text += line_of("reason", shown(told.reason));
  text += line_of("attempts", grouped(told.attempts));
  const auto history = core::attempts_of(told.history);
  for (const core::AttemptLine& line : history) {
    text += "    " + sidecar::time_text(line.at_ms) + "  " + shown(line.who) + "  " + shown(line.why) + "\n";
  }
  if (told.attempts > history.size()) text += "    (the first and the last of them are told)\n";
  if (!told.topic.empty()) text += line_of("topic", shown(told.topic));
  return text;
}

std::string render_letter(const sidecar::WholeLetter& whole, std::int64_t now_ms) {
  return render_letter(whole.letter, now_ms) + attributes_text(whole) + payload_text(whole.payload);
}

}  // namespace restante::commands
