#pragma once
/// \file
/// The rules of the house, as functions of text: each takes files and returns what it finds, a line each, in the form
/// `path:line: what, and what to do instead`. They read no disk, so that each can be shown a bad snippet.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace house {

constexpr std::size_t file_lines_max = 400;
constexpr std::size_t function_lines_max = 60;
constexpr std::size_t columns_max = 120;

/// One file of the tree.
struct File {
  std::string path;                ///< from the root of the repository
  std::vector<std::string> lines;  ///< as they are
  std::vector<std::string> code;   ///< without comments and without what stands in literals; as many lines
};

using Findings = std::vector<std::string>;

File make_file(std::string path, std::string_view text);

// Text (text.cpp).

[[nodiscard]] bool starts_with_any(std::string_view text, const std::vector<std::string_view>& prefixes);
[[nodiscard]] bool is_cpp(const File& file);
[[nodiscard]] bool is_header(const File& file);

/// Where `word` begins in `line` as a word of its own, from `from` on; npos if nowhere.
[[nodiscard]] std::size_t find_word(std::string_view line, std::string_view word, std::size_t from = 0);
[[nodiscard]] std::string at(const File& file, std::size_t line_index, const std::string& text);

// Includes (includes.cpp).

struct Include {
  std::size_t line_index;
  std::string name;
  bool quoted;
};
[[nodiscard]] std::vector<Include> includes_of(const File& file);

/// Third-party headers stay in the one place that is theirs.
Findings foreign_includes(const File& file);
/// core <- patterns/link <- patterns and sidecar; examples and public headers see public headers only.
Findings arrows(const File& file);
/// core/ is a function of events: no clock, thread, file or socket.
Findings core_is_pure(const File& file);

// Words (words.cpp).

Findings banned_calls(const File& file);
Findings unfinished(const File& file);
Findings machine_paths(const File& file);

// Shape (shape.cpp).

Findings too_long_files(const File& file);
Findings too_long_lines(const File& file);
Findings headers_once(const File& file);
/// Each *_test.cpp is matched by a pattern that a restante_sources() of its folder's list has.
Findings tests_in_no_target(const std::vector<File>& files);

// Functions (functions.cpp).

struct Function {
  std::string name;
  std::size_t line_index;
  std::size_t lines;
};
[[nodiscard]] std::vector<Function> functions_of(const File& file);

/// `path:function` -> the length that it may have, although it is too long.
using Ratchet = std::map<std::string, std::size_t>;
[[nodiscard]] Ratchet parse_ratchet(std::string_view text);
/// Too long functions, and entries of the list that are too generous by now.
Findings too_long_functions(const std::vector<File>& files, const Ratchet& ratchet);

}  // namespace house
