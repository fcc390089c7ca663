#include "patterns/link/zmq_publish_subscribe.h"

namespace restante::link {

namespace {

/// A SUB sends the handshake and its prefixes, which are no longer than topics.
constexpr std::size_t subscription_size_max = 4096;

/// As a Push: what one consumer may be behind by before its live copies are dropped.
constexpr int publisher_queue = 4096;

/// A publisher that closes has its last batches in the pipes of those who listen, and nobody sends them again to who
/// has no name. Milliseconds; who does not read holds up its end for no longer.
constexpr int publisher_linger = 1000;

/// Of each publisher. Batches of a fast one are of 64 KiB (limits::batch_size_target), so that a subscriber who does
/// not read holds 64 MiB of them; a publisher holds the rest, once for all. No credit bounds this socket, unlike Pull.
constexpr int subscriber_queue = 1024;

/// No beats of ZMTP on these sockets (decision 0018): libzmq stops reading a connection whose queue is full. It hears
/// no answers then, takes that for death, dials again, and aborts the process when the queue has room; or when it is to
/// beat, or answer a beat, on a connection that was lost meanwhile. The kernel knows better who is dead: it answers for
/// a process that stands still. Over ipc it tells each end at once.
void leave_beats_to_the_kernel(Socket& socket) {
  socket.set(ZMQ_HEARTBEAT_IVL, 0);
  socket.set(ZMQ_TCP_KEEPALIVE, 1);
  socket.set(ZMQ_TCP_KEEPALIVE_IDLE, 1);   // seconds
  socket.set(ZMQ_TCP_KEEPALIVE_INTVL, 1);  // seconds
  socket.set(ZMQ_TCP_KEEPALIVE_CNT, 3);
}

/// Milliseconds. The kernel asks nobody who owes it answers to octets, and would wait for them for a quarter of an
/// hour. Who does not read for so long is dropped, too, over tcp.
constexpr int unanswered_max = 10'000;

}  // namespace

Publish::State::State(Context& context) : socket(context, ZMQ_PUB, subscription_size_max) {
  leave_beats_to_the_kernel(socket);
  socket.set(ZMQ_TCP_MAXRT, unanswered_max);
  socket.set(ZMQ_SNDHWM, publisher_queue);
  socket.set(ZMQ_LINGER, publisher_linger);
}

Publish::Publish(Context& context) : state_(std::make_unique<State>(context)) {}

Publish::~Publish() = default;

std::string Publish::bind(const std::string& endpoint) { return bind_socket(state_->socket.handle(), endpoint); }

Sent Publish::send(std::string_view topic, const Buffer& batch) {
  state_->socket.thread.check();
  return state_->socket.send_pair(topic, batch);
}

Subscribe::State::State(Context& context, std::size_t frame_size_max) : socket(context, ZMQ_SUB, frame_size_max) {
  leave_beats_to_the_kernel(socket);
  socket.set(ZMQ_RCVHWM, subscriber_queue);
  socket.set(ZMQ_SNDHWM, 0);  // it bounds the subscriptions: zmq drops those above without a word
}

bool Subscribe::State::read(std::optional<Publication>& publication) {
  Frame topic;
  if (!socket.receive(topic)) return false;
  if (topic.more()) {
    Frame batch;
    const bool there = socket.receive(batch);
    RESTANTE_ASSERT(there);  // zmq hands out a message whole or not at all
    if (!batch.more()) {
      publication = Publication{std::string(topic.octets()), batch.take()};
      return true;
    }
    std::vector<Buffer> none;
    socket.receive_rest(batch, none, 0);
  }
  ++dropped;
  return true;
}

Subscribe::Subscribe(Context& context, std::size_t frame_size_max)
    : state_(std::make_unique<State>(context, frame_size_max)) {}

Subscribe::~Subscribe() = default;

void Subscribe::connect(const std::string& endpoint) {
  state_->socket.thread.check();
  if (state_->endpoints.contains(endpoint)) return;
  state_->socket.connect(endpoint);
  state_->endpoints.insert(endpoint);
}

void Subscribe::disconnect(const std::string& endpoint) {
  state_->socket.thread.check();
  // zmq would look up the name of an endpoint that it does not know, and wait for the answer.
  if (state_->endpoints.erase(endpoint) == 0) return;
  // Who waits for a SUB makes it take the first frame of a message, to see whether its topic is wanted. If that message
  // is of the connection that ends, the other frame is gone with it, and zmq aborts the process at the next receive.
  std::optional<Publication> next;
  state_->read(next);
  if (next) state_->taken.push_back(std::move(*next));
  zmq_disconnect(state_->socket.handle(), endpoint.c_str());
}

void Subscribe::subscribe(std::string_view prefix) {
  state_->socket.thread.check();
  const int result = zmq_setsockopt(state_->socket.handle(), ZMQ_SUBSCRIBE, prefix.data(), prefix.size());
  RESTANTE_ASSERT(result == 0);
}

void Subscribe::unsubscribe(std::string_view prefix) {
  state_->socket.thread.check();
  zmq_setsockopt(state_->socket.handle(), ZMQ_UNSUBSCRIBE, prefix.data(), prefix.size());
}

std::optional<Publication> Subscribe::receive() {
  state_->socket.thread.check();
  std::optional<Publication> next;
  if (!state_->taken.empty()) {
    next = std::move(state_->taken.front());
    state_->taken.pop_front();
  }
  for (int left = malformed_a_call; !next && left > 0 && state_->read(next); --left) {
  }
  return next;
}

std::uint64_t Subscribe::dropped() const noexcept { return state_->dropped; }

}  // namespace restante::link
