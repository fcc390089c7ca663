#pragma once
/// \file
/// Which live copies have arrived and were not reported yet.

#include <algorithm>
#include <vector>

#include <restante/limits.h>

#include "core/id_set.h"
#include "core/messages.h"
#include "core/time.h"

namespace restante::core {

/// The sidecar takes a live copy that nobody reports as lost after ack_wait (B5), so what waits in a queue is reported
/// once, each report_interval. What is settled sooner needs no report. Not thread-safe.
class ReceivedReport {
 public:
  void on_arrived(GrantId grant, Range range, Instant now) {
    if (ids_.empty()) due_ = after(now, limits::report_interval);
    ids_.insert(grant, range);
  }
  void erase(GrantId grant, Range range) { ids_.erase(grant, range); }
  void erase_from(Sequence first) { ids_.erase_from(first); }
  void clear() { ids_.clear(); }

  [[nodiscard]] Instant next_deadline() const noexcept { return ids_.empty() ? never : due_; }

  /// What is to be reported now; the rest of a very long list goes with the next report.
  std::vector<GrantRange> take_due(Instant now) {
    if (next_deadline() > now) return {};
    std::vector<GrantRange> ranges = ids_.ranges(ranges_max);
    for (const GrantRange& range : ranges) ids_.erase(range.grant, range.range);
    due_ = after(now, limits::report_interval);
    return ranges;
  }

 private:
  static constexpr std::size_t ranges_max = 16 * limits::ranges_max;

  IdSet ids_;
  Instant due_ = never;
};

}  // namespace restante::core
