/// \file
/// An operator removes a subscription: whether that may be, and who is in the way.

#include <algorithm>

#include "core/names.h"
#include "core/office.h"

namespace restante::core {

/// The processes that are there, for people.
std::string Office::consumers_of(const Subscription& subscription) const {
  constexpr std::size_t named_max = 8;
  std::string text;
  std::size_t named = 0;
  for (const auto& [token, session] : subscription.group.sessions()) {
    if (++named > named_max) continue;
    const auto link = links_.find(session.link);
    if (link == links_.end()) continue;
    const Hello& hello = link->second.hello;
    text += (text.empty() ? "" : ", ") + hello.process + " (pid " + std::to_string(hello.pid) +
            (hello.host == settings_.host ? "" : " of another host, " + link->second.peer_address) + ")";
  }
  return named > named_max ? text + " and " + std::to_string(named - named_max) + " more" : text;
}

/// Why a subscription that an operator wants to change is not to be changed, for people.
std::optional<std::string> Office::problem_of_change(const std::string& stream, const std::string& name,
                                                     const Outbox* outbox) const {
  if (outbox == nullptr) return "node " + node_ + " has no stream " + stream;
  const Subscription* known = outbox->subscription(name);
  if (known == nullptr) return "stream " + stream + " has no subscription " + name;
  const std::string what = "subscription " + name + " of stream " + stream;
  if (outbox->is_leaving(name)) return what + " is just being removed";
  if (outbox->is_being_reset(name)) return what + " is just being reset; ask again";
  if (!known->on_disk) return what + " is just being made; ask again";
  return std::nullopt;
}

std::optional<std::string> Office::problem_of(const RemoveSubscription& wish, const Outbox* outbox) const {
  const std::string what = "subscription " + wish.subscription + " of stream " + wish.stream;
  if (auto problem = problem_of_change(wish.stream, wish.subscription, outbox)) return problem;
  if (wish.subscription == pipeline_subscription) {
    return what +
           " belongs to the pipeline: without it the stream's messages would be kept for nobody. Its workers "
           "settle what waits";
  }
  const Subscription& known = *outbox->subscription(wish.subscription);
  if (known.group.sessions().empty() || wish.force) return std::nullopt;
  return what + " has a consumer: " + consumers_of(known) + ". Stop it first, or remove it all the same with --force";
}

void Office::on_message(LinkId id, Link&, const RemoveSubscription& wish) {
  Outbox* outbox = find(wish.stream);
  Removed told;
  told.request = wish.request;
  const auto problem = problem_of(wish, outbox);
  if (!problem && !wish.dry_run) {
    outbox->remove(wish.subscription, id, wish.request, turn_);
    finish(*outbox);
    return;
  }
  if (problem) {
    ++counters_["removals refused"];
    told.refusal = *problem;
  } else {
    told = outbox->would_free(wish.subscription, turn_);
    told.request = wish.request;
  }
  out_.push_back(Outgoing{id, told, {}});
}

}  // namespace restante::core
