#pragma once
/// \file
/// What the files of `restante dead` share.

#include <string>

#include "sidecar/commands/command.h"
#include "sidecar/commands/letters.h"

namespace restante::commands {

/// It changes what nobody named one by one, or for good, and nobody said --yes.
bool needs_yes(const DeadCommand& command);

/// Says which ids are of no dead letter.
Exit say_missing(const LetterReader& reader);

/// dead export
Exit save(OperatorLink& link, const DeadCommand& command, LetterReader& reader, const std::string& node);

}  // namespace restante::commands
