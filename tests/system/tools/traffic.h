#pragma once
/// \file
/// What traffic_producer and traffic_worker share: the payload that proves itself, and the log that the oracle reads.
/// Nothing here comes from the product, so that a bug of the product cannot hide itself.
///
/// A payload is text: `<source> <number> <crc32> <filler>`. The checksum (zlib's CRC-32) covers `<source> <number>
/// <filler>`, and the whole payload is a function of source, number and size, so that a producer that died and goes on
/// makes the same octets again.

#include <fcntl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace traffic {

inline std::uint32_t crc32(std::string_view octets) {
  static const std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> made{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1U) ^ ((value & 1U) != 0 ? 0xEDB88320U : 0U);
      made[i] = value;
    }
    return made;
  }();
  std::uint32_t sum = 0xFFFFFFFFU;
  for (const char octet : octets) sum = table[(sum ^ static_cast<unsigned char>(octet)) & 0xFFU] ^ (sum >> 8U);
  return sum ^ 0xFFFFFFFFU;
}

inline std::uint64_t mix(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15U;
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31U);
}

struct Payload {
  std::string octets;
  std::uint32_t crc = 0;
};

/// Message `number` of `source`, of about `size` octets (never less than its own text).
inline Payload make_payload(std::string_view source, std::uint64_t number, std::size_t size) {
  std::string checked = std::string(source) + ' ' + std::to_string(number) + ' ';
  const std::size_t head = checked.size() + 9;
  std::uint64_t state = mix(number);
  while (checked.size() + 9 < size || checked.size() + 9 == head) {
    checked += static_cast<char>('a' + state % 26);
    state = state < 26 ? mix(checked.size() + number) : state / 26;
  }
  Payload made;
  made.crc = crc32(checked);
  std::array<char, 10> hex{};
  std::snprintf(hex.data(), hex.size(), "%08x ", made.crc);
  made.octets = checked.substr(0, head - 9) + hex.data() + checked.substr(head - 9);
  return made;
}

/// Sizes from `least` to `most`, each number always the same one.
inline std::size_t size_of(std::uint64_t number, std::size_t least, std::size_t most) {
  return most <= least ? least : least + mix(number * 31) % (most - least + 1);
}

struct Read {
  std::string_view source = "?";
  std::uint64_t number = 0;
  std::uint32_t crc = 0;  ///< computed anew from what arrived
};

/// What a delivered payload says it is, with the checksum of what it holds. Unreadable: source "?".
inline Read read_payload(std::string_view octets) {
  const std::size_t first = octets.find(' ');
  const std::size_t second = first == octets.npos ? first : octets.find(' ', first + 1);
  const std::size_t third = second == octets.npos ? second : octets.find(' ', second + 1);
  if (third == octets.npos || first == 0 || third - second != 9) return {};
  Read read;
  const auto digits = octets.substr(first + 1, second - first - 1);
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), read.number);
  if (parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size()) return {};
  read.source = octets.substr(0, first);
  read.crc = crc32(std::string(octets.substr(0, second + 1)) + std::string(octets.substr(third + 1)));
  return read;
}

inline std::uint64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000000000 + static_cast<std::uint64_t>(now.tv_nsec);
}

inline std::uint64_t now_ms() { return now_ns() / 1000000; }

/// Lines for the oracle: gathered, then appended by one write(2), so that they outlive `kill -9` of this process.
/// A kill in the middle of that call can only tear the last line, which the oracle leaves out.
/// `fine`: with a line `N <ns>` by the same clock, for whoever measures what takes less than a millisecond.
class Log {
 public:
  explicit Log(const std::string& path, bool fine = false)
      : descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)), fine_(fine) {
    if (descriptor_ < 0) fail("open", path);
  }
  ~Log() { ::close(descriptor_); }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  Log& operator<<(std::string_view text) {
    if (pending_.empty()) {
      pending_ = "T " + std::to_string(now_ms()) + '\n';
      if (fine_) pending_ += "N " + std::to_string(now_ns()) + '\n';
    }
    pending_ += text;
    return *this;
  }
  Log& operator<<(std::uint64_t number) { return *this << std::to_string(number); }

  void write() {
    for (std::string_view rest = pending_; !rest.empty();) {
      const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
      if (written < 0) fail("write", "the log");
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    pending_.clear();
  }

 private:
  [[noreturn]] static void fail(const char* operation, const std::string& what) {
    std::perror((std::string(operation) + ' ' + what).c_str());
    std::exit(70);
  }

  int descriptor_;
  bool fine_;
  std::string pending_;
};

/// The whole file at once: a reader sees the old text or the new one.
inline void replace(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  std::FILE* const file = std::fopen(fresh.c_str(), "wb");
  if (file == nullptr || std::fwrite(text.data(), 1, text.size(), file) != text.size() || std::fclose(file) != 0 ||
      std::rename(fresh.c_str(), path.c_str()) != 0) {
    std::perror(path.c_str());
    std::exit(70);
  }
}

inline std::string hex(std::uint32_t value) {
  std::array<char, 9> text{};
  std::snprintf(text.data(), text.size(), "%08x", value);
  return text.data();
}

/// Options of the form `--name value`, and `--name` alone for those in `flags`.
class Options {
 public:
  Options(int argc, char** argv, std::string_view flags) {
    for (int i = 1; i < argc; ++i) {
      const std::string name = argv[i];
      const bool flag = flags.find(' ' + name + ' ') != flags.npos;
      if (!flag && i + 1 == argc) {
        std::fprintf(stderr, "%s needs a value\n", name.c_str());
        std::exit(2);
      }
      given_.emplace(name, flag ? "" : argv[++i]);
    }
  }
  [[nodiscard]] bool has(const std::string& name) const { return given_.contains(name); }
  [[nodiscard]] std::string text(const std::string& name, const std::string& otherwise = {}) const {
    const auto found = given_.find(name);
    return found == given_.end() ? otherwise : found->second;
  }
  [[nodiscard]] std::uint64_t number(const std::string& name, std::uint64_t otherwise) const {
    const auto found = given_.find(name);
    return found == given_.end() ? otherwise : std::strtoull(found->second.c_str(), nullptr, 10);
  }
  [[nodiscard]] auto all(const std::string& name) const { return given_.equal_range(name); }

 private:
  std::multimap<std::string, std::string> given_;
};

}  // namespace traffic
