#pragma once
/// \file
/// Enumerators as the words that stand in the tables.

#include <optional>
#include <string>
#include <string_view>

#include "core/messages.h"

namespace restante::sidecar {

inline std::string name_of(core::StreamKind kind) { return kind == core::StreamKind::kept ? "kept" : "live"; }

inline std::string name_of(core::SubscriptionMode mode) {
  if (mode == core::SubscriptionMode::strict) return "strict";
  return mode == core::SubscriptionMode::shared ? "shared" : "exclusive";
}

inline std::string name_of(OnLimit on_limit) { return on_limit == OnLimit::cut ? "cut" : "refuse"; }

inline std::optional<core::StreamKind> stream_kind_of(std::string_view name) {
  if (name == "kept") return core::StreamKind::kept;
  if (name == "live") return core::StreamKind::live;
  return std::nullopt;
}

inline std::optional<core::SubscriptionMode> subscription_mode_of(std::string_view name) {
  if (name == "shared") return core::SubscriptionMode::shared;
  if (name == "exclusive") return core::SubscriptionMode::exclusive;
  if (name == "strict") return core::SubscriptionMode::strict;
  return std::nullopt;
}

inline std::optional<OnLimit> on_limit_of(std::string_view name) {
  if (name == "cut") return OnLimit::cut;
  if (name == "refuse") return OnLimit::refuse;
  return std::nullopt;
}

}  // namespace restante::sidecar
