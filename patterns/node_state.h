#pragma once
/// \file
/// What is behind a Node.

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <restante/options.h>
#include <restante/pubsub.h>

#include "patterns/io_loop.h"
#include "patterns/node_context.h"
#include "patterns/stop_signals.h"

namespace restante::detail {

/// The node's thread and everything opened on it. Thread-safe. In a fork's child it is only dropped: sockets and
/// threads there are the parent's.
class NodeState {
 public:
  /// Throws Error as Node.
  explicit NodeState(const NodeOptions& options);
  ~NodeState();
  NodeState(const NodeState&) = delete;
  NodeState& operator=(const NodeState&) = delete;

  std::shared_ptr<WriterState> open_writer(std::string_view stream, const SenderOptions& options);
  std::shared_ptr<ReaderState> open_reader(std::string_view stream, const ReceiverOptions& options);
  std::shared_ptr<WriterState> open_publisher(std::string_view stream, const SenderOptions& options);
  std::shared_ptr<ReaderState> open_subscriber(std::string_view stream, const std::vector<std::string>& filters,
                                               const Subscription& subscription, const ReceiverOptions& options);
  bool wait_ready(Duration timeout);
  [[nodiscard]] std::string status_json() const;
  void stop() noexcept { node_->io->request_stop(); }  ///< async-signal-safe
  [[nodiscard]] bool stop_requested() const noexcept { return node_->io->stop_requested(); }
  [[nodiscard]] const Logger& log() const noexcept { return node_->log; }

 private:
  std::shared_ptr<WriterState> add_writer(WriterState::Options writer, const SenderOptions& options);
  std::shared_ptr<ReaderState> add_reader(ReaderState::Options reader, const ReceiverOptions& options);
  void check_open(const char* operation) const;
  void check_live(const std::string& endpoint) const;
  void check_endpoint(const std::string& what, const std::string& endpoint) const;

  std::optional<StopSignals> signals_;
  std::shared_ptr<NodeContext> node_;
  std::unique_ptr<IoLoop> loop_;
  std::unique_ptr<std::thread> thread_;

  mutable std::mutex mutex_;
  // For ever: receipts point to their writers for as long as the node lives.
  std::vector<std::shared_ptr<WriterState>> writers_;
  std::vector<std::weak_ptr<ReaderState>> readers_;
};

}  // namespace restante::detail
