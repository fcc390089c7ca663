#pragma once
/// \file
/// Inside of the codec: the values of messages.h to the structs of wire.capnp and back. For wire.cpp only.

#include <string>
#include <utility>

#include "core/messages.h"
#include "core/wire.capnp.h"

namespace restante::core {

/// A frame that passes a limit. Thrown and caught inside of the codec.
struct Refusal {
  explicit Refusal(std::string reason) : why(std::move(reason)) {}
  std::string why;
};

/// Texts for people are cut at text_size_max; any other passed limit is an error of programming.
void put_message(wire::ControlFrame::Builder frame, const ControlMessage& message);

/// Throws Refusal and kj::Exception.
ControlMessage get_message(wire::ControlFrame::Reader frame);

}  // namespace restante::core
