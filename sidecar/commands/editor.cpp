#include "sidecar/commands/editor.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <system_error>

#include <restante/error.h>

namespace restante::commands {

namespace {

/// Ignores a signal while it lives.
class Deaf {
 public:
  explicit Deaf(int number) : number_(number) {
    struct sigaction deaf {};
    deaf.sa_handler = SIG_IGN;
    ::sigaction(number, &deaf, &before_);
  }
  ~Deaf() { restore(); }
  Deaf(const Deaf&) = delete;
  Deaf& operator=(const Deaf&) = delete;
  void restore() const { ::sigaction(number_, &before_, nullptr); }

 private:
  int number_;
  struct sigaction before_ {};
};

}  // namespace

std::optional<std::string> editor_command() {
  for (const char* name : {"VISUAL", "EDITOR"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return std::nullopt;
}

ChildEnd run_editor(const std::string& command, const std::string& path) {
  const Deaf to_interrupt(SIGINT);
  const Deaf to_quit(SIGQUIT);
  const std::string line = command + " \"$1\"";
  const pid_t child = ::fork();
  if (child == 0) {
    to_interrupt.restore();
    to_quit.restore();
    ::execl("/bin/sh", "sh", "-c", line.c_str(), "sh", path.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = 0;
  pid_t ended = child;
  while (child > 0 && (ended = ::waitpid(child, &status, 0)) < 0 && errno == EINTR) {
  }
  if (ended < 0) {
    throw Error(ErrorCode::misconfigured, "cannot run " + command + ": " + std::generic_category().message(errno) +
                                              "; give the payload with --from FILE");
  }
  return WIFSIGNALED(status) ? ChildEnd{true, WTERMSIG(status)} : ChildEnd{false, WEXITSTATUS(status)};
}

}  // namespace restante::commands
