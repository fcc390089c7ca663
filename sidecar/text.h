#pragma once
/// \file
/// Octets and numbers as people and JSON can take them. Pure functions.

#include <cstddef>
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

/// 2026-11-27T15:00:00.123Z
std::string time_text(std::int64_t milliseconds);

/// `text` with `\xNN` for what a terminal would take for an order (control characters, of UTF-8 too) or cannot show.
std::string shown(std::string_view text);

/// The first `size_max` characters of `text`, which is UTF-8, the last of them `…` if that is not all.
std::string shortened(std::string_view text, std::size_t size_max);

/// How many characters there are in it.
std::size_t width_of(std::string_view text) noexcept;

}  // namespace restante::sidecar
