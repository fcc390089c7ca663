#pragma once
/// \file
/// Reading the dead letters of a node.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/operator_messages.h"
#include "core/status.h"
#include "sidecar/commands/command.h"
#include "sidecar/commands/operator_link.h"
#include "sidecar/json_dead.h"

namespace restante::commands {

/// Why there cannot be letters such as these, with what to do next; nullopt: there may be some.
std::optional<std::string> problem_of(const std::vector<core::DeadSelection>& which, const core::NodeStatus& status);

/// The letters of a choice, page by page, in the order of what was named, of streams, subscriptions and sequences. Each
/// comes once, also if it is tried again meanwhile and dies again: that is its old place.
class LetterReader {
 public:
  LetterReader(OperatorLink& link, const core::NodeStatus& status, LetterChoice choice);

  /// At most limits::letters_max; none: there are no more. Throws as OperatorLink::ask(), and Error if the sidecar
  /// refuses.
  std::vector<sidecar::Letter> next();

  /// Those that were named by their whole ids and were not there.
  [[nodiscard]] const std::vector<std::string>& missing() const noexcept { return missing_; }

 private:
  [[nodiscard]] bool fits(const core::DeadLetter& letter) const;
  std::vector<core::DeadLetter> page();

  OperatorLink& link_;
  std::string node_;
  LetterChoice choice_;
  std::size_t at_ = 0;  // in choice_.which
  std::int64_t now_ms_;
  std::int64_t after_subscription_ = 0;
  Sequence after_sequence_ = 0;
  std::vector<std::string> missing_;
};

/// One letter with its payload.
struct ReadWhole {
  std::optional<sidecar::WholeLetter> whole;  ///< nullopt: it is not there, or it is damaged
  std::optional<sidecar::Letter> damaged;     ///< what is known of it nevertheless
  std::string refusal;
};
ReadWhole read_whole(OperatorLink& link, const std::string& node, const core::DeadSelection& one);

}  // namespace restante::commands
