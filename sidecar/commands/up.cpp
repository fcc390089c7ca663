// restante up: the sidecar itself.

#include <cstdlib>

#include <restante/error.h>

#include "sidecar/commands/command.h"
#include "sidecar/commands/signals.h"
#include "sidecar/commands/terminal.h"
#include "sidecar/json.h"
#include "sidecar/log.h"
#include "sidecar/sidecar.h"

namespace restante::commands {

namespace {

sidecar::SidecarOptions options_of(const UpCommand& command) {
  sidecar::SidecarOptions options;
  options.store = command.store;
  options.ipc = command.ipc;
  options.listen = command.listen;
  options.node = command.node;
  options.store_delay = command.store_delay;
  options.quota = command.quota;
  options.attempts_max = command.attempts_max;
  options.retry_initial = command.retry_initial;
  options.elision = command.elision;
  options.rules = command.rules;
  options.insecure = command.common.insecure;
  options.log = sidecar::log_to_stderr;
  return options;
}

std::string ready_line(const sidecar::Serving& serving, bool json) {
  const auto& [node, store, ipc, listen] = serving;
  if (json) return sidecar::to_json(sidecar::ReadyText{node, store, ipc, listen}) + "\n";
  return "ready node=" + node + " store=" + store + " ipc=" + ipc + " listen=" + (listen.empty() ? "-" : listen) + "\n";
}

/// While it lives, SIGINT and SIGTERM stop `sidecar`.
class StopOnSignals {
 public:
  StopOnSignals(StopSignals& signals, sidecar::Sidecar& sidecar) : signals_(signals) {
    signals_.set_hook([](void* running) noexcept { static_cast<sidecar::Sidecar*>(running)->stop(); }, &sidecar);
  }
  ~StopOnSignals() { signals_.set_hook(nullptr, nullptr); }
  StopOnSignals(const StopOnSignals&) = delete;
  StopOnSignals& operator=(const StopOnSignals&) = delete;

 private:
  StopSignals& signals_;
};

}  // namespace

Exit run(const UpCommand& command) {
  StopSignals signals;
  sidecar::Sidecar sidecar(options_of(command));  // whatever keeps it from starting is a refusal
  const StopOnSignals stop(signals, sidecar);
  try {
    print(ready_line(sidecar.serving(), command.common.json));
    sidecar.run();
    return Exit::done;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::store_failed) throw;
    say("restante: " + std::string(error.what()));
    // Fail-stop: nothing may touch the store again, not even destructors that mean well.
    std::_Exit(static_cast<int>(Exit::store_failed));
  }
}

}  // namespace restante::commands
