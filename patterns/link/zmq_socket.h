#pragma once
/// \file
/// What the sockets of this folder share: options, frames, and errors as sentences. Private to patterns/link.

#include <zmq.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <restante/error.h>

#include "core/assert.h"
#include "core/buffer.h"
#include "patterns/link/link.h"

namespace restante::link {

/// A zmq socket may change hands only with a full fence between; nothing here needs that, so the first thread that uses
/// one is the only one. Costs one thread-local address, under 1 ns.
class OneThread {
 public:
  void check() noexcept {
    static thread_local char mine = 0;
    if (user_ == nullptr) user_ = &mine;
    RESTANTE_ASSERT(user_ == &mine);
  }

 private:
  const char* user_ = nullptr;
};

/// A call of receive() drops at most so many malformed messages, and then comes back without one: a stranger who sends
/// them faster than they are read would have the thread for himself otherwise. Poller::wait comes back at once then.
inline constexpr int malformed_a_call = 64;

/// "cannot <operation> <object>: <cause>; <next step>"
[[noreturn]] void throw_error(ErrorCode code, const std::string& operation, std::string_view cause,
                              std::string_view next_step);

/// One received frame.
class Frame {
 public:
  Frame() noexcept { zmq_msg_init(&message_); }
  ~Frame() { zmq_msg_close(&message_); }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

  [[nodiscard]] zmq_msg_t* message() noexcept { return &message_; }
  [[nodiscard]] std::string_view octets() noexcept {
    return {static_cast<const char*>(zmq_msg_data(&message_)), zmq_msg_size(&message_)};
  }
  [[nodiscard]] bool more() noexcept { return zmq_msg_more(&message_) != 0; }
  /// What zmq knows of the connection that the frame came by; empty if nothing.
  [[nodiscard]] std::string_view property(const char* name) noexcept {
    const char* value = zmq_msg_gets(&message_, name);
    return value == nullptr ? std::string_view() : std::string_view(value);
  }
  /// The octets as a buffer that is aligned to 8 octets: a view into the message, or a copy of a small one. The frame
  /// is empty after it.
  Buffer take();

 private:
  zmq_msg_t message_;
};

/// A zmq socket with everything set that has to be set before it binds or connects.
class Socket {
 public:
  Socket(Context& context, int type, std::size_t frame_size_max);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void set(int option, int value);
  void connect(const std::string& endpoint);
  [[nodiscard]] void* handle() const noexcept { return handle_; }

  /// False if there is none now.
  bool receive(Frame& frame);

  enum class Arrival { none, whole, malformed };
  /// Reads a whole message: up to `frames_max` frames, or drops all of its frames and says malformed.
  Arrival receive(std::vector<Buffer>& frames, std::size_t frames_max);
  /// The rest of a message whose first frame was read; as above.
  Arrival receive_rest(Frame& first, std::vector<Buffer>& frames, std::size_t frames_max);

  Sent send(const Buffer& frame, int flags);
  Sent send_copy(std::string_view octets, int flags);
  /// A message of two frames, whole or not at all: also if there is no memory for the second one.
  Sent send_pair(std::string_view first, const Buffer& second);

  OneThread thread;

 private:
  Sent send_message(zmq_msg_t& message, int flags);

  void* handle_;
};

/// Binds as link.h promises: private directory, umask, no theft of a live ipc path. Returns the real endpoint.
std::string bind_socket(void* socket, const std::string& endpoint);

}  // namespace restante::link
