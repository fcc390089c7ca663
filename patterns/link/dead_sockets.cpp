#include <array>
#include <charconv>
#include <cstdio>
#include <exception>
#include <filesystem>

#include "patterns/link/process.h"
#include "patterns/link/socket_probe.h"

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

}  // namespace

std::string new_socket_path(const std::string& prefix) {
  std::array<char, 32> rest{};
  std::snprintf(rest.data(), rest.size(), "%u-%08x.sock", static_cast<unsigned>(process_id()),
                static_cast<unsigned>(random64() & 0xffffffffU));
  const std::string directory = runtime_directory();
  remove_dead_sockets(directory, prefix);
  return directory + "/" + prefix + rest.data();
}

void remove_dead_sockets(const std::string& directory, std::string_view prefix) noexcept {
  try {
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      const std::uint32_t maker = maker_of(entry.path().filename().string(), prefix);
      // Both: another pid namespace may share the directory, and a socket is bound before it listens.
      if (maker == 0 || process_start_time(maker) != 0 || !SocketProbe(entry.path().string()).deserted()) continue;
      std::error_code ignored;
      std::filesystem::remove(entry.path(), ignored);
    }
  } catch (const std::exception&) {  // no directory yet, or not ours to read
  }
}

}  // namespace restante::link
