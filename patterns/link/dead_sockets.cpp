#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <exception>
#include <filesystem>

#include "patterns/link/process.h"

namespace restante::link {

namespace {

/// The process that `name` says made the socket; 0 if it does not say.
std::uint32_t maker_of(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix) || !name.ends_with(".sock")) return 0;
  std::uint32_t id = 0;
  const char* const end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + prefix.size(), end, id);
  return error == std::errc{} && rest != end && *rest == '-' ? id : 0;
}

/// The path is there, and nobody listens at it.
bool is_deserted(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return false;
  const auto* const to = reinterpret_cast<const sockaddr*>(&address);
  const bool refused = ::connect(socket, to, sizeof address) != 0 && errno == ECONNREFUSED;
  ::close(socket);
  return refused;
}

}  // namespace

void remove_dead_sockets(const std::string& directory, std::string_view prefix) noexcept {
  try {
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      const std::uint32_t maker = maker_of(entry.path().filename().string(), prefix);
      // Both: another pid namespace may share the directory, and a socket is bound before it listens.
      if (maker == 0 || process_start_time(maker) != 0 || !is_deserted(entry.path().string())) continue;
      std::error_code ignored;
      std::filesystem::remove(entry.path(), ignored);
    }
  } catch (const std::exception&) {  // no directory yet, or not ours to read
  }
}

}  // namespace restante::link
