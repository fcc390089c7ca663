#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include <restante/limits.h>

#include "patterns/link/socket_probe.h"
#include "patterns/link/zmq_socket.h"

namespace restante::link {

namespace {

constexpr std::string_view ipc = "ipc://";
constexpr std::string_view localhost = "tcp://localhost:";

/// The socket file gets the access rights that the umask leaves. The umask is the whole process's: what another thread
/// makes in these microseconds is private too.
class PrivateUmask {
 public:
  PrivateUmask() noexcept : before_(::umask(S_IRWXG | S_IRWXO)) {}
  ~PrivateUmask() { ::umask(before_); }
  PrivateUmask(const PrivateUmask&) = delete;
  PrivateUmask& operator=(const PrivateUmask&) = delete;

 private:
  mode_t before_;
};

/// libzmq unlinks whatever is at the path and binds: the process that listened there would go on, deaf. So ask whether
/// someone answers, and remove only what nobody listens at.
void clear_path(const std::string& operation, const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return;
    throw_error(ErrorCode::misconfigured, operation, std::strerror(errno), "choose a path that this user may use");
  }
  if (!S_ISSOCK(found.st_mode)) {
    throw_error(ErrorCode::misconfigured, operation, "there is something that is no socket",
                "move it away or choose another path");
  }
  const SocketProbe probe(path);
  if (probe.answered()) {
    throw_error(ErrorCode::held_elsewhere, operation, probe.owner() + " listens there",
                "stop it or choose another endpoint");
  }
  if (!probe.deserted()) {
    throw_error(ErrorCode::misconfigured, operation, std::strerror(probe.error()),
                "remove the file if nothing uses it, or choose another path");
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    throw_error(ErrorCode::misconfigured, operation,
                std::string("the socket of a dead process is there and cannot be removed: ") + std::strerror(errno),
                "remove it by hand");
  }
}

[[noreturn]] void throw_bind_error(const std::string& operation, int cause, bool is_ipc) {
  switch (cause) {
    case EACCES:
    case EPERM:
      throw_error(ErrorCode::misconfigured, operation, "permission denied",
                  is_ipc ? "choose a path that this user may write to" : "choose a port above 1023");
    case EADDRINUSE:
      throw_error(ErrorCode::misconfigured, operation, "the address is in use",
                  "stop the process that has it (ss -lptn names it) or choose another port");
    case EADDRNOTAVAIL:
    case ENODEV:
      throw_error(ErrorCode::misconfigured, operation, "this machine has no such address",
                  "choose one that `ip address` lists, or * for all");
    case EMFILE:
    case ENFILE:
      throw_error(ErrorCode::retry_later, operation, zmq_strerror(cause),
                  "raise the limit of open files (ulimit -n, LimitNOFILE)");
    default: throw_error(ErrorCode::misconfigured, operation, zmq_strerror(cause), "choose another endpoint");
  }
}

}  // namespace

std::string bind_socket(void* socket, const std::string& endpoint) {
  const std::string operation = "listen on " + endpoint;
  if (const auto fault = endpoint_fault(endpoint)) {
    throw_error(ErrorCode::misconfigured, operation, *fault, "give ipc:///absolute/path or tcp://host:port");
  }
  const bool is_ipc = endpoint.starts_with(ipc);
  std::string bound = endpoint;
  if (is_ipc) {
    make_ipc_directory(endpoint);
    clear_path(operation, endpoint.substr(ipc.size()));
  } else if (endpoint.starts_with(localhost)) {
    bound = "tcp://127.0.0.1:" + endpoint.substr(localhost.size());  // zmq looks up no names when it binds
  }
  int result = 0;
  {
    const PrivateUmask only_ours;
    result = zmq_bind(socket, bound.c_str());
  }
  if (result != 0) throw_bind_error(operation, zmq_errno(), is_ipc);
  std::array<char, limits::endpoint_size_max + 1> real{};
  std::size_t size = real.size();
  result = zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, real.data(), &size);
  if (result != 0) throw_bind_error(operation, zmq_errno(), is_ipc);
  return std::string(real.data());
}

}  // namespace restante::link
