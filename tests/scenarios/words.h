#pragma once
/// \file
/// What happens, in the protocol's words: the right side of a line of a trace.

#include <string>

#include "core/batch.h"
#include "core/store_contents.h"
#include "core/store_effects.h"
#include "tests/scenarios/names.h"

namespace restante::scenarios {

/// What a trace leaves out unless it is asked to show it.
struct Shown {
  bool credit = false;
  bool checkpoints = false;
};

/// Of a text for people: what is wrong, without what to do about it.
std::string first_clause(const std::string& text);
std::string text_of(core::Range range);  ///< "3" or "3..5"
std::string text_of(Duration duration);  ///< "2s", "150ms"

/// Empty if it is left out: heartbeats, the handshake, and what `shown` says.
std::string text_of(const core::ControlMessage& message, Names& names, const Shown& shown);
std::string text_of_copy(const core::BatchHeader& header, const Names& names);
std::string text_of(const core::Transaction& transaction, const core::StoreContents& contents);
std::string text_of(const core::LoadReply& reply);

}  // namespace restante::scenarios
