#include "sidecar/commands/signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <system_error>

namespace restante::commands {

namespace {

// A signal handler can reach nothing but statics; lock-free atomics are async-signal-safe.
std::atomic<int> event_descriptor{-1};
std::atomic<bool> stop_wanted{false};
std::atomic<StopSignals::Hook> stop_hook{nullptr};
std::atomic<void*> hook_argument{nullptr};
static_assert(std::atomic<StopSignals::Hook>::is_always_lock_free && std::atomic<void*>::is_always_lock_free);

void call_hook() noexcept {
  if (const StopSignals::Hook hook = stop_hook.load()) hook(hook_argument.load());
}

extern "C" void on_stop_signal(int) {
  const int saved = errno;
  stop_wanted = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(event_descriptor.load(), &one, sizeof one);
  call_hook();
  errno = saved;
}

void set_action(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  ::sigemptyset(&action.sa_mask);
  if (::sigaction(signal, &action, nullptr) != 0) throw std::system_error(errno, std::generic_category(), "sigaction");
}

}  // namespace

StopSignals::StopSignals() {
  const int descriptor = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  event_descriptor = descriptor;
  set_action(SIGINT, on_stop_signal);
  set_action(SIGTERM, on_stop_signal);
  set_action(SIGPIPE, SIG_IGN);
}

StopSignals::~StopSignals() {
  set_hook(nullptr, nullptr);
  set_action(SIGINT, SIG_DFL);
  set_action(SIGTERM, SIG_DFL);
  set_action(SIGPIPE, SIG_DFL);
  ::close(event_descriptor.exchange(-1));
}

void StopSignals::set_hook(Hook hook, void* argument) noexcept {
  stop_hook = nullptr;
  hook_argument = argument;
  stop_hook = hook;
  if (stop_wanted) call_hook();
}

bool StopSignals::stopped() const noexcept { return stop_wanted; }

int StopSignals::descriptor() const noexcept { return event_descriptor; }

}  // namespace restante::commands
