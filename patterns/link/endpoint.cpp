#include <arpa/inet.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include <restante/error.h>
#include <restante/limits.h>

#include "patterns/link/link.h"

namespace restante::link {

namespace {

constexpr std::string_view ipc = "ipc://";
constexpr std::string_view tcp = "tcp://";

/// sockaddr_un has 108 octets and the path ends with a zero.
constexpr std::size_t path_size_max = 107;

constexpr unsigned port_max = 65535;

struct HostPort {
  std::string_view host;
  std::string_view port;
};

std::optional<HostPort> split(std::string_view endpoint) {
  if (!endpoint.starts_with(tcp)) return std::nullopt;
  endpoint.remove_prefix(tcp.size());
  const std::size_t colon = endpoint.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return HostPort{endpoint.substr(0, colon), endpoint.substr(colon + 1)};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_host_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_';
}

/// Only the four decimal numbers: "127.1" and "0177.0.0.1" mean different things to different programs.
std::optional<std::uint32_t> ipv4(std::string_view host) {
  in_addr address{};
  if (::inet_pton(AF_INET, std::string(host).c_str(), &address) != 1) return std::nullopt;
  return ntohl(address.s_addr);
}

std::optional<std::string> ipc_fault(std::string_view path) {
  if (path.empty() || path.front() != '/') return "the path after ipc:// is not absolute; begin it with /";
  if (path.back() == '/') return "the path after ipc:// is a directory; add a name for the socket";
  if (path.size() > path_size_max) {
    return "the path after ipc:// has " + std::to_string(path.size()) + " octets and a socket's address holds " +
           std::to_string(path_size_max) + "; choose a shorter one";
  }
  return std::nullopt;
}

std::optional<std::string> tcp_fault(std::string_view endpoint) {
  const auto parts = split(endpoint);
  if (!parts) return "there is no port; write tcp://host:port";
  const auto [host, port] = *parts;
  if (host.empty()) return "there is no host; write tcp://host:port";
  if (host.find(':') != std::string_view::npos || host.front() == '[') {
    return "IPv6 addresses are not supported; give an IPv4 address or a name";
  }
  if (host != "*") {
    if (!std::all_of(host.begin(), host.end(), is_host_character)) {
      return "the host \"" + std::string(host) + "\" is neither a name nor an IPv4 address";
    }
    const bool is_numeric = std::all_of(host.begin(), host.end(), [](char c) { return is_digit(c) || c == '.'; });
    if (is_numeric && !ipv4(host)) return "\"" + std::string(host) + "\" is not an IPv4 address of four numbers";
  }
  if (port == "*") return std::nullopt;
  unsigned number = 0;
  const auto [end, fault] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (port.empty() || fault != std::errc() || end != port.data() + port.size() || number > port_max) {
    return "the port \"" + std::string(port) + "\" is not a number from 0 to 65535, nor *";
  }
  return std::nullopt;
}

[[noreturn]] void refuse_directory(const std::string& directory, const std::string& cause, const std::string& next) {
  throw Error(ErrorCode::misconfigured, "cannot use " + directory + " for sockets: " + cause + "; " + next);
}

/// As mkdir -p, each with 0700 whatever the umask leaves of it.
void make_directories(const std::string& directory) {
  for (std::size_t end = directory.find('/', 1);; end = directory.find('/', end + 1)) {
    const std::string part = directory.substr(0, end);
    if (::mkdir(part.c_str(), S_IRWXU) != 0 && errno != EEXIST && ::access(part.c_str(), F_OK) != 0) {
      refuse_directory(directory, "cannot make " + part + ": " + std::strerror(errno),
                       "make it by hand or choose a place that this user may write to");
    }
    if (end == std::string::npos) return;
  }
}

}  // namespace

std::optional<std::string> endpoint_fault(std::string_view endpoint) {
  const bool is_printable = std::all_of(endpoint.begin(), endpoint.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!is_printable) return "it has a blank, a control character or a character that is not ASCII";
  if (endpoint.starts_with(ipc)) return ipc_fault(endpoint.substr(ipc.size()));
  if (endpoint.size() > limits::endpoint_size_max) {
    return "it has " + std::to_string(endpoint.size()) + " octets of at most " +
           std::to_string(limits::endpoint_size_max);
  }
  if (endpoint.starts_with(tcp)) return tcp_fault(endpoint);
  return "it begins with neither ipc:// nor tcp://";
}

bool is_loopback(std::string_view endpoint) {
  if (endpoint.starts_with(ipc)) return true;
  const auto parts = split(endpoint);
  if (!parts) return false;
  if (parts->host == "localhost" || parts->host == "::1" || parts->host == "[::1]") return true;
  const auto address = ipv4(parts->host);
  constexpr std::uint32_t first_octet_shift = 24;
  return address && *address >> first_octet_shift == 127;
}

std::string reachable(std::string_view endpoint, std::string_view peer_address) {
  const auto parts = split(endpoint);
  if (!parts || (parts->host != "*" && parts->host != "0.0.0.0")) return std::string(endpoint);
  std::string result(tcp);
  result.append(peer_address.empty() ? std::string_view("127.0.0.1") : peer_address);
  return result.append(":").append(parts->port);
}

void make_ipc_directory(std::string_view endpoint) {
  if (!endpoint.starts_with(ipc)) return;
  const std::string_view path = endpoint.substr(ipc.size());
  const std::size_t slash = path.rfind('/');
  const std::string directory(slash == 0 ? std::string_view("/") : path.substr(0, slash));
  make_directories(directory);
  struct stat found {};
  if (::lstat(directory.c_str(), &found) != 0) {
    refuse_directory(directory, std::strerror(errno), "make it by hand or choose another place");
  }
  if (!S_ISDIR(found.st_mode)) {
    refuse_directory(directory, "it is not a directory, but a file or a link", "name a real directory");
  }
  if (found.st_uid != ::geteuid()) {
    refuse_directory(directory, "it belongs to user " + std::to_string(found.st_uid),
                     "choose one of this user, " + std::to_string(::geteuid()) + ", such as one below its home");
  }
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    refuse_directory(directory, "other users may enter it",
                     "choose a directory for sockets alone and run chmod 700 on it");
  }
}

}  // namespace restante::link
