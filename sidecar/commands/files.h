#pragma once
/// \file
/// Whole files, read and written. Each throws Error(misconfigured) that names the file and what is wrong with it.

#include <cstddef>
#include <string>
#include <string_view>

namespace restante::commands {

/// "cannot `operation` `path`: ..."
[[noreturn]] void throw_file_error(const std::string& operation, const std::string& path, int error);

/// At most `size_max` octets; `-` is standard input.
std::string read_file(const std::string& path, std::size_t size_max);

/// All of it or nothing: what was there before stays until all is written.
void write_file(const std::string& path, std::string_view octets);

/// A file for its owner alone, removed when this goes unless it is to be kept.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view octets);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  void keep() noexcept { kept_ = true; }

 private:
  std::string path_;
  bool kept_ = false;
};

}  // namespace restante::commands
