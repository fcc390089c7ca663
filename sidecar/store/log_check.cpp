#include "sidecar/store/log_check.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <vector>

#include <restante/error.h>

#include "sidecar/store/log_end.h"
#include "sidecar/store/store_files.h"

namespace restante::sidecar {
namespace {

// https://www.sqlite.org/fileformat2.html, section 4.1. Numbers are big-endian; what the checksum adds up is of the
// byte order that the magic number tells.
constexpr std::size_t header_size = 32;
constexpr std::size_t frame_header_size = 24;
constexpr std::size_t sector_size = 512;  // the least that a disk writes as a whole
constexpr std::uint32_t magic_little = 0x377f0682;
constexpr std::uint32_t magic_big = 0x377f0683;

std::uint32_t swapped(std::uint32_t word) {
  return word >> 24 | (word >> 8 & 0xFF00) | (word << 8 & 0xFF0000) | word << 24;
}

std::uint32_t word_at(const char* at, bool is_big) {
  std::uint32_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return is_big == (std::endian::native == std::endian::big) ? word : swapped(word);
}

std::uint32_t number_at(const char* at) { return word_at(at, true); }

/// Two sums, each of which takes in the other: of all frames from the header on.
struct Checksum {
  bool is_big = false;
  std::uint32_t first = 0;
  std::uint32_t second = 0;

  void add(const char* octets, std::size_t size) {
    for (const char* const end = octets + size; octets != end; octets += 8) {
      first += word_at(octets, is_big) + second;
      second += word_at(octets + 4, is_big) + first;
    }
  }
  [[nodiscard]] bool is_at(const char* at) const { return number_at(at) == first && number_at(at + 4) == second; }
};

/// All of `size` octets, or false at the end of the file.
bool read_all(const FileDescriptor& file, char* into, std::size_t size) {
  while (size > 0) {
    const auto got = ::read(file.get(), into, size);
    if (got == 0) return false;
    if (got < 0 && errno != EINTR) {
      throw Error(ErrorCode::store_failed, "cannot open the store: its log cannot be read: " + system_text(errno));
    }
    if (got < 0) continue;
    into += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

/// What lies from the first frame on that does not continue the log. The header of a frame there is believed if it was
/// written as a whole: it lies within one sector, or the frame continues the one before it by the checksum there.
class BrokenEnd {
 public:
  /// `header` of the log must outlive it.
  BrokenEnd(const char* header, std::size_t page_size, bool is_big)
      : header_(header), page_size_(page_size), is_big_(is_big) {}

  /// A frame that continues the log.
  void pass(const char* frame) { note(frame); }

  void add(const char* frame) {
    const bool is_in_sector = offset_ % sector_size + frame_header_size <= sector_size;
    const bool is_believed = std::memcmp(frame + 8, header_ + 16, 8) == 0 && (is_in_sector || continues(frame));
    // Nobody writes behind the end of a commit before it is synced. The pages of one commit are written in their order,
    // which shows an end that cannot be read.
    const bool begins_another = is_believed && number_at(frame) <= last_page_;
    if (begins_another) ++commits_;
    if (begins_another || (is_believed && commits_ > 0)) has_more_ = true;
    if (is_believed) {
      if (number_at(frame + 4) != 0) ++commits_;
      note(frame);
    } else {
      skip(frame);
    }
  }

  /// 0 if all this may be one commit that was never synced.
  [[nodiscard]] std::uint64_t lost_commits() const { return has_more_ ? commits_ : 0; }

 private:
  void note(const char* frame) {
    last_page_ = number_at(frame + 4) != 0 ? 0 : number_at(frame);
    skip(frame);
  }
  void skip(const char* frame) {
    std::memcpy(checksum_.data(), frame + 16, checksum_.size());
    offset_ += frame_header_size + page_size_;
  }
  [[nodiscard]] bool continues(const char* frame) const {
    Checksum sum{is_big_, number_at(checksum_.data()), number_at(checksum_.data() + 4)};
    sum.add(frame, 8);
    sum.add(frame + frame_header_size, page_size_);
    return sum.is_at(frame + 16);
  }

  const char* header_;
  std::size_t page_size_;
  bool is_big_;
  std::size_t offset_ = header_size;  // of the next frame
  std::array<char, 8> checksum_{};    // of the frame before
  std::uint32_t last_page_ = 0;       // of the last frame that is believed; 0 if it ended a commit
  std::uint64_t commits_ = 0;
  bool has_more_ = false;  // behind the first of them
};

}  // namespace

LogState check_log(const std::filesystem::path& path) {
  const FileDescriptor file = open_file(path, O_RDONLY);
  std::array<char, header_size> header{};
  if (!read_all(file, header.data(), header.size())) return {};
  const bool is_ended = header[0] == LogEnd::mark_octet;
  if (is_ended) header[0] = LogEnd::begin_octet;
  const std::uint32_t magic = number_at(header.data());
  Checksum sum;
  sum.is_big = magic == magic_big;
  sum.add(header.data(), 24);
  const std::size_t page_size = number_at(header.data() + 8);
  const bool is_sound = (magic == magic_big || magic == magic_little) && page_size >= 512 && page_size <= 65536 &&
                        std::has_single_bit(page_size) && sum.is_at(header.data() + 24);
  if (!is_sound) return {.is_header_damaged = true};
  if (is_ended) return {};  // all of it is in the database

  BrokenEnd end(header.data(), page_size, sum.is_big);
  bool is_whole = true;
  std::uint64_t commits = 0;
  std::vector<char> frame(frame_header_size + page_size);
  while (read_all(file, frame.data(), frame.size())) {
    // Frames of an earlier round of the log have other salts, and are in the database.
    is_whole = is_whole && std::memcmp(frame.data() + 8, header.data() + 16, 8) == 0;
    if (is_whole) {
      sum.add(frame.data(), 8);
      sum.add(frame.data() + frame_header_size, page_size);
      is_whole = sum.is_at(frame.data() + 16);
    }
    if (is_whole && number_at(frame.data() + 4) != 0) ++commits;
    if (is_whole) end.pass(frame.data());
    else end.add(frame.data());
  }
  return {.lost_commits = end.lost_commits(), .commits = commits};
}

}  // namespace restante::sidecar
