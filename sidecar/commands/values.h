#pragma once
/// \file
/// Values as people type them on a command line: durations, sizes, counts, endpoints, names. Each parser throws
/// UsageError that names the option, what was typed, the rule, and an example.

#include <cstdint>
#include <string>
#include <string_view>

#include <restante/types.h>

#include "core/operator_messages.h"

namespace restante::commands {

/// `200ms`, `5s`, `1.5h`: a decimal number and ns, us, ms, s, m, h or d. Zero needs no unit.
Duration parse_duration(std::string_view option, std::string_view text);

/// As parse_duration(), but not zero.
Duration parse_positive_duration(std::string_view option, std::string_view text);

/// `64MiB`, `1.5GiB`, `500MB`, `4096`: octets, never 0.
std::uint64_t parse_size(std::string_view option, std::string_view text);

/// A factor of 1 to 100, such as 1.5, as percent.
std::int64_t parse_percent(std::string_view option, std::string_view text);

/// A whole number from `min` to `max`.
std::uint64_t parse_count(std::string_view option, std::string_view text, std::uint64_t min, std::uint64_t max);

/// An endpoint that link::endpoint_fault() finds nothing wrong with; a bare absolute path is taken as `ipc://` and it.
std::string parse_endpoint(std::string_view option, std::string_view text);

/// Where to begin, as Subscription::start takes it. People may write a time as `2026-11-27T15:00:00Z`, or as a duration
/// before now: `2h`.
std::string parse_where(std::string_view option, std::string_view text);

/// What the grammar of core/names.h takes for each.
std::string parse_topic(std::string_view option, std::string_view text);
std::string parse_filter(std::string_view option, std::string_view text);
std::string parse_subscription_name(std::string_view option, std::string_view text);

/// `STREAM`, `STREAM/SUBSCRIPTION` or `STREAM/SUBSCRIPTION/SEQUENCE`: dead letters by the whole or the first part of
/// their id. A subscription that was removed is `#` and its number.
core::DeadSelection parse_letters(std::string_view option, std::string_view text);
/// The whole id of one.
core::DeadSelection parse_letter(std::string_view option, std::string_view text);

}  // namespace restante::commands
