#pragma once
/// \file
/// Who this process is, and where things are on this machine. All of it is read anew on each call, so it is true after
/// a fork too; none of it is for a hot path.

#include <cstdint>
#include <string>

namespace restante::link {

[[nodiscard]] std::uint32_t process_id() noexcept;

/// When the process was started, in clock ticks since boot; 0 if there is no such process. A process is named for ever
/// by its id and this together: ids alone are reused.
[[nodiscard]] std::uint64_t process_start_time(std::uint32_t id);

/// Equal in two processes that see the same process ids and, as far as can be told, the same files: the same boot, the
/// same pid namespace, the same user. Not equal to anyone's, not even across calls to another process, when unknown.
[[nodiscard]] std::string host_identity();

/// The name of the executable without its folder.
[[nodiscard]] std::string process_name();

/// From the kernel's generator. Throws Error(misconfigured) on a kernel that has none.
[[nodiscard]] std::uint64_t random64();

/// Where sockets are, never in the temporary directory: $RESTANTE_RUNTIME_DIR, else $XDG_RUNTIME_DIR/restante, else
/// /run/restante if this user may write there, else $HOME/.local/state/restante/run. The directory may not exist yet.
/// Throws Error(misconfigured) if a variable is not an absolute path or none of them leads anywhere.
[[nodiscard]] std::string runtime_directory();

/// A path for a socket of this process in the runtime directory, that nobody has: `<prefix><pid>-….sock`. Removes what
/// dead processes left there under `prefix`. Throws as runtime_directory().
std::string new_socket_path(const std::string& prefix);

/// Removes the sockets `<prefix><pid>-….sock` in `directory` that processes left behind which are dead and where nobody
/// listens any more. Whatever cannot be told or removed stays.
void remove_dead_sockets(const std::string& directory, std::string_view prefix) noexcept;

/// Where stores are: the first of systemd's $STATE_DIRECTORY, else $XDG_STATE_HOME/restante, else /var/lib/restante for
/// root, else $HOME/.local/state/restante. Throws as runtime_directory().
[[nodiscard]] std::string state_directory();

/// $RESTANTE_SIDECAR, else sidecar.sock in the runtime directory.
[[nodiscard]] std::string default_sidecar_endpoint();

}  // namespace restante::link
