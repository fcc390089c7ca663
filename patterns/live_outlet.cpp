#include "patterns/live_outlet.h"

#include <restante/error.h>

namespace restante::detail {

bool LiveOutlet::send(core::Token target, const std::string& endpoint, const core::Buffer& batch) {
  auto found = targets_.find(target);
  if (found == targets_.end() || found->second.endpoint != endpoint) {
    found = targets_.insert_or_assign(target, Target{endpoint, connect(endpoint)}).first;
  }
  if (found->second.push && found->second.push->send(batch) == link::Sent::yes) return true;
  node_.counters.add(Count::live_refused);
  return false;
}

void LiveOutlet::forget(core::Token target) { targets_.erase(target); }

void LiveOutlet::forget_all() { targets_.clear(); }

std::shared_ptr<link::Push> LiveOutlet::connect(const std::string& endpoint) {
  for (const auto& [token, target] : targets_) {
    if (target.endpoint == endpoint) return target.push;
  }
  if (const auto fault = link::endpoint_fault(endpoint)) {
    node_.log.warning("no live copies to " + endpoint + ": " + *fault);
    return nullptr;
  }
  if (!node_.insecure && !link::is_loopback(endpoint)) {
    node_.log.warning("no live copies to " + endpoint +
                      ": it is not on this machine; set NodeOptions::insecure to send there without encryption");
    return nullptr;
  }
  try {
    return std::make_shared<link::Push>(context_, endpoint);
  } catch (const Error& error) {
    node_.log.warning("no live copies to " + endpoint + ": " + error.what());
    return nullptr;
  }
}

}  // namespace restante::detail
