#include "patterns/link_hub.h"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>

namespace restante::detail {

using core::Instant;

LinkHub::LinkHub(link::Context& context, link::Poller& poller, NodeContext& node, const std::string& endpoint,
                 Instant now)
    : node_(node), live_(context, node), link_(context, poller, node, endpoint, *this, now) {}

void LinkHub::add(std::shared_ptr<LinkMember> member, Instant now) {
  LinkMember& added = *member;
  members_.emplace(added.id(), std::move(member));
  if (link_.up()) added.on_link_up(welcome_, now);
}

bool LinkHub::work(Instant now) {
  bool more = false;
  LinkPort port(link_, live_, now);
  for (auto it = members_.begin(); it != members_.end();) {
    LinkMember& member = *it->second;
    more = member.step(port, now) || more;
    if (member.finished()) {
      std::erase_if(tokens_, [&](const auto& entry) { return entry.second == &member; });
      it = members_.erase(it);
    } else {
      ++it;
    }
  }
  return more;
}

Instant LinkHub::next_deadline() const {
  Instant deadline = link_.next_deadline();
  for (const auto& [id, member] : members_) deadline = std::min(deadline, member->next_deadline());
  return deadline;
}

bool LinkHub::on_live(const std::shared_ptr<const core::Batch>& batch, Instant now) {
  LinkMember* const member = by_token(batch->header().owner);
  if (member == nullptr) return false;
  member->on_live(batch, now);
  return true;
}

void LinkHub::on_stop(Instant now) {
  for (const auto& [id, member] : members_) member->on_stop(now);
}

void LinkHub::leave(Instant now) {
  work(now);
  link_.leave(now);
}

void LinkHub::on_end(const std::string& why, bool failed) {
  for (const auto& [id, member] : members_) member->on_end(why, failed);
}

bool LinkHub::ready() const {
  return link_.up() &&
         std::all_of(members_.begin(), members_.end(), [](const auto& entry) { return entry.second->ready(); });
}

void LinkHub::on_link_up(const core::Welcome& welcome, Instant now) {
  welcome_ = welcome;
  for (const auto& [id, member] : members_) member->on_link_up(welcome, now);
}

void LinkHub::on_link_down(Instant now) {
  tokens_.clear();
  live_.forget_all();
  for (const auto& [id, member] : members_) member->on_link_down(now);
}

void LinkHub::on_control(const core::ControlMessage& message, Instant now) {
  if (const auto* target = std::get_if<core::LiveTarget>(&message); target != nullptr && target->gone) {
    live_.forget(target->token);
  }
  if (LinkMember* const member = receiver_of(message)) {
    if (const auto* subscribed = std::get_if<core::Subscribed>(&message)) tokens_[subscribed->token] = member;
    member->on_message(message, now);
  }
}

void LinkHub::on_redelivery(const core::Redelivery& header, std::shared_ptr<const core::Batch> batch, Instant now) {
  if (LinkMember* const member = by_token(header.token)) {
    member->on_redelivery(header, std::move(batch), now);
  } else {
    node_.counters.add(Count::stale_token);
  }
}

void LinkHub::on_refused(const core::Refused& refused, Instant now) {
  for (const auto& [id, member] : members_) {
    core::Refused own = refused;
    own.id = id;
    for (const core::Side side : {core::Side::handle, core::Side::session}) {
      own.side = side;
      member->on_message(own, now);
    }
  }
}

LinkMember* LinkHub::by_id(std::uint64_t id) const {
  const auto found = members_.find(id);
  return found == members_.end() ? nullptr : found->second.get();
}

LinkMember* LinkHub::by_token(core::Token token) const {
  const auto found = tokens_.find(token);
  return found == tokens_.end() ? nullptr : found->second;
}

LinkMember* LinkHub::receiver_of(const core::ControlMessage& message) {
  LinkMember* receiver = nullptr;
  const bool addressed = std::visit(
      [&](const auto& value) {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, core::Refused>) {
          receiver = by_id(value.id);
        } else if constexpr (requires { value.handle; }) {
          receiver = by_id(value.handle);
        } else if constexpr (requires { value.session; }) {
          receiver = by_id(value.session);
        } else if constexpr (requires { value.token; }) {
          receiver = by_token(value.token);
        } else {
          return false;
        }
        return true;
      },
      message);
  if (receiver == nullptr) node_.counters.add(addressed ? Count::stale_token : Count::unexpected_frame);
  return receiver;
}

}  // namespace restante::detail
