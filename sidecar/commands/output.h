#pragma once
/// \file
/// Writing to a descriptor that may be full, closed at its far end, or fail, without ever being stuck in it.

#include <cstddef>
#include <string>
#include <string_view>

namespace restante::commands {

/// Writes whole or says why not. There is no buffer of its own: what write() returned `all` for is with the kernel.
class Output {
 public:
  enum class Result {
    all,
    closed,   ///< the reader is gone (EPIPE)
    stopped,  ///< `stop_descriptor` became readable while the reader took nothing
    failed,   ///< fault() says why
  };

  /// `stop_descriptor` ends waiting for room once it is readable.
  Output(int descriptor, int stop_descriptor);

  Result write(std::string_view octets);

  /// How many octets of the last write() were taken.
  [[nodiscard]] std::size_t taken() const noexcept { return taken_; }
  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }

 private:
  int descriptor_;
  int stop_descriptor_;
  bool waits_;  // a pipe, socket or terminal: its reader may be slow
  std::size_t taken_ = 0;
  std::string fault_;
};

}  // namespace restante::commands
