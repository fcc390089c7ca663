#include "core/topic_table.h"

#include <algorithm>

namespace restante::core {

void TopicTable::set_floor(Sequence sequence) { floor_ = std::max(floor_, sequence); }

Sequence TopicTable::prev(std::string_view topic) const {
  const auto found = index_.find(topic);
  return found == index_.end() ? floor_ : found->second->last;
}

void TopicTable::note(std::string_view topic, Sequence sequence) {
  const auto found = index_.find(topic);
  if (found != index_.end()) {
    found->second->last = sequence;
    entries_.splice(entries_.begin(), entries_, found->second);
    return;
  }
  if (entries_.size() >= topics_max_) {
    set_floor(entries_.back().last);
    index_.erase(entries_.back().topic);
    entries_.pop_back();
  }
  entries_.push_front(Entry{std::string(topic), sequence});
  index_.emplace(entries_.front().topic, entries_.begin());
}

}  // namespace restante::core
