#include "patterns/link/zmq_socket.h"

#include <cstring>
#include <memory>
#include <new>

#include "patterns/link/process.h"

namespace restante::link {

namespace {

/// Smaller frames are copied into the message. Measured over ipc: at 256 octets the two allocations of a shared one and
/// their release by another thread cost more than the copy (100 ns to 80 ns a send), at 512 as much, at 1024 half.
constexpr std::size_t share_from = 1024;

void release_owner(void* /*octets*/, void* hint) { delete static_cast<std::shared_ptr<const void>*>(hint); }

/// The message holds a reference to the buffer's owner until the I/O thread has written it or its socket is gone.
void share(zmq_msg_t& message, const Buffer& frame) {
  auto owner = std::make_unique<std::shared_ptr<const void>>(frame.owner());
  // zmq wants a pointer to mutable octets and never writes to them.
  void* octets = const_cast<char*>(frame.octets().data());
  if (zmq_msg_init_data(&message, octets, frame.size(), release_owner, owner.get()) != 0) throw std::bad_alloc();
  static_cast<void>(owner.release());  // release_owner has it now
}

void copy(zmq_msg_t& message, std::string_view octets) {
  if (zmq_msg_init_size(&message, octets.size()) != 0) throw std::bad_alloc();
  if (!octets.empty()) std::memcpy(zmq_msg_data(&message), octets.data(), octets.size());
}

void fill(zmq_msg_t& message, const Buffer& frame) {
  if (frame.size() >= share_from && frame.owner() != nullptr) {
    share(message, frame);
  } else {
    copy(message, frame.octets());
  }
}

bool is_aligned(const void* address) { return reinterpret_cast<std::uintptr_t>(address) % 8 == 0; }

}  // namespace

void throw_error(ErrorCode code, const std::string& operation, std::string_view cause, std::string_view next_step) {
  std::string text = "cannot " + operation + ": ";
  text.append(cause).append("; ").append(next_step);
  throw Error(code, text);
}

Buffer Frame::take() {
  // Very small messages lie inside zmq_msg_t itself, at an odd address. All others have an allocation of their own, as
  // Context asks for, so that keeping a frame keeps no more than the frame.
  if (!is_aligned(zmq_msg_data(&message_))) {
    Buffer small = Buffer::copy_of(octets());
    zmq_msg_close(&message_);
    zmq_msg_init(&message_);
    return small;
  }
  auto held = std::make_shared<Frame>();
  zmq_msg_move(held->message(), &message_);
  const std::string_view view = held->octets();
  return Buffer(std::move(held), view);
}

Socket::Socket(Context& context, int type, std::size_t frame_size_max) : handle_(zmq_socket(context.handle(), type)) {
  if (handle_ == nullptr) {
    throw_error(ErrorCode::retry_later, "open a socket", zmq_strerror(zmq_errno()),
                "close other links or raise the limit of open files (ulimit -n, LimitNOFILE)");
  }
  constexpr int second = 1000;  // milliseconds
  set(ZMQ_LINGER, 0);
  set(ZMQ_HEARTBEAT_IVL, 1 * second);
  set(ZMQ_HEARTBEAT_TIMEOUT, 3 * second);
  set(ZMQ_HEARTBEAT_TTL, 3 * second);
  // Without it the kernel repeats a lost SYN by itself, waiting longer each time: after a partition of 20 s a dial that
  // began in it stood still for 16 s more.
  set(ZMQ_CONNECT_TIMEOUT, 2 * second);
  set(ZMQ_HANDSHAKE_IVL, 2 * second);
  set(ZMQ_BACKLOG, 128);
  set(ZMQ_IPV6, 0);
  // zmq doubles the interval up to the maximum; the first one differs per socket so that a crowd does not come at once.
  set(ZMQ_RECONNECT_IVL, 10 + static_cast<int>(random64() % 21));
  set(ZMQ_RECONNECT_IVL_MAX, 2 * second);
  const auto size_max = static_cast<std::int64_t>(frame_size_max);
  const int result = zmq_setsockopt(handle_, ZMQ_MAXMSGSIZE, &size_max, sizeof size_max);
  RESTANTE_ASSERT(result == 0);
}

Socket::~Socket() { zmq_close(handle_); }

void Socket::set(int option, int value) {
  const int result = zmq_setsockopt(handle_, option, &value, sizeof value);
  RESTANTE_ASSERT(result == 0);
}

void Socket::connect(const std::string& endpoint) {
  const std::string operation = "connect to " + endpoint;
  if (const auto fault = endpoint_fault(endpoint)) {
    throw_error(ErrorCode::misconfigured, operation, *fault, "give ipc:///absolute/path or tcp://host:port");
  }
  if (endpoint.starts_with("tcp://*:") || endpoint.ends_with(":*") || endpoint.ends_with(":0")) {
    throw_error(ErrorCode::misconfigured, operation, "it names no single address",
                "give the host and the port where the other side listens");
  }
  if (zmq_connect(handle_, endpoint.c_str()) != 0) {
    throw_error(ErrorCode::misconfigured, operation, zmq_strerror(zmq_errno()),
                "give ipc:///absolute/path or tcp://host:port");
  }
}

bool Socket::receive(Frame& frame) {
  for (;;) {
    if (zmq_msg_recv(frame.message(), handle_, ZMQ_DONTWAIT) >= 0) return true;
    const int cause = zmq_errno();
    if (cause == EAGAIN) return false;
    if (cause == EINTR) continue;
    throw_error(ErrorCode::bad_state, "receive", zmq_strerror(cause), "close this link and open a new one");
  }
}

Socket::Arrival Socket::receive(std::vector<Buffer>& frames, std::size_t frames_max) {
  Frame first;
  if (!receive(first)) return Arrival::none;
  return receive_rest(first, frames, frames_max);
}

Socket::Arrival Socket::receive_rest(Frame& frame, std::vector<Buffer>& frames, std::size_t frames_max) {
  bool malformed = false;
  for (;;) {
    const bool more = frame.more();
    if (frames.size() == frames_max) malformed = true;
    if (!malformed) frames.push_back(frame.take());
    if (!more) break;
    const bool there = receive(frame);
    RESTANTE_ASSERT(there);  // zmq hands out a message whole or not at all
  }
  if (malformed) frames.clear();
  return malformed ? Arrival::malformed : Arrival::whole;
}

Sent Socket::send(const Buffer& frame, int flags) {
  zmq_msg_t message;
  fill(message, frame);
  return send_message(message, flags);
}

Sent Socket::send_copy(std::string_view octets, int flags) {
  zmq_msg_t message;
  copy(message, octets);
  return send_message(message, flags);
}

Sent Socket::send_pair(std::string_view first, const Buffer& second) {
  zmq_msg_t front;
  Frame back;  // closes what is not sent
  fill(*back.message(), second);
  copy(front, first);
  const Sent queued = send_message(front, ZMQ_SNDMORE);
  if (queued != Sent::yes) return queued;
  // zmq finds room at the first part of a message or not at all.
  const Sent rest = send_message(*back.message(), 0);
  RESTANTE_ASSERT(rest == Sent::yes);
  return Sent::yes;
}

Sent Socket::send_message(zmq_msg_t& message, int flags) {
  for (;;) {
    if (zmq_msg_send(&message, handle_, flags | ZMQ_DONTWAIT) >= 0) return Sent::yes;
    const int cause = zmq_errno();
    if (cause == EINTR) continue;
    zmq_msg_close(&message);
    if (cause == EAGAIN) return Sent::would_block;
    if (cause == EHOSTUNREACH) return Sent::unreachable;
    throw_error(ErrorCode::bad_state, "send", zmq_strerror(cause), "close this link and open a new one");
  }
}

}  // namespace restante::link
