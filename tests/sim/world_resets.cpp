/// \file
/// Somebody has a subscription begin again at another place, and whoever was in it begins anew.

#include <algorithm>

#include "core/wire.h"
#include "tests/sim/world.h"

namespace restante::sim {

/// On a link of its own, as with removals: whether it was done shows on the disk.
void World::reset_subscription() {
  if (!sidecar_runs()) return;
  const Role& role = roles_[random_.below(roles_.size())];
  std::string start = random_.chance(1, 4) ? "new" : "beginning";
  const auto& confirmed = ledger_.confirmed();
  if (!confirmed.empty() && random_.chance(1, 2)) {
    const Ledger::Message& message = ledger_.messages().at(
        *std::next(confirmed.begin(), static_cast<std::ptrdiff_t>(random_.below(confirmed.size()))));
    if (message.stream == role.stream) start = std::to_string(message.sequence);
  }
  note("SOMEBODY RESETS " + role.subscription + " TO " + start);
  tool_ = sidecar_.accept(now_, 0);
  core::Hello hello;
  hello.process = "tool";
  hello.host = "simulated";
  const core::ResetSubscription wish{random_.next(), role.stream,          role.subscription,
                                     start,          random_.chance(3, 4), random_.chance(1, 8)};
  tool_->up.push_back({core::encode(core::ControlFrame{1, hello})});
  tool_->up.push_back({core::encode(core::ControlFrame{2, wish})});
}

/// It is so on the disk: what has a row above its place is owed again, done or not.
void World::on_reset(const core::SubscriptionRecord& record) {
  note("RESET ON THE DISK: " + record.name + " to " + std::to_string(record.start));
  ++sometimes_["subscription reset"];
  std::set<Ledger::Number> kept;
  const auto& book = disk_.contents().streams.at(record.stream);
  for (const auto& [number, message] : ledger_.messages()) {
    if (message.stream != book.record.name || message.sequence <= std::max(record.start, book.pruned_to)) continue;
    const auto row = book.rows.upper_bound(message.sequence);
    if (row == book.rows.begin()) continue;
    const core::RowRecord& below = std::prev(row)->second;
    if (below.grant == message.grant && message.sequence <= below.last) kept.insert(number);
  }
  if (ledger_.on_reset(record.name, record.start, kept))
    ++sometimes_["subscription reset: what was done is owed again"];
}

/// Does the present store have the subscription that the consumer was admitted to?
bool World::is_there(std::int64_t made) const {
  const auto& all = disk_.contents().subscriptions;
  return std::any_of(all.begin(), all.end(), [made](const auto& known) {
    return (known.second.made == 0 ? known.first : known.second.made) == made;
  });
}

}  // namespace restante::sim
