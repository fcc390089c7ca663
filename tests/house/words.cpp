#include "tests/house/rules.h"

namespace house {
namespace {

struct Ban {
  std::string_view word;
  bool call;                             ///< only where a parenthesis follows
  std::vector<std::string_view> in;      ///< folders; empty: everywhere
  std::vector<std::string_view> not_in;  ///< folders
  std::string_view instead;
};

constexpr std::string_view wait = "wait for a condition with a deadline, or move the simulated clock";

// Written in two halves where the whole word would be a find for other readers of the tree.
const std::vector<Ban> bans{
    {"sleep_"
     "for",
     false,
     {"tests/", "core/"},
     {},
     wait},
    {"sleep_"
     "until",
     false,
     {"tests/", "core/"},
     {},
     wait},
    {"u"
     "sleep",
     true,
     {"tests/", "core/"},
     {},
     wait},
    {"nano"
     "sleep",
     true,
     {"tests/", "core/"},
     {},
     wait},
    {"sleep", true, {"tests/", "core/"}, {}, wait},
    {"strcpy", true, {}, {}, "std::string"},
    {"strcat", true, {}, {}, "std::string"},
    {"sprintf", true, {}, {}, "std::to_chars, std::to_string or std::snprintf"},
    {"vsprintf", true, {}, {}, "std::vsnprintf"},
    {"strtok", true, {}, {}, "std::string_view and find"},
    {"rand", true, {}, {}, "core/random.h: seeded, so that a run can be repeated"},
    {"srand", true, {}, {}, "core/random.h: seeded, so that a run can be repeated"},
    {"atoi", true, {}, {}, "std::from_chars, which tells errors"},
    {"atol", true, {}, {}, "std::from_chars, which tells errors"},
    {"atof", true, {}, {}, "std::from_chars, which tells errors"},
    {"localtime", true, {}, {}, "localtime_r, which is safe among threads"},
    {"gmtime", true, {}, {}, "gmtime_r, which is safe among threads"},
    {"std::endl", false, {}, {}, "'\\n', and std::flush where it is meant"},
    {"assert", true, {}, {"tests/"}, "RESTANTE_ASSERT, which stays on in release"},
    {"system", true, {}, {}, "fork and exec, without a shell"},
};

bool is_call(std::string_view line, std::size_t end) {
  const auto next = line.find_first_not_of(' ', end);
  return next != line.npos && line[next] == '(';
}

/// All words of all files, comments included.
Findings find_anywhere(const File& file, const std::vector<std::string_view>& words, bool whole,
                       const std::string& text) {
  Findings findings;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    for (const auto word : words) {
      const auto found = whole ? find_word(file.lines[i], word) : file.lines[i].find(word);
      if (found != std::string::npos) findings.push_back(at(file, i, std::string(word) + ": " + text));
    }
  }
  return findings;
}

}  // namespace

Findings banned_calls(const File& file) {
  if (!is_cpp(file)) return {};
  Findings findings;
  for (const auto& ban : bans) {
    if (!ban.in.empty() && !starts_with_any(file.path, ban.in)) continue;
    if (starts_with_any(file.path, ban.not_in)) continue;
    for (std::size_t i = 0; i < file.code.size(); ++i) {
      const std::string_view line = file.code[i];
      const auto found = find_word(line, ban.word);
      if (found == line.npos || (ban.call && !is_call(line, found + ban.word.size()))) continue;
      findings.push_back(at(file, i, std::string(ban.word) + ": use " + std::string(ban.instead)));
    }
  }
  // Fixtures of the tests may, and literals (1s, "x"sv) have no other way.
  const bool checked = is_header(file) && !file.path.starts_with("tests/");
  for (std::size_t i = 0; checked && i < file.code.size(); ++i) {
    const bool literals = file.code[i].ends_with("literals;");
    if (literals || find_word(file.code[i], "using namespace") == std::string::npos) continue;
    findings.push_back(at(file, i, "using namespace in a header: name what is needed"));
  }
  return findings;
}

Findings unfinished(const File& file) {
  return find_anywhere(file,
                       {"FIX"
                        "ME",
                        "TO"
                        "DO",
                        "XX"
                        "X"},
                       true, "finish it, or write an issue");
}

Findings machine_paths(const File& file) {
  return find_anywhere(file,
                       {"/wo"
                        "rk/",
                        "/ro"
                        "ot/"},
                       false, "a path of one machine");
}

}  // namespace house
