#pragma once
/// \file
/// A service's place in the network: the link to its sidecar, and the sockets of everything opened on it.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <restante/options.h>
#include <restante/pipeline.h>
#include <restante/pubsub.h>

namespace restante {

namespace detail {
class NodeState;
}

/// One a process. Thread-safe. It owns one thread, and every socket; it never waits for a sidecar, and reconnects by
/// itself for ever. A service that only receives needs no sidecar of its own. Use after fork() throws bad_state:
/// open a Node in the child instead.
class Node {
 public:
  /// Throws Error: bad_argument (malformed endpoint), denied (not loopback and not insecure).
  explicit Node(const NodeOptions& options = {});
  ~Node();  ///< stops; what is unconfirmed then is lost, close() pushers first
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Opens `stream` for writing. Throws Error bad_argument (name, instance).
  Pusher pusher(std::string_view stream, const SenderOptions& options = {});

  /// Opens `stream` for taking part in its work. Throws Error: bad_argument (name, endpoint), denied.
  Puller puller(std::string_view stream, const ReceiverOptions& options = {});

  /// Opens `stream` for publishing. Throws Error: bad_argument (name, instance, endpoint), denied.
  Publisher publisher(std::string_view stream, const SenderOptions& options = {});

  /// Opens `stream` for reading what matches one of `filters`, as the subscription that `subscription` names. Throws
  /// Error: bad_argument (name, filter, start, endpoint), denied.
  Subscriber subscriber(std::string_view stream, const std::vector<std::string>& filters,
                        const Subscription& subscription, const ReceiverOptions& options = {});

  /// For those who would rather fail fast: true once every link of this node is up and every stream opened so far is
  /// granted or subscribed.
  bool wait_ready(Duration timeout);

  /// Links, windows, cursors and counters by reason, as JSON.
  [[nodiscard]] std::string status_json() const;

  /// Ends all waiting. Async-signal-safe.
  void stop() noexcept;

 private:
  friend class Outbox;  // of exactly_once.h, which sends through this node
  std::shared_ptr<detail::NodeState> state_;
};

}  // namespace restante
