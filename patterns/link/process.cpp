#include "patterns/link/process.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <restante/error.h>

namespace restante::link {

namespace {

/// Empty is the same as not set, as in the XDG rules.
std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

/// As variable(), for a directory.
std::string directory_variable(const char* name) {
  std::string value = variable(name);
  if (!value.empty() && value.front() != '/') {
    throw Error(ErrorCode::misconfigured, std::string("cannot use $") + name + " = \"" + value +
                                              "\": it is not an absolute path; set one that begins with / or unset it");
  }
  while (value.size() > 1 && value.back() == '/') value.pop_back();
  return value;
}

std::string home_directory(const char* purpose) {
  std::string home = directory_variable("HOME");
  if (home.empty()) {
    throw Error(ErrorCode::misconfigured, std::string("cannot choose a directory for ") + purpose +
                                              ": $HOME is not set; set it, or RESTANTE_RUNTIME_DIR and XDG_STATE_HOME");
  }
  return home;
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// A value that no other process has: two processes that cannot tell where they are must not think they are together.
std::string unknown_host() {
  static const std::string once = "unknown-" + std::to_string(random64());
  return once + "-" + std::to_string(process_id());
}

}  // namespace

std::uint32_t process_id() noexcept { return static_cast<std::uint32_t>(::getpid()); }

std::uint64_t process_start_time(std::uint32_t id) {
  const std::string line = first_line("/proc/" + std::to_string(id) + "/stat");
  // The name of the executable is in parentheses and may itself hold blanks and parentheses: count from the last one.
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream rest(line.substr(name_end + 1));
  constexpr int start_time_field = 22;
  std::string field;
  rest >> field;
  if (field == "Z" || field == "X") return 0;  // it has ended, only nobody has asked for its exit status yet
  for (int number = 4; number < start_time_field; ++number) rest >> field;
  std::uint64_t start_time = 0;
  rest >> start_time;
  return rest ? start_time : 0;
}

std::string host_identity() {
  const std::string boot = first_line("/proc/sys/kernel/random/boot_id");
  std::error_code failed;
  const std::string pids = std::filesystem::read_symlink("/proc/self/ns/pid", failed).string();
  if (boot.empty() || failed || pids.empty()) return unknown_host();
  return boot + "/" + pids + "/uid:" + std::to_string(::geteuid());
}

std::string process_name() { return program_invocation_short_name; }

std::uint64_t random64() {
  std::uint64_t value = 0;
  ssize_t got = 0;
  do {
    got = ::getrandom(&value, sizeof value, 0);
  } while (got < 0 && errno == EINTR);  // only before the generator is seeded, early in the boot
  if (got != static_cast<ssize_t>(sizeof value)) {
    throw Error(ErrorCode::misconfigured,
                "cannot draw a random number: getrandom() failed; use a kernel of 3.17 or later and permit the call");
  }
  return value;
}

std::string runtime_directory() {
  if (std::string own = directory_variable("RESTANTE_RUNTIME_DIR"); !own.empty()) return own;
  if (const std::string xdg = directory_variable("XDG_RUNTIME_DIR"); !xdg.empty()) return xdg + "/restante";
  const std::string system = "/run/restante";
  const bool exists = ::access(system.c_str(), F_OK) == 0;
  if (::access(exists ? system.c_str() : "/run", W_OK) == 0) return system;
  return home_directory("sockets") + "/.local/state/restante/run";
}

std::string state_directory() {
  std::string systemd = variable("STATE_DIRECTORY");
  systemd = systemd.substr(0, systemd.find(':'));  // a unit may have several; ours is the first
  if (!systemd.empty()) return systemd;
  if (const std::string xdg = directory_variable("XDG_STATE_HOME"); !xdg.empty()) return xdg + "/restante";
  if (::geteuid() == 0) return "/var/lib/restante";
  return home_directory("stores") + "/.local/state/restante";
}

std::string default_sidecar_endpoint() {
  if (std::string own = variable("RESTANTE_SIDECAR"); !own.empty()) return own;
  return "ipc://" + runtime_directory() + "/sidecar.sock";
}

}  // namespace restante::link
