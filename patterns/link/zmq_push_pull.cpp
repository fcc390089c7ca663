#include "patterns/link/zmq_push_pull.h"

namespace restante::link {

namespace {

/// A PULL sends nothing but the handshake.
constexpr std::size_t handshake_size_max = 4096;

}  // namespace

Push::State::State(Context& context, const std::string& endpoint) : socket(context, ZMQ_PUSH, handshake_size_max) {
  // With IMMEDIATE a lost connection would throw the queue away.
  socket.set(ZMQ_IMMEDIATE, 0);
  socket.set(ZMQ_SNDHWM, 4096);
  socket.connect(endpoint);
}

Push::Push(Context& context, const std::string& endpoint) : state_(std::make_unique<State>(context, endpoint)) {}

Push::~Push() = default;

Sent Push::send(const Buffer& frame) {
  state_->socket.thread.check();
  return state_->socket.send(frame, 0);
}

Pull::State::State(Context& context, std::size_t frame_size_max) : socket(context, ZMQ_PULL, frame_size_max) {
  socket.set(ZMQ_RCVHWM, 0);  // credit bounds it; as for Router
}

Pull::Pull(Context& context, std::size_t frame_size_max) : state_(std::make_unique<State>(context, frame_size_max)) {}

Pull::~Pull() = default;

std::string Pull::bind(const std::string& endpoint) { return bind_socket(state_->socket.handle(), endpoint); }

std::optional<Buffer> Pull::receive() {
  state_->socket.thread.check();
  Frame frame;
  std::vector<Buffer> none;
  for (int left = malformed_a_call; left > 0 && state_->socket.receive(frame); --left) {
    if (!frame.more()) return frame.take();
    state_->socket.receive_rest(frame, none, 0);
    ++state_->dropped;
  }
  return std::nullopt;
}

std::uint64_t Pull::dropped() const noexcept { return state_->dropped; }

}  // namespace restante::link
