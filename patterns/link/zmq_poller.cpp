#include <algorithm>
#include <climits>

#include "patterns/link/zmq_dealer.h"
#include "patterns/link/zmq_publish_subscribe.h"
#include "patterns/link/zmq_push_pull.h"
#include "patterns/link/zmq_router.h"

namespace restante::link {

struct Poller::State {
  void add(void* socket) { items.push_back(zmq_pollitem_t{socket, 0, ZMQ_POLLIN, 0}); }
  void remove(void* socket) {
    std::erase_if(items, [socket](const zmq_pollitem_t& item) { return item.socket == socket; });
  }

  std::vector<zmq_pollitem_t> items;
  std::vector<const Router::State*> routers;
  std::vector<const Subscribe::State*> subscribers;
};

namespace {

long milliseconds(Duration timeout) {
  if (timeout == forever) return -1;
  if (timeout <= Duration::zero()) return 0;
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  return static_cast<long>(std::min<std::int64_t>(rounded, INT_MAX));  // 24 days; then the caller waits again
}

}  // namespace

Poller::Poller() : state_(std::make_unique<State>()) {}

Poller::~Poller() = default;

void Poller::add(Router& router) {
  state_->routers.push_back(&router.state());
  state_->add(router.state().socket.handle());
  state_->add(router.state().monitor.handle());
}

void Poller::add(Dealer& dealer) {
  state_->add(dealer.state().socket.handle());
  state_->add(dealer.state().monitor.handle());
}

void Poller::add(Pull& pull) { state_->add(pull.state().socket.handle()); }

void Poller::add(Publish& publish) { state_->add(publish.state().socket.handle()); }

void Poller::add(Subscribe& subscribe) {
  state_->subscribers.push_back(&subscribe.state());
  state_->add(subscribe.state().socket.handle());
}

void Poller::add(Wake& wake) { state_->items.push_back(zmq_pollitem_t{nullptr, wake.descriptor(), ZMQ_POLLIN, 0}); }

void Poller::remove(Dealer& dealer) {
  state_->remove(dealer.state().socket.handle());
  state_->remove(dealer.state().monitor.handle());
}

void Poller::remove(Pull& pull) { state_->remove(pull.state().socket.handle()); }

void Poller::remove(Publish& publish) { state_->remove(publish.state().socket.handle()); }

void Poller::remove(Subscribe& subscribe) {
  std::erase(state_->subscribers, &subscribe.state());
  state_->remove(subscribe.state().socket.handle());
}

void Poller::wait(Duration timeout) {
  // These may hold messages that they have taken out of their sockets already.
  for (const auto* router : state_->routers) {
    if (!router->queue.empty()) return;
  }
  for (const auto* subscriber : state_->subscribers) {
    if (!subscriber->taken.empty()) return;
  }
  const int result = zmq_poll(state_->items.data(), static_cast<int>(state_->items.size()), milliseconds(timeout));
  if (result >= 0 || zmq_errno() == EINTR) return;
  throw_error(ErrorCode::bad_state, "wait for messages", zmq_strerror(zmq_errno()),
              "close this node and open a new one");
}

}  // namespace restante::link
