#include "sidecar/commands/record_reader.h"

#include <cstring>
#include <utility>

namespace restante::commands {

namespace {
// Large enough that a million lines are a few hundred calls of read(2).
constexpr std::size_t chunk_size = std::size_t{256} << 10;
}  // namespace

RecordReader::RecordReader(ReadFunction read, Framing framing, std::size_t record_size_max)
    : read_(std::move(read)),
      framing_(framing),
      record_size_max_(record_size_max),
      buffer_(record_size_max + 1 + chunk_size) {}

RecordReader::Step RecordReader::next() {
  const char delimiter = framing_ == Framing::nulls ? '\0' : '\n';
  for (;;) {
    const char* from = buffer_.data() + scanned_;
    const void* found = framing_ == Framing::whole ? nullptr : std::memchr(from, delimiter, end_ - scanned_);
    if (found != nullptr) {
      const std::size_t size = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data()) - begin_;
      if (!cut(size, 1)) continue;
      return size > record_size_max_ ? Step::too_large : Step::record;
    }
    scanned_ = end_;
    const std::size_t pending = end_ - begin_;
    if (pending > record_size_max_) {
      ++number_;
      return Step::too_large;
    }
    if (at_end_) {
      if (pending == 0) return Step::end;
      cut(pending, 0);
      return Step::record;
    }
    const Filled filled = fill();
    if (filled == Filled::nothing_yet) return Step::nothing_yet;
    if (filled == Filled::end && framing_ == Framing::whole && end_ == 0) ++empty_;
  }
}

/// Takes the next `size` octets as a record; false if it is an empty one.
bool RecordReader::cut(std::size_t size, std::size_t delimiter_size) {
  record_ = std::string_view(buffer_.data() + begin_, size);
  begin_ += size + delimiter_size;
  scanned_ = begin_;
  ++number_;
  if (size == 0) ++empty_;
  return size != 0;
}

RecordReader::Filled RecordReader::fill() {
  if (begin_ > 0) {
    // What is moved is less than a record, and there is room for a whole one and a chunk: this happens once a chunk.
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    scanned_ -= begin_;
    begin_ = 0;
  }
  const std::ptrdiff_t count = read_(buffer_.data() + end_, buffer_.size() - end_);
  if (count < 0) return Filled::nothing_yet;
  if (count == 0) {
    at_end_ = true;
    return Filled::end;
  }
  end_ += static_cast<std::size_t>(count);
  return Filled::some;
}

}  // namespace restante::commands
