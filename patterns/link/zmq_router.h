#pragma once
/// \file
/// The inside of Router, for the Poller. Private.

#include <deque>
#include <optional>
#include <unordered_map>
#include <variant>

#include "patterns/link/zmq_descriptors.h"
#include "patterns/link/zmq_monitor.h"
#include "patterns/link/zmq_socket.h"

namespace restante::link {

struct Router::State {
  /// What stays the same in all messages of a route.
  struct Peer {
    int descriptor;
    std::string address;
  };
  using Lost = int;  ///< a descriptor

  State(Context& context, std::size_t frame_size_max);

  /// One message to the queue, or to nowhere if it is malformed. False if there is none.
  bool read();
  /// The monitor's news to the queue, after all messages that came before them.
  void look();
  /// nullopt: its connection has ended, and another one has its descriptor.
  std::optional<Peer> peer_of(const std::string& route, Frame& frame);

  Socket socket;
  Monitor monitor;  ///< destroyed before the socket
  DescriptorOwners owners;
  std::unordered_map<std::string, Peer> peers;     ///< by route
  std::deque<std::variant<Lost, Incoming>> queue;  ///< in the order in which they are told
  std::uint64_t dropped = 0;
};

}  // namespace restante::link
