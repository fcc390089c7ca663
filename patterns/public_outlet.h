#pragma once
/// \file
/// Where a publisher is heard.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/batch.h"
#include "patterns/link/link.h"
#include "patterns/node_context.h"

namespace restante::detail {

/// The PUB of one publisher: on a path in the runtime directory; on tcp if the node may leave this machine; and where
/// the application wants it. What is published is a hint that happens to be fast: durable subscribers get what they
/// miss from the sidecar, so a failure to bind is a warning. Of the I/O thread.
class PublicOutlet {
 public:
  /// `place`: SenderOptions::publish_at.
  PublicOutlet(link::Context& context, link::Poller& poller, NodeContext& node, const std::string& place);
  ~PublicOutlet();
  PublicOutlet(const PublicOutlet&) = delete;
  PublicOutlet& operator=(const PublicOutlet&) = delete;

  /// What the sidecar is told.
  [[nodiscard]] const std::vector<std::string>& endpoints() const noexcept { return endpoints_; }

  void send(std::string_view topic, const core::Buffer& batch) { publish_.send(topic, batch); }

 private:
  void bind(const std::string& endpoint);
  void bind_path();

  link::Poller& poller_;
  NodeContext& node_;
  link::Publish publish_;
  std::vector<std::string> endpoints_;
  std::string path_;
};

}  // namespace restante::detail
