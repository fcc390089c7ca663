#pragma once
/// \file
/// CRC32C (Castagnoli, RFC 3720): the check of every frame, on the wire and on disk. It finds accidents, not forgers.

#include <cstdint>
#include <string_view>

namespace restante::core {

/// The CRC of `octets`; with the CRC of what stands before them as `seed`, the CRC of both. Uses the processor's own
/// instruction where there is one. Thread-safe.
std::uint32_t crc32c(std::string_view octets, std::uint32_t seed = 0) noexcept;

/// The same by tables alone; public so that a test can hold the two against each other.
std::uint32_t crc32c_portable(std::string_view octets, std::uint32_t seed = 0) noexcept;

}  // namespace restante::core
