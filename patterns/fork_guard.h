#pragma once
/// \file
/// Tells whether this process is a fork of the one that made an object.

#include <cstdint>

namespace restante::detail {

/// Remembers in which process it was made. Sockets and threads do not survive a fork, so everything of a Node refuses
/// to work in a child. One atomic load a check: a getpid() would be a system call for every message. Thread-safe.
class ForkGuard {
 public:
  ForkGuard() noexcept;

  [[nodiscard]] bool forked() const noexcept;

  /// Throws Error bad_state, naming `operation`, in a child.
  void check(const char* operation) const;

 private:
  std::uint64_t generation_;
};

}  // namespace restante::detail
