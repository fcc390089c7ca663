#pragma once
/// \file
/// Frames and Cap'n Proto's pointers by hand, for what no encoder would write.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/crc32c.h"

namespace restante::core {

using Words = std::vector<std::uint64_t>;

inline void mend_crc(std::string& octets) {
  if (octets.size() < 16) return;
  const std::string_view view(octets);
  const std::uint32_t crc = crc32c(view.substr(16), crc32c(view.substr(0, 8)));
  std::memcpy(octets.data() + 8, &crc, sizeof crc);
}

inline std::string octets_of(const Words& words) {
  return std::string(reinterpret_cast<const char*>(words.data()), words.size() * 8);
}

/// A control frame around hand-made words.
inline std::string framed(const Words& words) {
  std::string octets("RC\x01\0", 4);
  const auto count = static_cast<std::uint32_t>(words.size());
  octets.append(reinterpret_cast<const char*>(&count), 4);
  octets.append(8, '\0');
  octets += octets_of(words);
  mend_crc(octets);
  return octets;
}

// Cap'n Proto's pointers, by hand. Offsets are in words from the end of the pointer.
inline std::uint64_t struct_pointer(std::int64_t offset, std::uint64_t data, std::uint64_t pointers) {
  return ((static_cast<std::uint64_t>(offset) << 2) & 0xffffffff) | data << 32 | pointers << 48;
}
enum Element : std::uint64_t { nothing = 0, bit = 1, octet = 2, eight_octets = 5, pointer = 6, composite = 7 };
inline std::uint64_t list_pointer(std::int64_t offset, Element element, std::uint64_t count) {
  return (((static_cast<std::uint64_t>(offset) << 2) | 1) & 0xffffffff) | std::uint64_t{element} << 32 | count << 35;
}
inline std::uint64_t far_pointer(std::uint64_t at, bool is_double, std::uint64_t segment) {
  return 2 | (is_double ? 4 : 0) | at << 3 | segment << 32;
}

}  // namespace restante::core
