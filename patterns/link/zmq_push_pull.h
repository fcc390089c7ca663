#pragma once
/// \file
/// The insides of Push and Pull, for the Poller. Private.

#include "patterns/link/zmq_socket.h"

namespace restante::link {

struct Push::State {
  State(Context& context, const std::string& endpoint);

  Socket socket;
};

struct Pull::State {
  State(Context& context, std::size_t frame_size_max);

  Socket socket;
  std::uint64_t dropped = 0;
};

}  // namespace restante::link
