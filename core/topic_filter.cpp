#include "core/topic_filter.h"

#include <algorithm>

namespace restante::core {

bool filter_matches(std::string_view filter, std::string_view topic) noexcept {
  const bool is_wild_in_front = filter.starts_with('+') || filter.starts_with('#');
  if (is_wild_in_front && topic.starts_with('$')) return false;
  for (;;) {
    const std::size_t filter_end = std::min(filter.find('/'), filter.size());
    const std::size_t topic_end = std::min(topic.find('/'), topic.size());
    const std::string_view level = filter.substr(0, filter_end);
    if (level == "#") return true;
    if (level != "+" && level != topic.substr(0, topic_end)) return false;
    if (filter_end == filter.size()) return topic_end == topic.size();
    filter.remove_prefix(filter_end + 1);
    if (topic_end == topic.size()) return filter == "#";  // `a/#` sees `a` itself
    topic.remove_prefix(topic_end + 1);
  }
}

bool filters_match(const std::vector<std::string>& filters, std::string_view topic) noexcept {
  if (filters.empty()) return true;
  return std::any_of(filters.begin(), filters.end(),
                     [topic](const std::string& filter) { return filter_matches(filter, topic); });
}

std::string_view prefix_of(std::string_view filter) noexcept {
  const std::size_t wildcard = filter.find_first_of("+#");
  if (wildcard == std::string_view::npos) return filter;
  const bool has_slash_to_leave = filter[wildcard] == '#' && wildcard > 0;
  return filter.substr(0, has_slash_to_leave ? wildcard - 1 : wildcard);
}

}  // namespace restante::core
