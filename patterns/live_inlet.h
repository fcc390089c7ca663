#pragma once
/// \file
/// Where live copies come in.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/batch.h"
#include "patterns/link/link.h"
#include "patterns/node_context.h"

namespace restante::detail {

/// The PULL sockets of a node, bound when the first reader needs them: one on a path in the runtime directory, and one
/// on tcp for producers behind a tcp endpoint. Without them everything comes by the sidecars, and the contract is the
/// same; so a failure to bind is a warning. Of the I/O thread.
class LiveInlet {
 public:
  LiveInlet(link::Context& context, link::Poller& poller, NodeContext& node)
      : context_(context), poller_(poller), node_(node) {}
  ~LiveInlet();
  LiveInlet(const LiveInlet&) = delete;
  LiveInlet& operator=(const LiveInlet&) = delete;

  /// What a reader announces to the sidecar at `upstream` (NodeOptions::live).
  std::vector<std::string> endpoints_for(std::string_view upstream);

  /// The next frame of any endpoint; the endpoints take turns. Null if it was no batch, nullopt if there is none: each
  /// frame counts as one, so that a stranger who sends nonsense takes nobody's turn. Never waits.
  std::optional<std::shared_ptr<const core::Batch>> receive();

 private:
  struct Door {
    bool tried = false;
    std::unique_ptr<link::Pull> pull;
    std::string announced;
  };
  void open(Door& door, const std::string& endpoint);
  void open_ipc();
  void open_tcp(Door& door, const std::string& address);

  link::Context& context_;
  link::Poller& poller_;
  NodeContext& node_;
  Door ipc_;
  Door loopback_;
  Door everywhere_;
  Door given_;
  std::string ipc_path_;
  std::size_t next_door_ = 0;
};

}  // namespace restante::detail
