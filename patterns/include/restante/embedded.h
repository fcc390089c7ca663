#pragma once
/// \file
/// Embedded mode: the sidecar inside this process, for tests, tools and one-binary devices. Its own target
/// (restante::embedded), so that services do not link SQLite.

#include <cstdint>
#include <memory>
#include <string>

#include <restante/limits.h>
#include <restante/types.h>

namespace restante {

struct EmbeddedOptions {
  std::string store{};   ///< directory; required
  std::string ipc{};     ///< endpoint; default: `sidecar.sock` inside the store's directory
  std::string listen{};  ///< as `restante up --listen`; empty: none
  std::string node{};    ///< name; default: the host's name
  Duration store_delay = limits::store_delay;
  std::uint64_t quota = limits::store_quota;
  bool insecure = false;
};

/// A running sidecar on a thread of its own. Messages confirmed by it survive this process as they would survive a
/// sidecar's; the next EmbeddedSidecar or `restante up` on the same store goes on. If its store fails while running,
/// the process is ended (fail-stop), as the sidecar process would be.
class EmbeddedSidecar {
 public:
  /// Serves when it returns. Throws Error as `restante up` would print it.
  explicit EmbeddedSidecar(const EmbeddedOptions& options);
  ~EmbeddedSidecar();
  EmbeddedSidecar(const EmbeddedSidecar&) = delete;
  EmbeddedSidecar& operator=(const EmbeddedSidecar&) = delete;

  [[nodiscard]] std::string endpoint() const;  ///< for NodeOptions::sidecar and ReceiverOptions::from
  [[nodiscard]] std::string listen() const;    ///< the real port

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace restante
