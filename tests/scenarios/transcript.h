#pragma once
/// \file
/// A story as a text: why, then commands, each with the trace that is expected of it.

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace restante::scenarios {

/// Something is wrong with a transcript. `what()` is the cause; where it is known, "FILE:LINE: cause".
class Fault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// README.md of this folder has the form.
class Transcript {
 public:
  struct Step {
    std::size_t line = 0;  ///< from 1
    std::string command;
    std::vector<std::string> trace;
  };
  using Traces = std::vector<std::vector<std::string>>;

  /// `file` is for people. Throws Fault.
  Transcript(std::string file, std::string_view text);

  [[nodiscard]] const std::string& file() const noexcept { return file_; }
  [[nodiscard]] const std::string& title() const noexcept { return lines_.front(); }
  [[nodiscard]] const std::vector<Step>& steps() const noexcept { return steps_; }
  [[nodiscard]] std::string place(const Step& step) const { return file_ + ":" + std::to_string(step.line); }
  /// The same text with other traces; steps that have none in `traces` keep theirs.
  [[nodiscard]] std::string with(const Traces& traces) const;

 private:
  [[noreturn]] void fail(std::size_t line, const std::string& cause) const;

  std::string file_;
  std::vector<std::string> lines_;
  std::vector<Step> steps_;
};

/// What differs, a line each: `- ` is missing, `+ ` is too much. Empty if nothing does.
std::string diff(const std::vector<std::string>& expected, const std::vector<std::string>& actual);

}  // namespace restante::scenarios
