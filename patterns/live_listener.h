#pragma once
/// \file
/// Where published batches come in.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/batch.h"
#include "patterns/link/link.h"
#include "patterns/node_context.h"

namespace restante::detail {

/// The SUB of one session of a subscriber: it hears the writer that the sidecar named last. The prefixes of the filters
/// only spare what nobody wants; the filters themselves are applied behind it. Of the I/O thread.
class LiveListener {
 public:
  /// `upstream`: endpoint of the sidecar, whose host stands for an open one.
  LiveListener(link::Context& context, link::Poller& poller, NodeContext& node, const std::vector<std::string>& filters,
               std::string upstream);
  ~LiveListener();
  LiveListener(const LiveListener&) = delete;
  LiveListener& operator=(const LiveListener&) = delete;

  void hear(const std::string& endpoint);

  /// The next batch; null if it was none, nullopt if there is nothing. Never waits.
  std::optional<std::shared_ptr<const core::Batch>> receive();

 private:
  link::Poller& poller_;
  NodeContext& node_;
  const std::string upstream_;
  link::Subscribe subscribe_;
  std::string endpoint_;
  bool has_heard_ = false;  // a batch, since it was connected there
};

}  // namespace restante::detail
