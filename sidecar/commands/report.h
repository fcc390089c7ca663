#pragma once
/// \file
/// A sidecar's books as tables for people. Pure functions.

#include <string>
#include <vector>

#include "core/messages.h"
#include "core/status.h"

namespace restante::commands {

/// The node and its store, then a line for each stream.
std::string render_status(const core::NodeStatus& status);

/// Everything about one stream.
std::string render_stream(const core::StreamStatus& stream);

/// A line for each subscription of `streams`; empty if there is none.
std::string render_subscriptions(const std::vector<core::StreamStatus>& streams);

/// Everything about one subscription.
std::string render_subscription(const core::SubscriptionStatus& subscription);

/// What would be freed, or was, as the end of a sentence: "5 messages (1.2 KiB) waited for it, ...".
std::string removal_text(const core::Removed& removed);

/// Where it begins and what waits for it then, as the end of a sentence.
std::string reset_text(const core::WasReset& told);

/// How long a stream keeps what nobody is owed: "7 d, the last 1.0 GiB"; "nothing" if it keeps none of it.
std::string retention_text(const core::Retention& retention);
std::string expiry_text(const core::Expiry& expiry);
std::string drain_text(const DrainRate& drain);
/// All rules of a stream, those that are as ever left out.
std::string rules_text(const core::StreamSet& rules);
std::string retry_text(const RetryRule& rule);
std::string limit_text(const BacklogLimit& limit);

}  // namespace restante::commands
