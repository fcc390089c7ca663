#pragma once
/// \file
/// What a writer remembers of its topics, for `prev` (PROTOCOL W4).

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include <restante/types.h>

namespace restante::core {

/// The last sequence of each topic, for at most `topics_max` topics. The answer for a topic that it does not know is
/// the highest sequence that such a topic can have: too high costs a request, too low would lose a message silently.
/// Not thread-safe.
class TopicTable {
 public:
  explicit TopicTable(std::size_t topics_max) : topics_max_(topics_max) {}
  TopicTable(const TopicTable&) = delete;
  TopicTable& operator=(const TopicTable&) = delete;

  /// Topics that were never noted may have messages up to `sequence`, written by earlier handles.
  void set_floor(Sequence sequence);

  /// The sequence before the next message of `topic`; may be too high, never too low.
  [[nodiscard]] Sequence prev(std::string_view topic) const;

  /// `topic` has a message with `sequence`, higher than any noted before.
  void note(std::string_view topic, Sequence sequence);

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    std::string topic;
    Sequence last;
  };
  // Newest in front, so that the entry to forget is the last one and its sequence the lowest of all. The index's keys
  // are views of the entries' strings, which a list never moves.
  std::list<Entry> entries_;
  std::unordered_map<std::string_view, std::list<Entry>::iterator> index_;
  std::size_t topics_max_;
  Sequence floor_ = 0;
};

}  // namespace restante::core
