#pragma once
/// \file
/// SIGINT and SIGTERM as a wish to end in good order.

namespace restante::commands {

/// While it lives, SIGINT and SIGTERM set a flag, make descriptor() readable and call the hook, and SIGPIPE is ignored,
/// so that a closed pipe is an error of write(2). One a process, made and destroyed on the main thread.
class StopSignals {
 public:
  /// Async-signal-safe; called from the handler at each signal.
  using Hook = void (*)(void* argument) noexcept;

  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// From now on the handler calls `hook`; if a signal came already, it is called here. nullptr: no more.
  void set_hook(Hook hook, void* argument) noexcept;

  [[nodiscard]] bool stopped() const noexcept;
  /// Readable, and stays so, once a signal came.
  [[nodiscard]] int descriptor() const noexcept;
};

}  // namespace restante::commands
