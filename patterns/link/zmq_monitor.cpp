#include "patterns/link/zmq_monitor.h"

#include <atomic>
#include <cstring>

namespace restante::link {

namespace {

constexpr std::size_t event_size_max = 1024;  // two integers, and a frame with an endpoint

std::string new_name() {
  static std::atomic<std::uint64_t> count{0};
  return "inproc://restante-monitor-" + std::to_string(count.fetch_add(1));
}

}  // namespace

Monitor::Monitor(Context& context, Socket& socket, int kinds)
    : socket_(socket), events_(context, ZMQ_PAIR, event_size_max) {
  // Without a bound: the I/O thread waits for room in here, and with it every link would stand still.
  events_.set(ZMQ_RCVHWM, 0);
  const std::string name = new_name();
  if (zmq_socket_monitor(socket.handle(), name.c_str(), kinds) != 0) {
    throw_error(ErrorCode::retry_later, "watch a socket", zmq_strerror(zmq_errno()),
                "close other links or raise the limit of open files (ulimit -n, LimitNOFILE)");
  }
  const int result = zmq_connect(events_.handle(), name.c_str());
  RESTANTE_ASSERT(result == 0);
}

Monitor::~Monitor() { zmq_socket_monitor(socket_.handle(), nullptr, 0); }

std::optional<Monitor::Event> Monitor::next() {
  Frame frame;
  if (!events_.receive(frame)) return std::nullopt;
  const std::string_view octets = frame.octets();
  Event event{};
  std::uint32_t value = 0;
  RESTANTE_ASSERT(octets.size() == sizeof event.kind + sizeof value);
  std::memcpy(&event.kind, octets.data(), sizeof event.kind);
  std::memcpy(&value, octets.data() + sizeof event.kind, sizeof value);
  event.value = static_cast<int>(value);
  while (frame.more()) {
    const bool there = events_.receive(frame);
    RESTANTE_ASSERT(there);
  }
  return event;
}

}  // namespace restante::link
