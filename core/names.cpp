#include "core/names.h"

#include <algorithm>

#include <restante/limits.h>

namespace restante::core {
namespace {

bool is_lower_or_digit(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

std::string quoted(char c) {
  const auto octet = static_cast<unsigned char>(c);
  if (octet > 0x20 && octet < 0x7f) return std::string("'") + c + "'";
  constexpr std::string_view digits = "0123456789abcdef";
  return std::string("the octet 0x") + digits[octet >> 4U] + digits[octet & 0xfU];
}

NameProblem problem_of_size(std::string_view text, std::size_t size_max) {
  if (text.empty()) return "is empty";
  if (text.size() <= size_max) return std::nullopt;
  return "has " + std::to_string(text.size()) + " octets, at most " + std::to_string(size_max) + " are allowed";
}

NameProblem problem_of_name(std::string_view name) {
  if (auto problem = problem_of_size(name, limits::name_size_max)) return problem;
  if (!is_lower_or_digit(name.front())) return "begins with " + quoted(name.front()) + " instead of a-z or 0-9";
  for (const char c : name) {
    const bool is_allowed = is_lower_or_digit(c) || c == '.' || c == '_' || c == '-';
    if (!is_allowed) return "contains " + quoted(c) + ", only a-z, 0-9 and . _ - are allowed";
  }
  return std::nullopt;
}

bool is_instance(std::string_view digits) noexcept {
  if (digits.empty() || digits.size() > 5 || digits.front() == '0') return false;
  std::uint32_t number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return false;
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return number <= 65535;
}

/// Octets of the UTF-8 character at the front of `text`; 0 if there is none that Unicode allows (RFC 3629).
std::size_t utf8_size(std::string_view text) noexcept {
  const auto octet = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = octet(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((octet(i) & 0xc0U) != 0x80) return 0;
  }
  const bool is_overlong = (lead == 0xe0 && octet(1) < 0xa0) || (lead == 0xf0 && octet(1) < 0x90);
  const bool is_surrogate = lead == 0xed && octet(1) > 0x9f;
  const bool is_beyond = lead == 0xf4 && octet(1) > 0x8f;
  return is_overlong || is_surrogate || is_beyond ? 0 : size;
}

NameProblem problem_of_text(std::string_view text) {
  if (auto problem = problem_of_size(text, limits::topic_size_max)) return problem;
  while (!text.empty()) {
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < 0x20 || lead == 0x7f) return "contains " + quoted(text.front()) + ", a control character";
    const std::size_t size = utf8_size(text);
    if (size == 0) return "contains " + quoted(text.front()) + ", which is not UTF-8";
    text.remove_prefix(size);
  }
  return std::nullopt;
}

}  // namespace

NameProblem problem_of_node_name(std::string_view name) { return problem_of_name(name); }

NameProblem problem_of_subscription_name(std::string_view name) { return problem_of_name(name); }

NameProblem problem_of_stream_name(std::string_view name) {
  if (auto problem = problem_of_size(name, limits::name_size_max)) return problem;
  const std::string_view base = base_of_stream(name);
  if (base.empty()) return "begins with '@' instead of a-z or 0-9";
  if (base.size() != name.size() && !is_instance(name.substr(base.size() + 1))) {
    return "ends with an instance that is not a number from 1 to 65535";
  }
  return problem_of_name(base);
}

NameProblem problem_of_topic(std::string_view topic) {
  if (auto problem = problem_of_text(topic)) return problem;
  const std::size_t wildcard = topic.find_first_of("+#");
  if (wildcard == std::string_view::npos) return std::nullopt;
  return "contains " + quoted(topic[wildcard]) + ", which only filters may";
}

NameProblem problem_of_filter(std::string_view filter) {
  if (auto problem = problem_of_text(filter)) return problem;
  for (std::size_t start = 0; start <= filter.size();) {
    const std::size_t end = std::min(filter.find('/', start), filter.size());
    const std::string_view level = filter.substr(start, end - start);
    const std::size_t wildcard = level.find_first_of("+#");
    if (wildcard != std::string_view::npos) {
      if (level.size() > 1) return "has " + quoted(level[wildcard]) + " beside other characters of its level";
      if (level == "#" && end != filter.size()) return "has '#' before its last level";
    }
    start = end + 1;
  }
  return std::nullopt;
}

std::string_view base_of_stream(std::string_view name) noexcept { return name.substr(0, name.find('@')); }

}  // namespace restante::core
