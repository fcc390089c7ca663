#pragma once
/// \file
/// The insides of Publish and Subscribe, for the Poller. Private.

#include <deque>
#include <optional>
#include <set>
#include <string>

#include "patterns/link/zmq_socket.h"

namespace restante::link {

struct Publish::State {
  explicit State(Context& context);

  Socket socket;
};

struct Subscribe::State {
  State(Context& context, std::size_t frame_size_max);

  /// One message, or nothing if it is malformed. False if there is none.
  bool read(std::optional<Publication>& publication);

  Socket socket;
  std::set<std::string> endpoints;  ///< connected to
  std::deque<Publication> taken;    ///< out of the socket before a disconnect: one each
  std::uint64_t dropped = 0;
};

}  // namespace restante::link
