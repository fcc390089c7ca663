#pragma once
/// \file
/// What a store holds, as text: two stores that would go on alike have the same.

#include <cstdint>
#include <string>

#include "core/store.h"

namespace restante::disk {

/// Everything that the sidecar can learn from `store`, a line a record: streams, blocks, subscriptions, cursors, parked
/// messages, and each row that a cursor or a parked message still needs, with the checksum of its octets. What is
/// damaged stands there as "damaged".
std::string digest(core::Store& store);

/// A short name of a text.
std::uint64_t fingerprint(const std::string& text);

}  // namespace restante::disk
