#include "patterns/link/zmq_router.h"

#include <arpa/inet.h>

#include <charconv>

namespace restante::link {

namespace {

constexpr std::size_t frames_max = 2;

/// A look takes at most so many messages out of the socket. More only wait there while a peer breaks its window.
constexpr int look_messages_max = 65536;

/// zmq says "name:uid:gid:pid" for ipc: that is no address.
std::string ip_address(std::string_view property) {
  std::string text(property);
  in_addr address{};
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1 ? text : std::string();
}

int number(std::string_view property) {
  int value = -1;
  const auto [end, fault] = std::from_chars(property.data(), property.data() + property.size(), value);
  return fault == std::errc() && end == property.data() + property.size() ? value : -1;
}

}  // namespace

Router::State::State(Context& context, std::size_t frame_size_max)
    : socket(context, ZMQ_ROUTER, frame_size_max),
      // Not ZMQ_EVENT_CLOSED: it tells the descriptors of listeners, which no message comes by.
      monitor(context, socket, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED) {
  socket.set(ZMQ_ROUTER_MANDATORY, 1);
  // Windows in octets bound what comes in. A mark would lose messages: an ipc peer that closes while the receiver is at
  // its mark takes what the kernel still holds with it.
  socket.set(ZMQ_RCVHWM, 0);
  socket.set(ZMQ_SNDHWM, 4096);
}

std::optional<Router::State::Peer> Router::State::peer_of(const std::string& route, Frame& frame) {
  const auto known = peers.find(route);
  if (known != peers.end()) return known->second;
  Peer peer{number(frame.property("__fd")), ip_address(frame.property("Peer-Address"))};
  // Without a descriptor its end will not be told, so it must not be remembered either.
  if (peer.descriptor < 0) return peer;
  if (owners.is_over(peer.descriptor, route)) return std::nullopt;
  if (const auto before = owners.spoke(peer.descriptor, route)) {
    peers.erase(*before);
    queue.emplace_back(Lost(peer.descriptor));
  }
  peers.emplace(route, peer);
  return peer;
}

bool Router::State::read() {
  Frame frame;
  Incoming incoming;
  if (!socket.receive(frame)) return false;
  incoming.route = frame.octets();
  const bool there = frame.more() && socket.receive(frame);
  RESTANTE_ASSERT(there);  // a ROUTER puts the route in front of every message
  auto peer = peer_of(incoming.route, frame);
  const bool is_whole = socket.receive_rest(frame, incoming.frames, frames_max) == Socket::Arrival::whole;
  if (!is_whole) ++dropped;
  if (!is_whole || !peer) return true;
  incoming.descriptor = peer->descriptor;
  incoming.peer_address = std::move(peer->address);
  queue.emplace_back(std::move(incoming));
  return true;
}

void Router::State::look() {
  while (const auto event = monitor.next()) {
    if (event->kind == ZMQ_EVENT_ACCEPTED) owners.accepted(event->value);
    if (event->kind == ZMQ_EVENT_DISCONNECTED) owners.closed(event->value);
  }
  const auto lost = owners.looked();
  if (lost.empty()) return;
  // What they said before they went is in the socket by now, behind what others say: a Bye is read before the loss.
  for (int count = 0; count < look_messages_max && read(); ++count) {
  }
  for (const auto& one : lost) {
    if (!owners.forget(one)) continue;  // another route spoke by this descriptor, and told it
    peers.erase(one.route);
    queue.emplace_back(Lost(one.descriptor));
  }
}

Router::Router(Context& context, std::size_t frame_size_max)
    : state_(std::make_unique<State>(context, frame_size_max)) {}

Router::~Router() = default;

std::string Router::bind(const std::string& endpoint) { return bind_socket(state_->socket.handle(), endpoint); }

std::optional<Incoming> Router::receive() {
  state_->socket.thread.check();
  auto& queue = state_->queue;
  for (int left = malformed_a_call; queue.empty() && left > 0 && state_->read(); --left) {
  }
  if (queue.empty()) return std::nullopt;
  auto* incoming = std::get_if<Incoming>(&queue.front());
  if (incoming == nullptr) return std::nullopt;  // a loss is to be told first
  Incoming result = std::move(*incoming);
  queue.pop_front();
  return result;
}

std::optional<int> Router::next_disconnected() {
  state_->socket.thread.check();
  auto& queue = state_->queue;
  if (queue.empty()) state_->look();
  if (queue.empty()) return std::nullopt;
  const auto* lost = std::get_if<State::Lost>(&queue.front());
  if (lost == nullptr) return std::nullopt;  // messages are to be told first
  const int descriptor = *lost;
  queue.pop_front();
  return descriptor;
}

Sent Router::send(const std::string& route, const Buffer& frame) {
  Socket& socket = state_->socket;
  socket.thread.check();
  const Sent queued = socket.send_copy(route, ZMQ_SNDMORE);
  return queued == Sent::yes ? socket.send(frame, 0) : queued;
}

Sent Router::send(const std::string& route, const Buffer& control, const Buffer& batch) {
  Socket& socket = state_->socket;
  socket.thread.check();
  const Sent queued = socket.send_copy(route, ZMQ_SNDMORE);
  if (queued != Sent::yes) return queued;
  // Room for the route is room for the whole message: a ROUTER refuses at the first part or not at all.
  const Sent first = socket.send(control, ZMQ_SNDMORE);
  const Sent second = socket.send(batch, 0);
  RESTANTE_ASSERT(first == Sent::yes && second == Sent::yes);
  return Sent::yes;
}

std::uint64_t Router::dropped() const noexcept { return state_->dropped; }

}  // namespace restante::link
