#pragma once
/// \file
/// Rules that a node has for streams by their names, those included that are still to be made.

#include <string>
#include <vector>

#include "core/operator_messages.h"
#include "core/store_effects.h"

namespace restante::core {

/// For every stream whose name matches `pattern`, in which `*` stands for any characters.
struct StreamRules {
  std::string pattern;
  SetStream wish;
};

/// Those for the stream `name`: of the patterns that match the longest, of equal ones the first; nullptr: none.
[[nodiscard]] const StreamRules* rules_for(const std::vector<StreamRules>& all, const std::string& name);

/// What is otherwise in `record` than in `wish`, each with both values, for people; empty: nothing.
[[nodiscard]] std::string differences(const StreamRecord& record, const SetStream& wish);

}  // namespace restante::core
