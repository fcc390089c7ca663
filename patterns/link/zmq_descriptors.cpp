#include "patterns/link/zmq_descriptors.h"

#include <algorithm>
#include <cstdint>

namespace restante::link {

namespace {

/// The count in a route that ROUTER has made: a zero, then four octets, the highest first. nullopt for another's.
std::optional<std::uint32_t> count_in(const std::string& route) {
  if (route.size() != 5 || route[0] != 0) return std::nullopt;
  std::uint32_t count = 0;
  for (std::size_t i = 1; i < route.size(); ++i) count = count << 8U | static_cast<unsigned char>(route[i]);
  return count;
}

}  // namespace

bool DescriptorOwners::is_over(int descriptor, const std::string& route) const {
  const auto found = descriptors_.find(descriptor);
  if (found == descriptors_.end()) return false;
  const auto owner = count_in(found->second.route);
  const auto other = count_in(route);
  // It begins anywhere and wraps: the nearer way round is the way it went.
  return owner && other && static_cast<std::int32_t>(*owner - *other) > 0;
}

std::optional<std::string> DescriptorOwners::spoke(int descriptor, const std::string& route) {
  Descriptor& entry = descriptors_[descriptor];
  std::string before = std::exchange(entry.route, route);
  entry.is_known = false;
  entry.is_lost = false;
  touched_.push_back(descriptor);
  if (before.empty()) return std::nullopt;
  return before;
}

void DescriptorOwners::accepted(int descriptor) {
  descriptors_[descriptor].is_open = true;
  touched_.push_back(descriptor);
}

void DescriptorOwners::closed(int descriptor) {
  Descriptor& entry = descriptors_[descriptor];
  entry.is_open = false;
  if (entry.is_known) entry.is_lost = true;
  touched_.push_back(descriptor);
}

std::vector<DescriptorOwners::Lost> DescriptorOwners::looked() {
  std::vector<Lost> lost;
  std::sort(touched_.begin(), touched_.end());
  touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
  for (const int descriptor : touched_) {
    const auto found = descriptors_.find(descriptor);
    if (found == descriptors_.end()) continue;
    Descriptor& entry = found->second;
    if (entry.route.empty()) {
      if (!entry.is_open) descriptors_.erase(found);
      continue;
    }
    entry.is_known = true;
    if (entry.is_lost || !entry.is_open) lost.push_back(Lost{descriptor, entry.route});
  }
  touched_.clear();
  return lost;
}

bool DescriptorOwners::forget(const Lost& lost) {
  const auto found = descriptors_.find(lost.descriptor);
  if (found == descriptors_.end() || found->second.route != lost.route) return false;
  Descriptor& entry = found->second;
  entry.route.clear();
  entry.is_known = false;
  entry.is_lost = false;
  if (!entry.is_open) descriptors_.erase(found);
  return true;
}

}  // namespace restante::link
