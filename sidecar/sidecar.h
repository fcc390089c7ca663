#pragma once
/// \file
/// The sidecar: the loop in which core, links, store and clock meet.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <restante/limits.h>
#include <restante/types.h>

#include "core/stream_rules.h"

namespace restante::sidecar {

/// What a sidecar runs with. Empty strings mean the defaults of docs/architecture.md.
struct SidecarOptions {
  std::string store;   ///< directory; default: the state directory
  std::string ipc;     ///< endpoint for services of this machine; default: the runtime directory
  std::string listen;  ///< endpoint for consumers elsewhere (tcp); empty: none
  std::string node;    ///< name; default: the host's name, made fit
  Duration store_delay = limits::store_delay;  ///< 0: never wait for an ack before writing
  std::uint64_t quota = limits::store_quota;   ///< octets of the store
  std::uint32_t attempts_max = limits::attempts_max;
  std::vector<core::StreamRules> rules{};  ///< of streams by their names
  Duration retry_initial = limits::retry_initial;
  bool elision = true;    ///< false: every message is written (for tests and flash-wear comparison)
  bool insecure = false;  ///< allow a `listen` that is not loopback, without encryption
  std::function<void(int level, std::string_view text)> log{};  ///< as NodeOptions::log
};

/// Where a sidecar serves: real ports, absolute paths.
struct Serving {
  std::string node;
  std::string store;
  std::string ipc;
  std::string listen;  ///< empty: not listening
};

/// Order of start: lock file, store, then bind, so that two sidecars never share either. One thread calls run();
/// stop() may be called from any thread or signal handler.
class Sidecar {
 public:
  /// Opens and binds everything. Throws Error (held_elsewhere, misconfigured, denied, incompatible_version,
  /// store_failed, bad_argument), and then nothing is left behind.
  explicit Sidecar(const SidecarOptions& options);
  ~Sidecar();
  Sidecar(const Sidecar&) = delete;
  Sidecar& operator=(const Sidecar&) = delete;

  [[nodiscard]] const Serving& serving() const noexcept;

  /// Serves until stop(). Throws Error store_failed when a write or a sync failed (fail-stop: end the process with
  /// exit status 75; nothing was confirmed that is not safe), Error held_elsewhere if its ipc path was taken away.
  void run();

  /// Async-signal-safe.
  void stop() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace restante::sidecar
