#include "core/published_log.h"

#include <algorithm>

#include <restante/limits.h>

#include "core/topic_filter.h"

namespace restante::core {

void PublishedLog::begin(Sequence head) {
  entries_.clear();
  after_ = head;
}

void PublishedLog::note(const std::string& topic, const GrantRange& batch) {
  // After a restart the head is that of the rows, and a writer sends again from below it.
  if (entries_.empty()) after_ = std::min(after_, batch.range.first - 1);
  if (!entries_.empty()) {
    Entry& last = entries_.back();
    const bool goes_on = last.batch.grant == batch.grant && last.batch.range.last + 1 == batch.range.first;
    if (goes_on && last.topic == topic) {
      last.batch.range.last = batch.range.last;
      return;
    }
  }
  entries_.push_back({topic, batch});
  if (entries_.size() <= limits::published_log_max) return;
  after_ = entries_.front().batch.range.last;
  entries_.pop_front();
}

Sequence PublishedLog::to() const { return entries_.empty() ? 0 : entries_.back().batch.range.last; }

Published PublishedLog::wanted(const std::vector<std::string>& filters, Sequence told_to) const {
  Published published;
  published.after = std::max(after_, told_to);
  published.to = to();
  for (auto at = entries_.rbegin(); at != entries_.rend() && at->batch.range.last > told_to; ++at) {
    if (!filters_match(filters, at->topic)) continue;
    GrantRange wanted = at->batch;
    wanted.range.first = std::max(wanted.range.first, told_to + 1);
    published.ranges.push_back(wanted);
  }
  std::reverse(published.ranges.begin(), published.ranges.end());
  return published;
}

}  // namespace restante::core
