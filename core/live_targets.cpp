#include "core/live_targets.h"

#include <algorithm>

#include <restante/limits.h>

#include "core/topic_filter.h"

namespace restante::core {

namespace {

// A sidecar names one target per session, and it has at most so many; a hostile one must not grow this table.
constexpr std::size_t targets_max = limits::sessions_max;

}  // namespace

std::uint64_t LiveTargets::Target::free_messages() const {
  return paused || limit_messages <= used_messages ? 0 : limit_messages - used_messages;
}

bool LiveTargets::Target::takes(std::size_t messages, std::size_t octets) const {
  if (free_messages() < messages) return false;
  if (used_octets == 0) return limit_octets > 0;
  return limit_octets >= used_octets && limit_octets - used_octets >= octets;
}

void LiveTargets::on_target(const LiveTarget& target) {
  if (target.gone) {
    targets_.erase(target.token);
    return;
  }
  if (targets_.size() >= targets_max && targets_.find(target.token) == targets_.end()) return;
  Target& known = targets_[target.token];
  known.endpoint = target.endpoint;
  if (!target.filters.empty()) known.filters = target.filters;
  known.limit_messages = target.limit_messages;
  known.limit_octets = target.limit_octets;
  known.paused = false;
}

std::optional<LiveTargets::Choice> LiveTargets::choose(std::string_view topic, std::size_t messages,
                                                       std::size_t octets) const {
  const std::pair<const Token, Target>* best = nullptr;
  for (const auto& entry : targets_) {
    if (!entry.second.takes(messages, octets)) continue;
    if (best != nullptr && entry.second.free_messages() <= best->second.free_messages()) continue;
    if (filters_match(entry.second.filters, topic)) best = &entry;
  }
  if (best == nullptr) return std::nullopt;
  return Choice{best->first, best->second.endpoint};
}

void LiveTargets::sent(Token token, std::size_t messages, std::size_t octets) {
  const auto found = targets_.find(token);
  if (found == targets_.end()) return;
  found->second.used_messages += messages;
  found->second.used_octets += octets;
}

void LiveTargets::pause(Token token) {
  const auto found = targets_.find(token);
  if (found != targets_.end()) found->second.paused = true;
}

std::size_t LiveTargets::batch_hint(std::size_t otherwise) const {
  std::uint64_t best = 0;
  std::size_t able = 0;
  for (const auto& [token, target] : targets_) {
    const std::uint64_t free = target.free_messages();
    best = std::max(best, free);
    if (free > 0) ++able;
  }
  if (able == 0) return otherwise;
  const std::uint64_t share = best / able;
  return static_cast<std::size_t>(std::clamp<std::uint64_t>(share, 1, otherwise));
}

}  // namespace restante::core
