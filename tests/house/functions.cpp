#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>

#include "tests/house/rules.h"

namespace house {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// A line such as `SYSTEM_TEST(name, 60s)`: a definition by a macro, not the beginning of a function.
bool is_macro_use(const std::string& line) {
  const auto open = line.find('(');
  if (open == line.npos || open == 0 || !line.ends_with(')')) return false;
  return std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(open),
                     [](unsigned char c) { return std::isupper(c) != 0 || c == '_'; });
}

/// Finds bodies by counting braces. That is no parser, and need not be: what is neither a container (namespace, class)
/// nor inside a body, and has a parenthesis before its brace, is a function.
class Scanner {
 public:
  explicit Scanner(const File& file) : file_(file) {}

  std::vector<Function> scan() {
    bool continued = false;  // a macro's next line
    for (line_ = 0; line_ < file_.code.size(); ++line_) {
      const std::string& line = file_.code[line_];
      const auto first = line.find_first_not_of(' ');
      const bool macro = continued || (first != line.npos && line[first] == '#');
      continued = macro && line.ends_with('\\');
      if (macro) continue;
      for (column_ = 0; column_ < line.size(); ++column_) take(line[column_]);
      take(' ');
      if (body_depth_ == 0 && is_macro_use(line)) header_.clear();
    }
    return std::move(found_);
  }

 private:
  void take(char c) {
    if (c == '{') {
      open();
    } else if (c == '}') {
      close();
    } else if (body_depth_ == 0) {
      if (c == ';') {
        header_.clear();
      } else if (!header_.empty() || c != ' ') {
        if (header_.empty()) header_line_ = line_;
        header_ += c;
      }
    }
  }

  void open() {
    if (body_depth_ > 0) {
      ++body_depth_;
    } else if (is_container()) {
      header_.clear();
    } else {
      body_depth_ = 1;
    }
  }

  void close() {
    if (body_depth_ == 0) {  // of a container
      header_.clear();
      return;
    }
    if (--body_depth_ > 0) return;
    const char next = next_character();
    if (next == ',' || next == '{') return;  // a member's initializer, `a_{1}, b_{2} {`: the header goes on
    if (header_.find('(') != header_.npos) found_.push_back({name(), header_line_, line_ - header_line_ + 1});
    header_.clear();
  }

  [[nodiscard]] bool is_container() const {
    if (header_.empty()) return true;
    if (find_word(header_, "namespace") != header_.npos || find_word(header_, "extern") == 0) return true;
    if (header_.find('(') != header_.npos) return false;
    static const std::vector<std::string_view> keywords{"class", "struct", "union", "enum"};
    return header_.find('=') == header_.npos && std::any_of(keywords.begin(), keywords.end(), [&](auto keyword) {
             return find_word(header_, keyword) != header_.npos;
           });
  }

  [[nodiscard]] char next_character() const {
    std::size_t column = column_ + 1;
    for (std::size_t line = line_; line < file_.code.size(); ++line, column = 0) {
      const auto found = file_.code[line].find_first_not_of(' ', column);
      if (found != std::string::npos) return file_.code[line][found];
    }
    return ' ';
  }

  /// What stands before the first parenthesis; for TEST_CASE("name"), which all have the same, the name.
  [[nodiscard]] std::string name() const {
    const auto end = header_.find('(');
    auto begin = end;
    while (begin > 0 && (is_word(header_[begin - 1]) || header_[begin - 1] == ':' || header_[begin - 1] == '~'))
      --begin;
    if (header_.compare(begin, end - begin, "TEST_CASE") != 0) return header_.substr(begin, end - begin);
    const std::string& line = file_.lines[header_line_];
    const auto open = line.find('"');
    return open == line.npos ? "TEST_CASE" : line.substr(open + 1, line.find('"', open + 1) - open - 1);
  }

  const File& file_;
  std::size_t line_ = 0;
  std::size_t column_ = 0;
  std::size_t body_depth_ = 0;
  std::string header_;
  std::size_t header_line_ = 0;
  std::vector<Function> found_;
};

}  // namespace

std::vector<Function> functions_of(const File& file) { return Scanner(file).scan(); }

Ratchet parse_ratchet(std::string_view text) {
  Ratchet ratchet;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const auto space = line.rfind(' ');
    if (line.empty() || line[0] == '#' || space == line.npos) continue;
    ratchet[line.substr(0, space)] = std::stoul(line.substr(space + 1));
  }
  return ratchet;
}

Findings too_long_functions(const std::vector<File>& files, const Ratchet& ratchet) {
  Findings findings;
  std::set<std::string> still_long;
  for (const auto& file : files) {
    if (!is_cpp(file)) continue;
    for (const auto& function : functions_of(file)) {
      if (function.lines <= function_lines_max) continue;
      const std::string key = file.path + ':' + function.name;
      const std::string length = std::to_string(function.lines);
      const auto entry = ratchet.find(key);
      still_long.insert(key);
      if (entry == ratchet.end() || function.lines > entry->second) {
        findings.push_back(at(file, function.line_index, function.name + " has " + length + " lines, at most 60"));
      } else if (function.lines < entry->second) {
        findings.push_back(key + " became shorter: write " + length + " into tests/house_rules_ratchet.txt");
      }
    }
  }
  for (const auto& [key, lines] : ratchet) {
    if (!still_long.contains(key))
      findings.push_back(key + " is not too long any more: take it off the ratchet's list");
  }
  return findings;
}

}  // namespace house
