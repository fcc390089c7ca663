#pragma once
/// \file
/// Octets and numbers as people and JSON can take them. Pure functions.

#include <cstdint>
#include <string>
#include <string_view>

namespace restante::sidecar {

/// Whether `octets` are UTF-8 as Unicode defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view octets) noexcept;

/// RFC 4648, section 4, with padding.
std::string to_base64(std::string_view octets);

/// `value` in 16 hexadecimal digits.
std::string to_hex(std::uint64_t value);

/// 1,234,567
std::string grouped(std::uint64_t number);

/// 512 B, 1.5 KiB, 3.2 MiB
std::string human_size(std::uint64_t octets);

/// 350 ms, 12 s, 3 min, 5.5 h, 2.1 days
std::string human_age(std::int64_t milliseconds);

}  // namespace restante::sidecar
