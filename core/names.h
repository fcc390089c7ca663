#pragma once
/// \file
/// The grammar of names and topics, the same at every door: options, public API, control link.
///
///     name    = [a-z0-9] [a-z0-9._-]*            at most name_size_max octets; safe as a file name and in a shell
///     stream  = name [ "@" instance ]            instance: 1 to 65535, no leading zero; it counts for the size
///     topic   = level *( "/" level )             at most topic_size_max octets of UTF-8 without control characters
///     level   = anything but "/", "+", "#"       may be empty, but not the whole topic
///     filter  = as topic, and a whole level may be "+", and the last one "#"      (MQTT 5, section 4.7)

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace restante::core {

/// The subscription of every pipeline. No other stream has one of this name.
inline constexpr std::string_view pipeline_subscription = "workers";

/// What is wrong with a name, as the end of a sentence that begins with it ("is empty"); nullopt if nothing is.
using NameProblem = std::optional<std::string>;

NameProblem problem_of_node_name(std::string_view name);
NameProblem problem_of_subscription_name(std::string_view name);
NameProblem problem_of_stream_name(std::string_view name);
NameProblem problem_of_topic(std::string_view topic);
NameProblem problem_of_filter(std::string_view filter);

/// `events` of `events@2` and of `events`: instances inherit the subscriptions of this stream (PROTOCOL N3).
std::string_view base_of_stream(std::string_view name) noexcept;

}  // namespace restante::core
