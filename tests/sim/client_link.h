#pragma once
/// \file
/// A control link of the simulated network: FIFO while up; a cut loses a suffix of each direction.

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/buffer.h"
#include "core/effects.h"
#include "core/random.h"

namespace restante::sim {

using core::Buffer;

/// One zmq message: one frame, or a control frame and a batch.
using Frames = std::vector<Buffer>;

/// The two ends notice a cut each in its own time; what they send until then is gone.
struct ClientLink {
  core::LinkId id = 0;
  std::deque<Frames> up;    ///< to the sidecar
  std::deque<Frames> down;  ///< to the library
  bool open = true;         ///< nothing passes a closed link, but what is in the queues still arrives
  bool client_knows = false;
  bool sidecar_knows = false;
  std::uint64_t sidecar_number = 0;

  void cut(core::Random& random) {
    open = false;
    up.resize(random.below(up.size() + 1));
    down.resize(random.below(down.size() + 1));
  }
};

using LinkRef = std::shared_ptr<ClientLink>;

/// A live path: FIFO from one producer to one worker.
struct LivePath {
  std::deque<Buffer> queue;
  bool open = true;

  void cut(core::Random& random) { queue.resize(random.below(queue.size() + 1)); }
};

}  // namespace restante::sim
