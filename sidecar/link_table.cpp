#include "sidecar/link_table.h"

namespace restante::sidecar {

std::pair<core::LinkId, bool> LinkTable::at(std::size_t router, const std::string& route, int descriptor) {
  const auto [known, is_new] = by_route_.try_emplace({router, route}, next_);
  if (!is_new) return {known->second, false};
  const core::LinkId link = next_++;
  entries_[link] = Entry{router, route, descriptor, 0};
  if (descriptor >= 0) by_descriptor_[{router, descriptor}] = link;
  return {link, true};
}

LinkTable::Entry* LinkTable::find(core::LinkId link) {
  const auto at = entries_.find(link);
  return at == entries_.end() ? nullptr : &at->second;
}

std::optional<core::LinkId> LinkTable::by_descriptor(std::size_t router, int descriptor) const {
  const auto at = by_descriptor_.find({router, descriptor});
  if (at == by_descriptor_.end()) return std::nullopt;
  return at->second;
}

void LinkTable::erase(core::LinkId link) {
  const auto at = entries_.find(link);
  if (at == entries_.end()) return;
  by_route_.erase({at->second.router, at->second.route});
  const auto descriptor = by_descriptor_.find({at->second.router, at->second.descriptor});
  if (descriptor != by_descriptor_.end() && descriptor->second == link) by_descriptor_.erase(descriptor);
  entries_.erase(at);
}

}  // namespace restante::sidecar
