#pragma once
/// \file
/// What happens to a socket's connections, told by the I/O thread in the order in which it happened. Private.

#include <cstdint>
#include <optional>

#include "patterns/link/zmq_socket.h"

namespace restante::link {

class Monitor {
 public:
  struct Event {
    std::uint16_t kind;  ///< ZMQ_EVENT_*
    int value;           ///< the descriptor, where the kind has one
  };

  /// Start it before the socket binds or connects; destroy it before the socket.
  Monitor(Context& context, Socket& socket, int kinds);
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  std::optional<Event> next();  ///< never waits
  [[nodiscard]] void* handle() const noexcept { return events_.handle(); }

 private:
  Socket& socket_;
  Socket events_;
};

}  // namespace restante::link
