#include "sidecar/commands/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <system_error>

#include <restante/error.h>

namespace restante::commands {

namespace {

/// 0, or the error that stopped it.
int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace

void keep_standard_places() {
  // Opened the wrong way round on purpose: messages that are acked because /dev/null took them would be lost.
  for (const int place : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(place, F_GETFD) >= 0) continue;
    ::open("/dev/null", place == STDIN_FILENO ? O_WRONLY : O_RDONLY);  // takes the lowest free place, which is this
  }
}

bool on_terminal() { return ::isatty(STDERR_FILENO) == 1; }

bool can_ask() { return ::isatty(STDIN_FILENO) == 1 && on_terminal(); }

bool ask(const std::string& question) {
  write_to_stderr(question + " [y/N] ");
  char first = 0;
  for (char octet = 0; ::read(STDIN_FILENO, &octet, 1) == 1 && octet != '\n';) {
    if (first == 0) first = octet;
  }
  return first == 'y' || first == 'Y';
}

void write_to_stderr(std::string_view text) { write_all(STDERR_FILENO, text); }

void say(const std::string& line) { write_to_stderr(line + "\n"); }

void print(std::string_view text) {
  const int error = write_all(STDOUT_FILENO, text);
  if (error == 0) return;
  throw Error(ErrorCode::misconfigured, "cannot write to standard output: " + std::generic_category().message(error) +
                                            "; see where it is redirected to");
}

}  // namespace restante::commands
