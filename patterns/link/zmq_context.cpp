#include <zmq.h>

#include "core/assert.h"
#include "patterns/link/accept_guard.h"
#include "patterns/link/link.h"
#include "patterns/link/zmq_socket.h"

namespace restante::link {

namespace {

/// A link needs three (itself and both ends of its monitor), a live target one.
constexpr int sockets_max = 1023;

/// ZMQ_ZERO_COPY_RECV. Debian's header hides the name behind the draft API; the option is always there.
constexpr int zero_copy_receive = 10;

}  // namespace

Context::Context() : handle_(zmq_ctx_new()) {
  if (handle_ == nullptr) {
    throw_error(ErrorCode::retry_later, "start the messaging thread", zmq_strerror(zmq_errno()),
                "raise the limit of open files (ulimit -n, LimitNOFILE)");
  }
  keep_accept_guard();
  // One I/O thread: Router relies on its doing one thing after the other (zmq_descriptors.h).
  zmq_ctx_set(handle_, ZMQ_IO_THREADS, 1);
  zmq_ctx_set(handle_, ZMQ_MAX_SOCKETS, sockets_max);
  // "Zero copy" means that small frames share one 8 KiB read buffer: whoever keeps one keeps all. Off, each frame has
  // its own allocation, aligned to 8 octets, which is what a Buffer wants. A library without it is only less thrifty.
  zmq_ctx_set(handle_, zero_copy_receive, 0);
}

Context::~Context() {
  while (zmq_ctx_term(handle_) != 0 && zmq_errno() == EINTR) {
  }
}

}  // namespace restante::link
