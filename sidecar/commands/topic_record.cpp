#include "sidecar/commands/topic_record.h"

#include <restante/limits.h>

#include "core/names.h"

namespace restante::commands {

std::string split_topic_record(std::string_view record, TopicRecord& parts) {
  // Nothing is looked for beyond the longest topic: what is there may be a payload of a MiB.
  const auto tab = record.substr(0, limits::topic_size_max + 1).find('\t');
  if (tab == std::string_view::npos) {
    const bool is_long = record.size() > limits::topic_size_max;
    return "has no TAB between topic and payload" +
           (is_long ? " in its first " + std::to_string(limits::topic_size_max + 1) + " octets" : std::string());
  }
  parts = {record.substr(0, tab), record.substr(tab + 1)};
  const auto problem = core::problem_of_topic(parts.topic);
  return problem ? "has a topic that " + *problem : std::string();
}

}  // namespace restante::commands
