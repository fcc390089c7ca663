#pragma once
/// \file
/// What was published last on a stream, as its sidecar copied it.

#include <deque>
#include <string>
#include <vector>

#include "core/messages.h"

namespace restante::core {

/// The newest batches by topic, so that who listens can be told what it should have heard. Filters are applied only
/// when somebody is to be told, which is seldom. At most limits::published_log_max entries: of a stream that is never
/// quiet the older ones are forgotten. Not thread-safe.
class PublishedLog {
 public:
  /// Forgets all: `head` is the last that was copied.
  void begin(Sequence head);
  /// In the order of the copies.
  void note(const std::string& topic, const GrantRange& batch);

  [[nodiscard]] Sequence to() const;  ///< all up to here was noted; 0: nothing was
  /// What one of `filters` matches of all above `told_to`. Above `after` of the answer, which is higher if more was
  /// forgotten, nothing is left out.
  [[nodiscard]] Published wanted(const std::vector<std::string>& filters, Sequence told_to) const;

 private:
  struct Entry {
    std::string topic;
    GrantRange batch;
  };
  std::deque<Entry> entries_;  // rising
  Sequence after_ = 0;         // nothing is known up to here
};

}  // namespace restante::core
