#pragma once
/// \file
/// What a trace calls the things that have only random numbers.

#include <map>
#include <set>
#include <string>
#include <utility>

#include "core/messages.h"

namespace restante::scenarios {

/// Learns from what the sidecar says who has which token and which block.
class Names {
 public:
  void learn(const std::string& to, const core::ControlMessage& message) {
    if (const auto* subscribed = std::get_if<core::Subscribed>(&message)) consumers_[subscribed->token] = to;
    if (const auto* granted = std::get_if<core::Granted>(&message)) producers_[granted->grant.grant] = to;
    if (const auto* told = std::get_if<core::Attached>(&message))
      std::erase_if(live_, [&](const auto& one) { return one.first == told->handle; });
  }
  /// Is it news to the writer that this session is live, or is not any more?
  bool learn_target(const core::LiveTarget& target) {
    const std::pair<std::uint64_t, core::Token> who{target.handle, target.token};
    return target.gone ? live_.erase(who) > 0 : live_.insert(who).second;
  }
  /// Does this session ask for nothing from now on, or for something again?
  bool learn_credit(const core::Settle& settle) {
    return settle.credit.messages == 0 ? asks_nothing_.insert(settle.token).second
                                       : asks_nothing_.erase(settle.token) > 0;
  }
  [[nodiscard]] std::string consumer(core::Token token) const {
    const auto known = consumers_.find(token);
    return known == consumers_.end() ? "somebody" : known->second;
  }
  [[nodiscard]] std::string producer(GrantId grant) const {
    const auto known = producers_.find(grant);
    return known == producers_.end() ? "somebody" : known->second;
  }

 private:
  std::map<core::Token, std::string> consumers_;
  std::map<GrantId, std::string> producers_;
  std::set<core::Token> asks_nothing_;
  std::set<std::pair<std::uint64_t, core::Token>> live_;
};

}  // namespace restante::scenarios
