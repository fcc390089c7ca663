#pragma once
/// \file
/// Where a message is, as question and answer of a status link.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/whereabouts.h"

namespace restante::sidecar {

/// Whose whereabouts are asked for.
struct MessagePlace {
  std::string stream;
  Sequence sequence = 0;
};

/// What a sidecar is asked, and back; nullopt if it is another question.
std::string question_of(const MessagePlace& place);
std::optional<MessagePlace> message_place_of(std::string_view question);

/// The answer, and back; nullopt for anything that is not one.
std::string to_json(const MessagePlace& place, const std::vector<core::Whereabouts>& all);
std::optional<std::vector<core::Whereabouts>> whereabouts_from_json(std::string_view text);

/// A word for people and for JSON: `waiting`, `in hand`, …
std::string name_of(core::Whereabouts::State state);

}  // namespace restante::sidecar
