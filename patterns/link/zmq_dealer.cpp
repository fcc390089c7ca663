#include "patterns/link/zmq_dealer.h"

namespace restante::link {

namespace {

constexpr std::size_t frames_max = 2;

}  // namespace

Dealer::State::State(Context& context, const std::string& endpoint, std::size_t frame_size_max)
    : socket(context, ZMQ_DEALER, frame_size_max),
      monitor(context, socket, ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) {
  // Both ways are bounded by windows in octets, not by counts of messages.
  socket.set(ZMQ_SNDHWM, 0);
  socket.set(ZMQ_RCVHWM, 0);
  socket.connect(endpoint);
}

Dealer::Dealer(Context& context, const std::string& endpoint, std::size_t frame_size_max)
    : state_(std::make_unique<State>(context, endpoint, frame_size_max)) {}

Dealer::~Dealer() = default;

std::optional<Incoming> Dealer::receive() {
  Socket& socket = state_->socket;
  socket.thread.check();
  Incoming incoming;
  for (;;) {
    switch (socket.receive(incoming.frames, frames_max)) {
      case Socket::Arrival::none: return std::nullopt;
      case Socket::Arrival::whole: return incoming;
      case Socket::Arrival::malformed: ++state_->dropped;
    }
  }
}

Sent Dealer::send(const Buffer& frame) {
  state_->socket.thread.check();
  return state_->socket.send(frame, 0);
}

Sent Dealer::send(const Buffer& control, const Buffer& batch) {
  Socket& socket = state_->socket;
  socket.thread.check();
  const Sent first = socket.send(control, ZMQ_SNDMORE);
  if (first != Sent::yes) return first;
  const Sent second = socket.send(batch, 0);  // room for the first part is room for the whole message
  RESTANTE_ASSERT(second == Sent::yes);
  return Sent::yes;
}

std::optional<Dealer::Event> Dealer::next_event() {
  state_->socket.thread.check();
  while (const auto event = state_->monitor.next()) {
    // An attempt that failed before the handshake was done is lost too, for zmq; here nothing was made that could be.
    const bool connected = event->kind == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
    if (std::exchange(state_->connected, connected) == connected) continue;
    return connected ? Event::connected : Event::disconnected;
  }
  return std::nullopt;
}

std::uint64_t Dealer::dropped() const noexcept { return state_->dropped; }

}  // namespace restante::link
