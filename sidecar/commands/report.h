#pragma once
/// \file
/// A sidecar's books as tables for people. Pure functions.

#include <string>

#include "core/status.h"

namespace restante::commands {

/// The node and its store, then a line for each stream.
std::string render_status(const core::NodeStatus& status);

/// Everything about one stream.
std::string render_stream(const core::StreamStatus& stream);

}  // namespace restante::commands
