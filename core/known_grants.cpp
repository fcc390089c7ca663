#include "core/known_grants.h"

#include <algorithm>
#include <iterator>

#include <restante/limits.h>

namespace restante::core {

bool KnownGrants::announced(GrantId grant, Range range) const {
  auto at = grants_.upper_bound(range.first);
  if (at == grants_.begin()) return false;
  --at;
  return at->second.grant == grant && range.last <= at->second.range.last;
}

std::optional<Sequence> KnownGrants::regress_in(const std::vector<Grant>& grants, Sequence floor) const {
  std::map<Sequence, Grant> told;
  for (const Grant& grant : grants) told.emplace(grant.range.first, grant);
  for (const auto& [first, known] : grants_) {
    // Those of a list do not overlap, so all that could meet `known` are its neighbours by their first sequence.
    auto at = told.upper_bound(known.range.last);
    bool found = false;
    bool other = false;
    while (at != told.begin() && std::prev(at)->second.range.last >= known.range.first) {
      --at;
      (at->second.grant == known.grant ? found : other) = true;
    }
    if (other || (!found && known.range.last > floor)) return first;
  }
  return std::nullopt;
}

std::optional<Sequence> KnownGrants::regress_in_update(const std::vector<Grant>& grants, Sequence floor) const {
  Sequence lowest = limits::sequence_max + 1;
  for (const Grant& grant : grants) lowest = std::min(lowest, grant.range.first);
  return regress_in(grants, std::max(floor, lowest - (lowest > 0 ? 1U : 0U)));
}

void KnownGrants::add(const std::vector<Grant>& grants) {
  for (const Grant& grant : grants) grants_.insert_or_assign(grant.range.first, grant);
  while (grants_.size() > limits::grants_max) grants_.erase(grants_.begin());
}

void KnownGrants::erase_from(Sequence first) {
  std::erase_if(grants_, [first](const auto& entry) { return entry.second.range.last >= first; });
}

void KnownGrants::trim(Sequence floor) {
  while (grants_.size() > kept && grants_.begin()->second.range.last <= floor) grants_.erase(grants_.begin());
}

std::vector<Grant> KnownGrants::all() const {
  std::vector<Grant> all;
  for (const auto& [first, grant] : grants_) all.push_back(grant);
  return all;
}

Sequence KnownGrants::last() const { return grants_.empty() ? 0 : grants_.rbegin()->second.range.last; }

}  // namespace restante::core
