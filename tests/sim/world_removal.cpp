/// \file
/// Somebody removes a subscription that was made on the way, and whoever was in it ends.

#include <algorithm>

#include "core/wire.h"
#include "tests/sim/world.h"

namespace restante::sim {

/// On a link of its own, which is not dialled again: whether it was done shows on the disk.
void World::remove_subscription() {
  if (!sidecar_runs()) return;
  const std::string name = "late-" + std::to_string(1 + random_.below(late_));
  const auto role =
      std::find_if(roles_.begin(), roles_.end(), [&](const Role& one) { return one.subscription == name; });
  if (role == roles_.end()) return;
  note("SOMEBODY REMOVES " + name);
  tool_ = sidecar_.accept(now_, 0);
  core::Hello hello;
  hello.process = "tool";
  hello.host = "simulated";
  const core::RemoveSubscription wish{random_.next(), role->stream, name, random_.chance(3, 4), random_.chance(1, 8)};
  tool_->up.push_back({core::encode(core::ControlFrame{1, hello})});
  tool_->up.push_back({core::encode(core::ControlFrame{2, wish})});
}

void World::hear_of_removals() {
  if (tool_ == nullptr) return;
  for (; !tool_->down.empty(); tool_->down.pop_front()) {
    std::string why;
    const auto told = core::decode(tool_->down.front().front(), why);
    const auto* removed = told ? std::get_if<core::Removed>(&told->message) : nullptr;
    if (removed != nullptr && !removed->refusal.empty()) ++sometimes_["subscription removed: refused"];
    const auto* reset = told ? std::get_if<core::WasReset>(&told->message) : nullptr;
    if (reset != nullptr && !reset->refusal.empty()) ++sometimes_["subscription reset: refused"];
    const bool is_changed = told && std::holds_alternative<core::DeadChanged>(told->message);
    if (removed != nullptr || reset != nullptr || is_changed) tool_->open = false;
  }
}

/// Its application ends, and may be started again later: that is a new subscription.
void World::end_removed() {
  std::vector<Role> ended;
  std::erase_if(workers_, [&](const auto& worker) {
    if (!worker->removed() || (!healing_ && random_.chance(9, 10))) return false;
    note("session " + std::to_string(worker->session() % 10000) +
         " was told that its subscription is removed or reset");
    ++sometimes_["subscription removed: its consumer was told"];
    gather(*worker);
    if (worker->client().dialled()) worker->client().link()->cut(random_);
    paths_.erase(worker->endpoint());
    alive_.erase(worker->client().pid());
    ended.push_back(worker->role());
    return true;
  });
  for (const Role& role : ended) {
    const auto is_it = [&](const auto& worker) { return worker->role().subscription == role.subscription; };
    if (std::any_of(workers_.begin(), workers_.end(), is_it)) {
      removed_and_told_.insert(role.subscription);  // a rival is left, who may have been taken over by it
      continue;
    }
    const auto& there = disk_.contents().subscriptions;
    const auto has_name = [&](const auto& known) { return known.second.name == role.subscription; };
    if (std::any_of(there.begin(), there.end(), has_name)) {  // it was reset
      workers_.push_back(make_consumer(role));
      continue;
    }
    if (random_.chance(1, 2)) {
      std::erase_if(roles_, [&](const Role& one) { return one.subscription == role.subscription; });
      continue;
    }
    ++sometimes_["subscription made again after its removal"];
    workers_.push_back(make_consumer(role));
  }
}

}  // namespace restante::sim
