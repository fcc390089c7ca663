#include "core/topic_trail.h"

#include <algorithm>

#include <restante/limits.h>

namespace restante::core {

TopicTrail::Heard TopicTrail::note(const std::string& topic, Sequence prev, const GrantRange& batch,
                                   const KnownGrants& grants) {
  const bool is_first = newest_ == 0;
  // The sequences of a stream rise, but for a store that was replaced by one that knows nothing of them.
  const bool is_other_store = batch.grant != grant_ && batch.range.first <= newest_;
  if (is_first || is_other_store) {
    newest_ = 0;
    forget(batch.range.first - 1);
  }
  const auto at = seen_.find(topic);
  const Sequence known = at == seen_.end() ? since_ : at->second;
  Heard heard;
  heard.anew = newest_ == 0;
  if (batch.range.last <= known) {
    heard.again = true;
    return heard;
  }
  const bool tells = grants.announced(batch.grant, batch.range) && !grants.begins_after(prev);
  if (prev > known && tells) heard.missed = Range{known + 1, prev};
  newest_ = std::max(newest_, batch.range.last);
  grant_ = batch.grant;
  if (at != seen_.end()) {
    at->second = batch.range.last;
    return heard;
  }
  if (seen_.size() >= limits::seen_topics_max) forget(newest_);
  else seen_.emplace(topic, batch.range.last);
  return heard;
}

void TopicTrail::forget(Sequence since) {
  seen_.clear();
  since_ = since;
}

}  // namespace restante::core
