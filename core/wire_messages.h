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

/// What an operator's tool and a sidecar say to each other; wire_encode_operator.cpp.
void put(wire::ControlFrame::Builder frame, const Query& in);
void put(wire::ControlFrame::Builder frame, const RemoveSubscription& in);
void put(wire::ControlFrame::Builder frame, const Removed& in);
void put(wire::ControlFrame::Builder frame, const ResetSubscription& in);
void put(wire::ControlFrame::Builder frame, const WasReset& in);
void put(wire::ControlFrame::Builder frame, const SetStream& in);
void put(wire::ControlFrame::Builder frame, const StreamSet& in);
void put(wire::ControlFrame::Builder frame, const SetSubscription& in);
void put(wire::ControlFrame::Builder frame, const SubscriptionSet& in);
void put(wire::ControlFrame::Builder frame, const ReadDead& in);
void put(wire::ControlFrame::Builder frame, const DeadLetters& in);
void put(wire::ControlFrame::Builder frame, const ChangeDead& in);
void put(wire::ControlFrame::Builder frame, const DeadChanged& in);
void put(wire::ControlFrame::Builder frame, const Report& in);

/// Throws Refusal and kj::Exception.
ControlMessage get_message(wire::ControlFrame::Reader frame);

}  // namespace restante::core
