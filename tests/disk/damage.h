#pragma once
/// \file
/// Ways in which a disk or a person damages the files of a store.

#include <string>

#include "core/random.h"
#include "tests/disk/day.h"

namespace restante::disk {

/// Damages `files` in a way that `random` draws, and says how. `older`: the same store some time ago.
std::string damage(Files& files, const Files& older, core::Random& random);

}  // namespace restante::disk
