#include "sidecar/commands/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <system_error>

#include <restante/error.h>

namespace restante::commands {

namespace {

[[noreturn]] void refuse(const std::string& cause) {
  throw Error(ErrorCode::misconfigured, "cannot run a command for a message: " + cause +
                                            "; nothing was settled, start recv again once that is better");
}

std::string error_text(int error) { return std::generic_category().message(error); }

/// A descriptor at the start of an unlinked file that holds `input`.
class InputFile {
 public:
  explicit InputFile(std::string_view input) : descriptor_(::memfd_create("restante-payload", MFD_CLOEXEC)) {
    if (descriptor_ < 0) refuse("memfd_create: " + error_text(errno));
    while (!input.empty()) {
      const ssize_t written = ::write(descriptor_, input.data(), input.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) fail();
      input.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::lseek(descriptor_, 0, SEEK_SET) != 0) fail();
  }
  ~InputFile() { ::close(descriptor_); }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  [[noreturn]] void fail() {
    const int error = errno;
    ::close(descriptor_);
    refuse("its payload cannot be put in memory: " + error_text(error));
  }
  int descriptor_;
};

/// posix_spawn's two bags of settings.
struct SpawnSettings {
  explicit SpawnSettings(int input) {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes, &signals);
    ::sigaddset(&signals, SIGPIPE);
    ::posix_spawnattr_setsigdefault(&attributes, &signals);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

/// Our environment with `variables` in place of those of the same names.
std::vector<std::string> environment_with(const Child::Variables& variables) {
  std::vector<std::string> environment;
  for (const auto& [name, value] : variables) environment.push_back(name + "=" + value);
  const std::size_t added = environment.size();
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto same = [&](const std::string& ours) { return text.starts_with(ours.substr(0, ours.find('=') + 1)); };
    const auto ours = environment.begin() + static_cast<std::ptrdiff_t>(added);
    if (std::none_of(environment.begin(), ours, same)) environment.emplace_back(text);
  }
  return environment;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

std::string ChildEnd::text() const { return (by_signal ? "signal " : "exit status ") + std::to_string(number); }

Child::Child(const std::string& command, std::string_view input, const Variables& variables) {
  const InputFile file(input);
  const SpawnSettings settings(file.descriptor());
  std::vector<std::string> arguments{"sh", "-c", command};
  std::vector<std::string> environment = environment_with(variables);
  const int error = ::posix_spawn(&pid_, "/bin/sh", &settings.actions, &settings.attributes,
                                  pointers_to(arguments).data(), pointers_to(environment).data());
  if (error != 0) refuse("/bin/sh: " + error_text(error));
  ended_descriptor_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
}

Child::~Child() {
  if (!end_) {
    signal(SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (ended_descriptor_ >= 0) ::close(ended_descriptor_);
}

std::optional<ChildEnd> Child::wait(Duration timeout, int stop_descriptor) {
  using namespace std::chrono;
  constexpr auto look_again = milliseconds{10};  // where the kernel does not tell
  const auto deadline = steady_clock::now() + timeout;
  for (;;) {
    if (const auto end = reap()) return end;
    auto left = ceil<milliseconds>(deadline - steady_clock::now());
    if (left <= milliseconds{}) return std::nullopt;
    if (ended_descriptor_ < 0) left = std::min(left, look_again);
    std::array<pollfd, 2> polled{{{ended_descriptor_, POLLIN, 0}, {stop_descriptor, POLLIN, 0}}};
    ::poll(polled.data(), polled.size(), static_cast<int>(std::min<milliseconds::rep>(left.count(), 60000)));
    if (polled[1].revents != 0) return reap();
  }
}

void Child::signal(int signal) noexcept {
  if (!end_) ::kill(-pid_, signal);
}

std::optional<ChildEnd> Child::reap() {
  if (end_) return end_;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  end_ = WIFSIGNALED(status) ? ChildEnd{true, WTERMSIG(status)} : ChildEnd{false, WEXITSTATUS(status)};
  return end_;
}

}  // namespace restante::commands
