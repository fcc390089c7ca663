#pragma once
/// \file
/// Asking a running sidecar about itself, over a control link of its own.

#include <string>

#include <restante/types.h>

#include "core/messages.h"
#include "core/status.h"
#include "sidecar/commands/command.h"
#include "sidecar/commands/operator_link.h"

namespace restante::commands {

/// The endpoint that was given, or the one that a service would use. Throws UsageError if RESTANTE_SIDECAR is none, and
/// Error(denied) as check_allowed().
std::string sidecar_endpoint(const Common& common);

/// Throws Error(denied) if `endpoint` is not on this machine and nobody said --insecure.
void check_allowed(const std::string& endpoint, bool insecure);

/// The text of NobodyThere for `endpoint`, which `option` names: what is missing and what starts it.
std::string nobody_text(const std::string& endpoint, const std::string& option = "--sidecar");

/// The sidecar's answer to `what`, as it came. Throws NobodyThere after `deadline`, and Error if the sidecar refuses.
std::string query_sidecar(const std::string& endpoint, const std::string& what, Duration deadline = query_deadline);

/// All that the sidecar says of itself, put together of as many answers as it takes. Throws as query_sidecar(), of
/// which each has `deadline`.
std::string query_status(const std::string& endpoint, Duration deadline = query_deadline);
std::string query_status(OperatorLink& link, Duration deadline = query_deadline);

/// The sidecar's answer to the wish. Throws as query_sidecar(), and Error(retry_later) if it was asked and did not
/// answer.
core::Removed ask_removal(const std::string& endpoint, const core::RemoveSubscription& wish);

/// Likewise.
core::WasReset ask_reset(const std::string& endpoint, const core::ResetSubscription& wish);
core::StreamSet ask_set(const std::string& endpoint, const core::SetStream& wish);
core::SubscriptionSet ask_set(const std::string& endpoint, const core::SetSubscription& wish);

/// What an answer to "status" says. Throws Error(incompatible_version) if it cannot be read.
core::NodeStatus read_status(const std::string& answer);

}  // namespace restante::commands
