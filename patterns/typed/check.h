#pragma once
/// \file
/// Octets of strangers, looked at before anybody reads them.

#include <span>
#include <string>

#include <capnp/common.h>

#include "patterns/typed/shapes.h"

namespace restante::typed::detail {

/// Walks through all that can be reached in `message` (a table of segments, and the segments) and asks of every pointer
/// that it leads into the message, to what the schema says; of those that the schema does not know, only the first.
/// What a later reader of a struct that has these shapes does, cannot fail then. Empty, or what is wrong.
std::string fault_of(std::span<const capnp::word> message, const Shapes& shapes);

}  // namespace restante::typed::detail
