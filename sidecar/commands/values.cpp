#include "sidecar/commands/values.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>
#include <system_error>

#include "core/names.h"
#include "core/start.h"
#include "patterns/link/link.h"
#include "sidecar/commands/command.h"

namespace restante::commands {

namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array<Unit, 7> time_units{
    {{"ns", 1e0}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}}};
constexpr std::array<Unit, 9> size_units{{{"B", 1e0},
                                          {"kB", 1e3},
                                          {"MB", 1e6},
                                          {"GB", 1e9},
                                          {"TB", 1e12},
                                          {"KiB", 1024.0},
                                          {"MiB", 1048576.0},
                                          {"GiB", 1073741824.0},
                                          {"TiB", 1099511627776.0}}};

[[noreturn]] void refuse(std::string_view option, std::string_view text, std::string_view rule) {
  throw UsageError(std::string(option) + " cannot be '" + std::string(text) + "': " + std::string(rule));
}

/// A number without sign, exponent or blanks, and the unit behind it; nullopt if it does not begin with a digit.
struct Quantity {
  double number;
  std::string_view unit;
};
std::optional<Quantity> split_quantity(std::string_view text) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, fault] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (fault != std::errc()) return std::nullopt;
  return Quantity{number, std::string_view(rest, static_cast<std::size_t>(end - rest))};
}

template <std::size_t count>
std::optional<double> factor_of(std::string_view unit, const std::array<Unit, count>& units) {
  for (const Unit& known : units) {
    if (known.name == unit) return known.factor;
  }
  return std::nullopt;
}

}  // namespace

Duration parse_duration(std::string_view option, std::string_view text) {
  constexpr std::string_view rule = "a duration is a number and one of ns us ms s m h d, such as 200ms, 5s or 2h";
  const auto quantity = split_quantity(text);
  if (!quantity) refuse(option, text, rule);
  if (quantity->unit.empty() && quantity->number == 0) return Duration{};
  const auto factor = factor_of(quantity->unit, time_units);
  if (!factor) refuse(option, text, rule);
  const double nanoseconds = std::round(quantity->number * *factor);
  constexpr double longest = 3650 * 86400e9;
  if (!(nanoseconds <= longest)) refuse(option, text, "it is longer than ten years; leave the option out instead");
  return Duration{static_cast<Duration::rep>(nanoseconds)};
}

Duration parse_positive_duration(std::string_view option, std::string_view text) {
  const Duration duration = parse_duration(option, text);
  if (duration <= Duration{}) refuse(option, text, "it has to be above 0, such as 200ms, 5s or 2h");
  return duration;
}

std::string parse_where(std::string_view option, std::string_view text) {
  if (text != "" && core::parse_start(text)) return std::string(text);
  using namespace std::chrono;
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, length = 0;
  const std::string date(text);
  const int read =
      std::sscanf(date.c_str(), "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &year, &month, &day, &hour, &minute, &second, &length);
  const year_month_day calendar{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                std::chrono::day{static_cast<unsigned>(day)}};
  sys_time<milliseconds> when;  // in nanoseconds a time would end in 2262
  if (read == 6 && static_cast<std::size_t>(length) == text.size()) {
    if (!calendar.ok() || hour > 23 || minute > 59 || second > 60) refuse(option, text, "there is no such time");
    when = sys_days{calendar} + hours{hour} + minutes{minute} + seconds{second};
  } else if (!text.empty() && text.find_first_not_of("0123456789.nusmhd") == std::string_view::npos) {
    when = floor<milliseconds>(system_clock::now()) - floor<milliseconds>(parse_positive_duration(option, text));
  } else {
    refuse(option, text,
           "it is new, beginning, a sequence, a time such as 2026-11-27T15:00:00Z, or how long ago, such as 2h");
  }
  const auto ms = when.time_since_epoch().count();
  if (ms < 1) refuse(option, text, "it is a time before 1970");
  return "@" + std::to_string(ms);
}

std::uint64_t parse_size(std::string_view option, std::string_view text) {
  constexpr std::string_view rule =
      "a size is a number and one of B KiB MiB GiB TiB kB MB GB TB, such as 64MiB or 2GiB, and at least 1 octet";
  const auto quantity = split_quantity(text);
  if (!quantity) refuse(option, text, rule);
  const auto factor = quantity->unit.empty() ? 1.0 : factor_of(quantity->unit, size_units);
  if (!factor) refuse(option, text, rule);
  const double octets = std::round(quantity->number * *factor);
  constexpr double largest = 9007199254740992.0;  // 2^53: exact in a double, and 8 PiB is no one disk
  if (!(octets >= 1)) refuse(option, text, rule);
  if (!(octets <= largest)) refuse(option, text, "it is more than 8192TiB");
  return static_cast<std::uint64_t>(octets);
}

std::uint64_t parse_count(std::string_view option, std::string_view text, std::uint64_t min, std::uint64_t max) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, fault] = std::from_chars(text.data(), end, number);
  if (text.empty() || fault != std::errc() || rest != end || number < min || number > max) {
    std::string rule = "it has to be a whole number of at least " + std::to_string(min);
    if (max != std::numeric_limits<std::uint64_t>::max()) rule += " and at most " + std::to_string(max);
    refuse(option, text, rule);
  }
  return number;
}

