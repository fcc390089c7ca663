#pragma once
/// \file
/// Where live copies go out.

#include <map>
#include <memory>
#include <string>

#include "core/batch.h"
#include "patterns/link/link.h"
#include "patterns/node_context.h"

namespace restante::detail {

/// One PUSH per worker's endpoint, made with the first copy for it. A live copy is a hint that happens to be fast: what
/// cannot be queued goes by the sidecar. Of the I/O thread.
class LiveOutlet {
 public:
  LiveOutlet(link::Context& context, NodeContext& node) : context_(context), node_(node) {}

  /// False, and nothing of `batch` is kept, if it cannot be queued or `endpoint` is not allowed.
  bool send(core::Token target, const std::string& endpoint, const core::Buffer& batch);

  /// The worker is gone; its socket closes if no other one uses the endpoint.
  void forget(core::Token target);
  /// The link that told of the workers is lost.
  void forget_all();

 private:
  struct Target {
    std::string endpoint;
    std::shared_ptr<link::Push> push;  // null: refused, not tried again
  };
  std::shared_ptr<link::Push> connect(const std::string& endpoint);

  link::Context& context_;
  NodeContext& node_;
  std::map<core::Token, Target> targets_;
};

}  // namespace restante::detail
