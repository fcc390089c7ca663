#pragma once
/// \file
/// SIGINT and SIGTERM for nodes with NodeOptions::stop_on_signals.

#include <memory>

namespace restante::detail {

class IoSignal;

/// While one lives, SIGINT and SIGTERM ask its IoSignal to stop. The first one takes the handlers over, the last one
/// gives them back. Construction and destruction are thread-safe.
class StopSignals {
 public:
  /// Throws Error bad_state if too many nodes want it (one a process is meant).
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// What the signals stop. It is never destroyed, since a handler may be running with it on another thread; a later
  /// StopSignals gets a new one.
  [[nodiscard]] std::shared_ptr<IoSignal> io() const noexcept { return io_; }

 private:
  std::shared_ptr<IoSignal> io_;
  std::size_t slot_;
};

}  // namespace restante::detail
