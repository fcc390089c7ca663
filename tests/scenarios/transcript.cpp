#include "tests/scenarios/transcript.h"

#include <algorithm>

namespace restante::scenarios {

namespace {

constexpr std::string_view command_mark = "> ";
constexpr std::string_view trace_mark = "    ";

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

Transcript::Transcript(std::string file, std::string_view text) : file_(std::move(file)), lines_(split(text)) {
  if (lines_.empty() || lines_.front().empty()) fail(1, "the first line is the title of the story, and it is empty");
  bool why = false;
  for (std::size_t at = 1; at < lines_.size(); ++at) {
    const std::string& line = lines_[at];
    if (line.ends_with(' ') || line.ends_with('\r')) fail(at + 1, "the line ends with a blank");
    if (line.starts_with(command_mark)) {
      if (!why)
        fail(at + 1, "the story does not say why: plain sentences belong between its title and its first command");
      steps_.push_back({at + 1, line.substr(command_mark.size()), {}});
    } else if (line.starts_with(trace_mark)) {
      if (steps_.empty()) fail(at + 1, "a line of a trace belongs behind a command");
      steps_.back().trace.push_back(line.substr(trace_mark.size()));
    } else if (steps_.empty()) {
      why = why || !line.empty();
    } else if (!line.empty() && !line.starts_with("# ")) {
      fail(at + 1, "neither a command (\"> \"), a line of a trace (four blanks) nor a remark (\"# \"): " + line);
    }
  }
  if (steps_.empty()) fail(lines_.size(), "the story has no command");
}

void Transcript::fail(std::size_t line, const std::string& cause) const {
  throw Fault(file_ + ":" + std::to_string(line) + ": " + cause);
}

std::string Transcript::with(const Traces& traces) const {
  std::string text;
  std::size_t step = 0;
  bool replaced = false;
  for (const std::string& line : lines_) {
    if (line.starts_with(trace_mark) && replaced) continue;
    text += line + "\n";
    if (!line.starts_with(command_mark)) continue;
    replaced = step < traces.size();
    if (replaced) {
      for (const std::string& told : traces[step]) text += std::string(trace_mark) + told + "\n";
    }
    ++step;
  }
  return text;
}

std::string diff(const std::vector<std::string>& expected, const std::vector<std::string>& actual) {
  if (expected == actual) return {};
  // The longest common part, from the end.
  const std::size_t rows = expected.size(), columns = actual.size();
  std::vector<std::vector<std::size_t>> common(rows + 1, std::vector<std::size_t>(columns + 1, 0));
  for (std::size_t row = rows; row-- > 0;) {
    for (std::size_t column = columns; column-- > 0;) {
      common[row][column] = expected[row] == actual[column]
                                ? common[row + 1][column + 1] + 1
                                : std::max(common[row + 1][column], common[row][column + 1]);
    }
  }
  std::string text;
  for (std::size_t row = 0, column = 0; row < rows || column < columns;) {
    if (row < rows && column < columns && expected[row] == actual[column]) {
      text += "      " + expected[row++] + "\n";
      ++column;
    } else if (column == columns || (row < rows && common[row + 1][column] >= common[row][column + 1])) {
      text += "    - " + expected[row++] + "\n";
    } else {
      text += "    + " + actual[column++] + "\n";
    }
  }
  return text;
}

}  // namespace restante::scenarios
