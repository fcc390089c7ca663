#pragma once
/// \file
/// Which of a writer's endpoints a subscriber can reach.

#include <string>
#include <vector>

namespace restante::core {

/// The first of `endpoints` that a subscriber can connect to: a path or a loopback address only on the writer's own
/// host. A host `*` is `peer_address`, where the sidecar sees the writer come from; of a writer beside the sidecar it
/// stays open, since its subscribers know best how they reach this machine. Empty: none.
std::string live_source(const std::vector<std::string>& endpoints, const std::string& peer_address, bool same_host);

}  // namespace restante::core
