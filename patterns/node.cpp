#include <restante/node.h>

#include "patterns/node_state.h"

namespace restante {

Node::Node(const NodeOptions& options) : state_(std::make_shared<detail::NodeState>(options)) {}

Node::~Node() = default;

Pusher Node::pusher(std::string_view stream, const SenderOptions& options) {
  return Pusher(state_->open_writer(stream, options));
}

Puller Node::puller(std::string_view stream, const ReceiverOptions& options) {
  return Puller(state_->open_reader(stream, options));
}

Publisher Node::publisher(std::string_view stream, const SenderOptions& options) {
  return Publisher(state_->open_publisher(stream, options));
}

Subscriber Node::subscriber(std::string_view stream, const std::vector<std::string>& filters,
                            const Subscription& subscription, const ReceiverOptions& options) {
  return Subscriber(state_->open_subscriber(stream, filters, subscription, options));
}

bool Node::wait_ready(Duration timeout) { return state_->wait_ready(timeout); }

std::string Node::status_json() const { return state_->status_json(); }

void Node::stop() noexcept { state_->stop(); }

}  // namespace restante