std::int64_t parse_percent(std::string_view option, std::string_view text) {
  double factor = 0;
  const char* end = text.data() + text.size();
  const auto [rest, fault] = std::from_chars(text.data(), end, factor);
  const bool fits = factor >= 1 && factor <= static_cast<double>(limits::retry_factor_max) / 100;
  if (text.empty() || fault != std::errc() || rest != end || !fits) {
    refuse(option, text, "it has to be a number from 1 to " + std::to_string(limits::retry_factor_max / 100));
  }
  return static_cast<std::int64_t>(std::lround(factor * 100));
}

std::string parse_endpoint(std::string_view option, std::string_view text) {
  std::string endpoint(text.starts_with('/') ? "ipc://" : "");
  endpoint += text;
  if (const auto fault = link::endpoint_fault(endpoint)) {
    refuse(option, text, *fault + "; endpoints look like ipc:///run/restante/sidecar.sock or tcp://127.0.0.1:7010");
  }
  return endpoint;
}

std::string parse_topic(std::string_view option, std::string_view text) {
  if (const auto problem = core::problem_of_topic(text)) refuse(option, text, "it " + *problem);
  return std::string(text);
}

std::string parse_filter(std::string_view option, std::string_view text) {
  if (const auto problem = core::problem_of_filter(text)) refuse(option, text, "it " + *problem);
  return std::string(text);
}

std::string parse_subscription_name(std::string_view option, std::string_view text) {
  if (const auto problem = core::problem_of_subscription_name(text)) refuse(option, text, "it " + *problem);
  return std::string(text);
}

core::DeadSelection parse_letters(std::string_view option, std::string_view text) {
  constexpr std::string_view rule =
      "dead letters are named STREAM, STREAM/SUBSCRIPTION or STREAM/SUBSCRIPTION/SEQUENCE";
  const std::string example =
      std::string(rule) + ", such as orders/workers/1042; `restante dead list` tells of those there are";
  const std::size_t first = text.find('/');
  const std::size_t second = first == text.npos ? text.npos : text.find('/', first + 1);
  core::DeadSelection letters;
  letters.stream = text.substr(0, first);
  if (const auto problem = core::problem_of_stream_name(letters.stream)) {
    refuse(option, text, "the stream's name " + *problem + "; " + example);
  }
  if (first == text.npos) return letters;
  letters.subscription = text.substr(first + 1, second == text.npos ? text.npos : second - first - 1);
  const bool is_number = letters.subscription.size() > 1 && letters.subscription.front() == '#' &&
                         letters.subscription.find_first_not_of("0123456789", 1) == std::string::npos;
  const auto problem = is_number ? std::nullopt : core::problem_of_subscription_name(letters.subscription);
  if (problem) refuse(option, text, "the subscription's name " + *problem + "; " + example);
  if (second == text.npos) return letters;
  const std::string_view digits = text.substr(second + 1);
  Sequence sequence = 0;
  const auto [rest, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), sequence);
  const bool is_whole = fault == std::errc() && rest == digits.data() + digits.size();
  if (!is_whole || sequence == 0 || sequence > limits::sequence_max) {
    refuse(option, text, "'" + std::string(digits) + "' is no sequence; " + example);
  }
  letters.sequences.push_back(sequence);
  return letters;
}

core::DeadSelection parse_letter(std::string_view option, std::string_view text) {
  core::DeadSelection letter = parse_letters(option, text);
  if (!letter.sequences.empty()) return letter;
  refuse(option, text,
         "one dead letter is named by its whole id, such as orders/workers/1042; `restante dead list " +
             std::string(text) + "` tells of those there are");
}

}  // namespace restante::commands
