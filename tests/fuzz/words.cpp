/// \file
/// What people and other programs write: names, topics, filters, a command line, an answer in JSON.

#include <exception>
#include <vector>

#include "core/names.h"
#include "core/topic_filter.h"
#include "sidecar/commands/parse.h"
#include "sidecar/commands/values.h"
#include "sidecar/json.h"
#include "sidecar/text.h"
#include "tests/fuzz/entry.h"

namespace restante::fuzz {

namespace {

std::vector<std::string> split(std::string_view octets, char at) {
  std::vector<std::string> parts;
  for (std::size_t end = 0; end != std::string_view::npos;) {
    end = octets.find(at);
    parts.emplace_back(octets.substr(0, end));
    if (end != std::string_view::npos) octets.remove_prefix(end + 1);
  }
  return parts;
}

}  // namespace

void names(std::string_view octets) {
  const auto parts = split(octets, '\n');
  const std::string& topic = parts.front();
  const bool is_topic = !core::problem_of_topic(topic);
  // A topic is a filter that matches it, unless it begins with a dollar; a name has no empty problem.
  if (is_topic) must(!core::problem_of_filter(topic) && core::filter_matches(topic, topic));
  for (const auto& problem : {core::problem_of_node_name(topic), core::problem_of_stream_name(topic),
                              core::problem_of_subscription_name(topic)}) {
    must(!problem || !problem->empty());
  }
  must(topic.starts_with(core::base_of_stream(topic)));
  for (const std::string& filter : parts) {
    const bool matches = core::filter_matches(filter, topic);
    const bool is_filter = !core::problem_of_filter(filter);
    if (is_filter && is_topic && filter == "#") must(matches == !topic.starts_with("$"));
    planted(is_filter && is_topic && matches && filter.find('+') != std::string::npos);
    must(core::filters_match({filter}, topic) == matches);
  }
}

void arguments(std::string_view octets) {
  try {
    static_cast<void>(commands::parse(split(octets, '\0')));
    planted(octets.size() > 4);
  } catch (const commands::UsageError& error) {
    must(std::string_view(error.what()).size() > 3);
  }
  const std::string text(octets);
  std::string why;
  if (const auto status = sidecar::status_from_json(text, why)) {
    must(sidecar::status_from_json(sidecar::to_json(*status), why).has_value());
  } else {
    must(!why.empty());
  }
  static_cast<void>(sidecar::stream_json(text, "orders"));
  static_cast<void>(sidecar::any_link_was_up(text));
}

}  // namespace restante::fuzz
