#include "patterns/fork_guard.h"

#include <pthread.h>

#include <atomic>
#include <string>

#include <restante/error.h>

namespace restante::detail {

namespace {

std::atomic<std::uint64_t> generation{1};

std::uint64_t watched_generation() noexcept {
  static const int registered = pthread_atfork(nullptr, nullptr, [] { generation.fetch_add(1); });
  static_cast<void>(registered);
  return generation.load(std::memory_order_relaxed);
}

}  // namespace

ForkGuard::ForkGuard() noexcept : generation_(watched_generation()) {}

bool ForkGuard::forked() const noexcept { return generation.load(std::memory_order_relaxed) != generation_; }

void ForkGuard::check(const char* operation) const {
  if (!forked()) return;
  throw Error(
      ErrorCode::bad_state,
      std::string(operation) + ": this process is a fork of the one that opened the node; open a Node in the child");
}

}  // namespace restante::detail
