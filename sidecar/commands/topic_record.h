#pragma once
/// \file
/// Records that name their topic.

#include <string>
#include <string_view>

namespace restante::commands {

/// A record taken apart; views into it.
struct TopicRecord {
  std::string_view topic;
  std::string_view payload;  ///< may be empty
};

/// Splits `record` at its first TAB, which no topic can contain. Returns what is wrong with it, as the end of a
/// sentence that begins with the record ("has no TAB ..."), or nothing.
std::string split_topic_record(std::string_view record, TopicRecord& parts);

}  // namespace restante::commands
