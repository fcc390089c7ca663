#pragma once
/// \file
/// The inside of Dealer, for the Poller. Private.

#include "patterns/link/zmq_monitor.h"
#include "patterns/link/zmq_socket.h"

namespace restante::link {

struct Dealer::State {
  State(Context& context, const std::string& endpoint, std::size_t frame_size_max);

  Socket socket;
  Monitor monitor;  ///< destroyed before the socket
  bool connected = false;
  std::uint64_t dropped = 0;
};

}  // namespace restante::link
