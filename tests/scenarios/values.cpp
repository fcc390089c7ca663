#include "tests/scenarios/values.h"

#include <charconv>
#include <sstream>

#include "tests/scenarios/transcript.h"

namespace restante::scenarios {

namespace {

struct Unit {
  const char* name;
  std::uint64_t factor;
};

/// `text` is a number and one of `units`.
template <std::size_t Count>
std::uint64_t with_unit(const std::string& text, const Unit (&units)[Count], const std::string& what) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  for (const Unit& unit : units) {
    if (end > 0 && text.substr(end) == unit.name) return number_of(text.substr(0, end)) * unit.factor;
  }
  throw Fault("\"" + text + "\" is not " + what);
}

}  // namespace

std::uint64_t number_of(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) throw Fault("\"" + text + "\" is not a number");
  return number;
}

core::Range range_of(const std::string& text) {
  const std::size_t dots = text.find("..");
  if (dots == std::string::npos) return {number_of(text), number_of(text)};
  const core::Range range{number_of(text.substr(0, dots)), number_of(text.substr(dots + 2))};
  if (range.first > range.last) throw Fault("the range " + text + " ends before it begins");
  return range;
}

Duration duration_of(const std::string& text) {
  static constexpr Unit units[] = {{"ms", 1}, {"s", 1000}, {"min", 60'000}};
  return std::chrono::milliseconds(with_unit(text, units, "a time such as 5ms, 2s or 3min"));
}

std::uint64_t octets_of(const std::string& text) {
  static constexpr Unit units[] = {{"", 1}, {"KiB", 1U << 10}, {"MiB", 1U << 20}};
  return with_unit(text, units, "a size such as 40, 64KiB or 1MiB");
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, at);) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

}  // namespace restante::scenarios
