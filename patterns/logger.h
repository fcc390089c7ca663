#pragma once
/// \file
/// Where the library's words to people go.

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace restante::detail {

/// NodeOptions::log, or warnings and errors to stderr. Thread-safe if the function is.
class Logger {
 public:
  using Function = std::function<void(int level, std::string_view text)>;
  explicit Logger(Function function) : function_(std::move(function)) {}

  void information(const std::string& text) const noexcept { write(1, text); }
  void warning(const std::string& text) const noexcept { write(2, text); }
  void error(const std::string& text) const noexcept { write(3, text); }

 private:
  void write(int level, const std::string& text) const noexcept;

  Function function_;
};

}  // namespace restante::detail
