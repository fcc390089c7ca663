#include "sidecar/store/log_check.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <vector>

#include <restante/error.h>

#include "sidecar/store/store_files.h"

namespace restante::sidecar {
namespace {

// https://www.sqlite.org/fileformat2.html, section 4.1. Numbers are big-endian; what the checksum adds up is of the
// byte order that the magic number tells.
constexpr std::size_t header_size = 32;
constexpr std::size_t frame_header_size = 24;
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

}  // namespace

LogDamage check_log(const std::filesystem::path& path) {
  const FileDescriptor file = open_file(path, O_RDONLY);
  std::array<char, header_size> header{};
  if (!read_all(file, header.data(), header.size())) return {};
  const std::uint32_t magic = number_at(header.data());
  Checksum sum;
  sum.is_big = magic == magic_big;
  sum.add(header.data(), 24);
  const std::size_t page_size = number_at(header.data() + 8);
  const bool is_sound = (magic == magic_big || magic == magic_little) && page_size >= 512 && page_size <= 65536 &&
                        std::has_single_bit(page_size) && sum.is_at(header.data() + 24);
  if (!is_sound) return {.is_header = true, .commits = 0};

  std::uint64_t commits_behind = 0;
  bool is_whole = true;
  std::vector<char> frame(frame_header_size + page_size);
  while (read_all(file, frame.data(), frame.size())) {
    // Frames of an earlier round of the log have other salts, and are in the database.
    const bool is_of_this_round = std::memcmp(frame.data() + 8, header.data() + 16, 8) == 0;
    if (is_whole && is_of_this_round) {
      sum.add(frame.data(), 8);
      sum.add(frame.data() + frame_header_size, page_size);
      is_whole = sum.is_at(frame.data() + 16);
    } else if (is_whole) {
      is_whole = false;
    }
    const bool is_commit = number_at(frame.data() + 4) != 0;
    if (!is_whole && is_of_this_round && is_commit) ++commits_behind;
  }
  return {.is_header = false, .commits = commits_behind > 1 ? commits_behind : 0};
}

}  // namespace restante::sidecar
