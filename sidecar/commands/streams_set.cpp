// restante streams set, restante subscriptions set.

#include "sidecar/commands/command.h"
#include "sidecar/commands/query.h"
#include "sidecar/commands/report.h"
#include "sidecar/commands/terminal.h"
#include "sidecar/json.h"

namespace restante::commands {

Exit run(const StreamsSetCommand& command) {
  const core::StreamSet told =
      ask_set(sidecar_endpoint(command.common), core::SetStream{1, command.stream, command.retention, command.expiry});
  if (command.common.json) print(sidecar::to_json(told, command.stream) + "\n");
  if (!told.refusal.empty()) {
    say("restante: cannot set it: " + told.refusal);
    return Exit::refused;
  }
  if (!command.common.json) {
    print("stream " + command.stream + " keeps " + retention_text(told.retention) + " of what is done; " +
          expiry_text(told.expiry) + "\n");
  }
  return Exit::done;
}

Exit run(const SubscriptionsSetCommand& command) {
  const core::SubscriptionSet told =
      ask_set(sidecar_endpoint(command.common),
              core::SetSubscription{1, command.stream, command.name, command.retry, command.limit});
  if (command.common.json) print(sidecar::to_json(told, command.stream, command.name) + "\n");
  if (!told.refusal.empty()) {
    say("restante: cannot set it: " + told.refusal);
    return Exit::refused;
  }
  if (!command.common.json) {
    print("subscription " + command.name + " of stream " + command.stream + ": " + retry_text(told.retry) + "; limit " +
          limit_text(told.limit) + "\n");
  }
  return Exit::done;
}

}  // namespace restante::commands
