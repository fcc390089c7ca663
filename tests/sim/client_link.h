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
  bool clogged_up = false;  ///< what is in the queue stands still; nobody is told
  bool clogged_down = false;
  std::uint64_t sidecar_number = 0;

  [[nodiscard]] bool gives_up() const { return !clogged_up && !up.empty(); }
  [[nodiscard]] bool gives_down() const { return !clogged_down && !down.empty(); }

  void cut(core::Random& random) {
    open = false;
    clogged_up = clogged_down = false;
    up.resize(random.below(up.size() + 1));
    down.resize(random.below(down.size() + 1));
  }
};

using LinkRef = std::shared_ptr<ClientLink>;

/// A live path: FIFO from the producers to one worker.
struct LivePath {
  std::deque<Buffer> queue;
  bool clogged = false;

  [[nodiscard]] bool gives() const { return !clogged && !queue.empty(); }
  void cut(core::Random& random) {
    clogged = false;
    queue.resize(random.below(queue.size() + 1));
  }
};

}  // namespace restante::sim
