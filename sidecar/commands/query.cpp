#include "sidecar/commands/query.h"

#include <utility>
#include <variant>

#include <restante/error.h>

#include "core/messages.h"
#include "patterns/link/link.h"
#include "patterns/link/process.h"
#include "sidecar/commands/operator_link.h"
#include "sidecar/commands/values.h"
#include "sidecar/json.h"

namespace restante::commands {

std::string sidecar_endpoint(const Common& common) {
  std::string endpoint = common.sidecar;
  if (endpoint.empty()) endpoint = parse_endpoint("RESTANTE_SIDECAR", link::default_sidecar_endpoint());
  check_allowed(endpoint, common.insecure);
  return endpoint;
}

void check_allowed(const std::string& endpoint, bool insecure) {
  if (insecure || link::is_loopback(endpoint)) return;
  throw Error(ErrorCode::denied, "cannot use " + endpoint +
                                     ": it is not on this machine, and the link would not be encrypted; use a tunnel, "
                                     "or say --insecure if the network between is trusted");
}

std::string nobody_text(const std::string& endpoint, const std::string& option) {
  return "no sidecar at " + endpoint + ": start one with `restante up`, or name another with " + option;
}

namespace {

std::string report_of(OperatorLink& link, const std::string& what, Duration deadline) {
  const auto answer = link.ask(core::Query{0, what}, deadline);
  const auto* report = std::get_if<core::Report>(&answer.message);
  return report != nullptr ? report->json : std::string();
}

}  // namespace

std::string query_sidecar(const std::string& endpoint, const std::string& what, Duration deadline) {
  OperatorLink link(endpoint);
  return report_of(link, what, deadline);
}

std::string query_status(OperatorLink& link, Duration deadline) {
  std::string all = report_of(link, sidecar::question_of({}), deadline);
  while (const auto place = sidecar::rest_of_status(all)) {
    auto joined = sidecar::joined_status(all, report_of(link, sidecar::question_of(*place), deadline));
    if (!joined) break;  // a sidecar that cannot go on; what it left out stays counted
    all = std::move(*joined);
  }
  return all;
}

std::string query_status(const std::string& endpoint, Duration deadline) {
  OperatorLink link(endpoint);
  return query_status(link, deadline);
}

namespace {

template <typename Answer>
Answer ask_change(const std::string& endpoint, const core::ControlMessage& wish, const std::string& what,
                  const std::string& tells) {
  OperatorLink link(endpoint);
  return answer_of<Answer>(link.wish(wish, {}, what, tells));
}

}  // namespace

core::Removed ask_removal(const std::string& endpoint, const core::RemoveSubscription& wish) {
  return ask_change<core::Removed>(endpoint, wish, "remove it", "subscriptions list` tells whether it is still there");
}

core::WasReset ask_reset(const std::string& endpoint, const core::ResetSubscription& wish) {
  return ask_change<core::WasReset>(endpoint, wish, "reset it", "subscriptions show` tells where its cursor is");
}

core::StreamSet ask_set(const std::string& endpoint, const core::SetStream& wish) {
  return ask_change<core::StreamSet>(endpoint, wish, "set it", "streams` tells what is set");
}

core::SubscriptionSet ask_set(const std::string& endpoint, const core::SetSubscription& wish) {
  return ask_change<core::SubscriptionSet>(endpoint, wish, "set it", "subscriptions show` tells what is set");
}

core::NodeStatus read_status(const std::string& answer) {
  std::string why;
  if (auto status = sidecar::status_from_json(answer, why)) return *status;
  throw Error(ErrorCode::incompatible_version,
              "cannot read the sidecar's answer: " + why +
                  "; see it with --json, and whether `restante --version` says the same on both sides");
}

}  // namespace restante::commands
