#include <fnmatch.h>

#include <algorithm>
#include <sstream>

#include "tests/house/rules.h"

namespace house {
namespace {

/// What people read as code. Documents and data may be as long and as wide as they need.
bool is_code(const File& file) {
  return is_cpp(file) || file.path.ends_with(".py") || file.path.ends_with(".capnp") || file.path.ends_with(".cmake") ||
         file.path.ends_with("CMakeLists.txt") || file.path == "dev" || file.path == ".ci/run";
}

std::size_t columns(std::string_view line) {  // of UTF-8: every octet but those that continue a character
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

/// The patterns in all restante_sources(variable pattern... [EXCLUDE regex...]) of a CMakeLists.txt.
std::vector<std::string> patterns_of(const File& list) {
  std::vector<std::string> patterns;
  for (const auto& line : list.lines) {
    const auto call = line.find("restante_sources(");
    if (call == line.npos) continue;
    std::istringstream words(line.substr(call, line.find(')', call) - call));
    std::string word;
    words >> word;  // the variable
    while (words >> word && word != "EXCLUDE") patterns.push_back(word);
  }
  return patterns;
}

}  // namespace

Findings too_long_files(const File& file) {
  if (!is_code(file) || file.lines.size() <= file_lines_max) return {};
  return {at(file, 0,
             std::to_string(file.lines.size()) + " lines, at most " + std::to_string(file_lines_max) +
                 ": is it still one class with one job?")};
}

Findings too_long_lines(const File& file) {
  Findings findings;
  for (std::size_t i = 0; is_code(file) && i < file.lines.size(); ++i) {
    const auto width = columns(file.lines[i]);
    if (width > columns_max) findings.push_back(at(file, i, std::to_string(width) + " columns, at most 120"));
  }
  return findings;
}

Findings headers_once(const File& file) {
  if (!is_header(file) || std::find(file.code.begin(), file.code.end(), "#pragma once") != file.code.end()) return {};
  return {at(file, 0, "no #pragma once")};
}

Findings tests_in_no_target(const std::vector<File>& files) {
  Findings findings;
  for (const auto& file : files) {
    if (!file.path.ends_with("_test.cpp")) continue;
    const auto slash = file.path.rfind('/') + 1;
    const auto list = std::find_if(files.begin(), files.end(), [&](const File& other) {
      return other.path == file.path.substr(0, slash) + "CMakeLists.txt";
    });
    const auto patterns = list == files.end() ? std::vector<std::string>() : patterns_of(*list);
    const bool found = std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
      return ::fnmatch(pattern.c_str(), file.path.c_str() + slash, 0) == 0;
    });
    if (!found)
      findings.push_back(at(file, 0, "a test in no target: no pattern of its folder's CMakeLists.txt finds it"));
  }
  return findings;
}

}  // namespace house
