#pragma once
/// \file
/// What no transaction may do to a store, whatever keeps it.

#include <string>

#include "core/store_contents.h"

namespace restante::core {

/// The rule that `transaction` would break in `contents`, as a sentence; empty if it breaks none. The SQLite store has
/// the same rules as constraints of its tables, and fails by them: they are errors of programming, found in simulation.
std::string broken_rule(const StoreContents& contents, const Transaction& transaction);

}  // namespace restante::core
