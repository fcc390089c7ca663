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

std::optional<std::string> Office::problem_of(const RemoveSubscription& wish, const Outbox* outbox) const {
  if (outbox == nullptr) return "node " + node_ + " has no stream " + wish.stream;
  const std::string what = "subscription " + wish.subscription + " of stream " + wish.stream;
  if (!outbox->has_subscription(wish.subscription)) {
    return "stream " + wish.stream + " has no subscription " + wish.subscription;
  }
  if (wish.subscription == pipeline_subscription) {
    return what +
           " belongs to the pipeline: without it the stream's messages would be kept for nobody. Its workers "
           "settle what waits";
  }
  if (outbox->is_leaving(wish.subscription)) return what + " is just being removed";
  const auto& all = outbox->subscriptions();
  const auto at = std::find_if(all.begin(), all.end(),
                               [&](const auto& known) { return known.second.record.name == wish.subscription; });
  if (!at->second.on_disk) return what + " is just being made; ask again";
  if (at->second.group.sessions().empty() || wish.force) return std::nullopt;
  return what + " has a consumer: " + consumers_of(at->second) +
         ". Stop it first, or remove it all the same with --force";
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
