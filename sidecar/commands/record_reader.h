#pragma once
/// \file
/// Cuts a flow of octets into records.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include <restante/limits.h>

#include "sidecar/commands/command.h"

namespace restante::commands {

/// Records of a flow, one at a time. Memory is bounded by the largest record and one chunk. The last record needs no
/// delimiter behind it. An empty record cannot be a message: it is skipped and counted.
class RecordReader {
 public:
  /// Puts up to `size` octets at `into` and returns how many; 0 is the end, negative: nothing is there yet. It may
  /// throw; then next() may be called again.
  using ReadFunction = std::function<std::ptrdiff_t(char* into, std::size_t size)>;

  enum class Step {
    record,       ///< record() is the next one
    nothing_yet,  ///< the read function had nothing: call again later
    end,          ///< no more
    too_large,    ///< record number() is larger than allowed; there is no way on
  };

  RecordReader(ReadFunction read, Framing framing, std::size_t record_size_max = limits::payload_size_max);

  Step next();

  /// Valid until the next call of next().
  [[nodiscard]] std::string_view record() const noexcept { return record_; }
  /// Of the record that next() told of last: 1, 2, …, empty ones counted, so that it is the number of the line.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] std::uint64_t empty() const noexcept { return empty_; }

 private:
  enum class Filled { some, nothing_yet, end };
  Filled fill();
  bool cut(std::size_t size, std::size_t delimiter_size);

  ReadFunction read_;
  Framing framing_;
  std::size_t record_size_max_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;    // of the octets that are not cut yet
  std::size_t scanned_ = 0;  // no delimiter between begin_ and here
  std::size_t end_ = 0;
  bool at_end_ = false;
  std::string_view record_;
  std::uint64_t number_ = 0;
  std::uint64_t empty_ = 0;
};

}  // namespace restante::commands
