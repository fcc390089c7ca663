#include "sidecar/text.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>

namespace restante::sidecar {

namespace {

std::uint32_t octet(std::string_view octets, std::size_t at) { return static_cast<unsigned char>(octets[at]); }

/// How many octets the well-formed character at `at` has; 0 if it is not well-formed (Unicode 15, table 3-7).
std::size_t character_size(std::string_view octets, std::size_t at) noexcept {
  const std::uint32_t lead = octet(octets, at);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const std::size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (octets.size() - at < size) return 0;
  // The second octet is what forbids overlong forms, surrogates and the far end.
  const std::uint32_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const std::uint32_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  const std::uint32_t second = octet(octets, at + 1);
  if (second < low || second > high) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if ((octet(octets, at + i) & 0xC0U) != 0x80) return 0;
  }
  return size;
}

std::string with_unit(double number, const char* unit) {
  std::array<char, 32> text{};
  const bool fraction = number < 9.95 && std::lround(number * 10) % 10 != 0;
  std::snprintf(text.data(), text.size(), "%.*f %s", fraction ? 1 : 0, number, unit);
  return text.data();
}

}  // namespace

bool is_utf8(std::string_view octets) noexcept {
  for (std::size_t at = 0; at < octets.size();) {
    const std::size_t size = character_size(octets, at);
    if (size == 0) return false;
    at += size;
  }
  return true;
}

std::string to_base64(std::string_view octets) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((octets.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < octets.size(); at += 3) {
    const std::size_t left = octets.size() - at;
    const std::uint32_t bits = octet(octets, at) << 16U | (left > 1 ? octet(octets, at + 1) << 8U : 0U) |
                               (left > 2 ? octet(octets, at + 2) : 0U);
    text += digits[bits >> 18U];
    text += digits[bits >> 12U & 63U];
    text += left > 1 ? digits[bits >> 6U & 63U] : '=';
    text += left > 2 ? digits[bits & 63U] : '=';
  }
  return text;
}

std::string to_hex(std::uint64_t value) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(value));
  return text.data();
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string human_size(std::uint64_t octets) {
  constexpr std::array<const char*, 6> units{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double number = static_cast<double>(octets);
  std::size_t unit = 0;
  for (; number >= 1023.95 && unit + 1 < units.size(); ++unit) number /= 1024;
  return with_unit(number, units[unit]);
}

std::string human_age(std::int64_t milliseconds) {
  const double ms = static_cast<double>(milliseconds < 0 ? 0 : milliseconds);
  if (ms < 1000) return with_unit(ms, "ms");
  if (ms < 60e3) return with_unit(ms / 1e3, "s");
  if (ms < 3600e3) return with_unit(ms / 60e3, "min");
  if (ms < 86400e3) return with_unit(ms / 3600e3, "h");
  return with_unit(ms / 86400e3, "days");
}

std::string time_text(std::int64_t milliseconds) {
  using namespace std::chrono;
  const sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds{milliseconds}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text.data();
}

std::string shown(std::string_view text) {
  std::string safe;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = character_size(text, at);
    const bool is_order = size == 1 ? octet(text, at) < 0x20 || octet(text, at) == 0x7F
                                    : size == 2 && octet(text, at) == 0xC2 && octet(text, at + 1) < 0xA0;
    const std::size_t taken = size == 0 ? 1 : size;
    for (std::size_t i = at; i < at + taken; ++i) {
      std::array<char, 5> escape{};
      std::snprintf(escape.data(), escape.size(), "\\x%02x", octet(text, i));
      if (size == 0 || is_order) safe += escape.data();
      else safe += text[i];
    }
    at += taken;
  }
  return safe;
}

std::string shortened(std::string_view text, std::size_t size_max) {
  if (width_of(text) <= size_max) return std::string(text);
  std::size_t at = 0;
  for (std::size_t left = size_max; left > 1 && at < text.size(); --left) {
    at += std::max<std::size_t>(1, character_size(text, at));
  }
  return std::string(text.substr(0, at)) + "…";
}

std::size_t width_of(std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

}  // namespace restante::sidecar
