#pragma once
/// \file
/// A shell command with octets on its standard input.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include <restante/types.h>

namespace restante::commands {

/// How a command ended.
struct ChildEnd {
  bool by_signal = false;
  int number = 0;  ///< the exit status, or the signal

  [[nodiscard]] std::string text() const;  ///< "exit status 3", "signal 11"
};

/// A running `/bin/sh -c COMMAND` in a process group of its own, so that a signal from the terminal reaches us alone.
/// Its standard input is an unlinked file in memory that holds the octets; no other descriptor of ours but standard
/// output and error is open in it.
class Child {
 public:
  using Variables = std::vector<std::pair<std::string, std::string>>;

  /// `variables` are added to the environment. Throws Error(misconfigured) if it cannot be started.
  Child(const std::string& command, std::string_view input, const Variables& variables);
  ~Child();  ///< kills it, if it still runs, and waits for it
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Waits until it ended, `timeout` has passed or `stop_descriptor` (-1: none) is readable; nullopt unless it ended.
  std::optional<ChildEnd> wait(Duration timeout, int stop_descriptor);

  /// Sends `signal` to its process group.
  void signal(int signal) noexcept;

 private:
  std::optional<ChildEnd> reap();

  pid_t pid_ = -1;
  int ended_descriptor_ = -1;  // readable once it ended; -1 on a kernel without pidfd_open
  std::optional<ChildEnd> end_;
};

}  // namespace restante::commands
