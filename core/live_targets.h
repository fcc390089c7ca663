#pragma once
/// \file
/// The workers that a writer may send live copies to, and how much.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/messages.h"

namespace restante::core {

/// Counts what each worker was sent against the newest limits that the sidecar told (docs/wire.md, A writer, Live). All
/// of it is forgotten with the link. Not thread-safe.
class LiveTargets {
 public:
  struct Choice {
    Token token;
    std::string endpoint;
  };

  /// The newest word about a worker: adds it, changes its limits, or takes it away.
  void on_target(const LiveTarget& target);
  void clear() { targets_.clear(); }

  /// The worker with the most messages free that may have a batch of `messages` and `octets`. A limit in octets that is
  /// not used at all lets one batch through, however large, so that a small credit cannot shut out a large message.
  /// And that wants `topic`: another would drop it, after it has cost credit.
  [[nodiscard]] std::optional<Choice> choose(std::string_view topic, std::size_t messages, std::size_t octets) const;

  void sent(Token token, std::size_t messages, std::size_t octets);
  /// Its socket does not take more: nothing until the next word about it.
  void pause(Token token);

  /// How many messages a batch should hold at most so that one worker can take all of it and the others get work too.
  /// Without anyone who could take something: `otherwise`, since the batch then goes to the backlog.
  [[nodiscard]] std::size_t batch_hint(std::size_t otherwise) const;

  [[nodiscard]] std::size_t size() const noexcept { return targets_.size(); }

 private:
  struct Target {
    std::string endpoint;
    std::vector<std::string> filters;
    std::uint64_t limit_messages = 0;
    std::uint64_t limit_octets = 0;
    std::uint64_t used_messages = 0;
    std::uint64_t used_octets = 0;
    bool paused = false;

    [[nodiscard]] std::uint64_t free_messages() const;
    [[nodiscard]] bool takes(std::size_t messages, std::size_t octets) const;
  };
  std::map<Token, Target> targets_;  // ordered, so that a simulated run can be replayed
};

}  // namespace restante::core
