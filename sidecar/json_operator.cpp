// The answers to what operators change.

#include <nlohmann/json.hpp>

#include "sidecar/json.h"

namespace restante::sidecar {

namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json json_of(const core::Retention& retention) {
  return {{"age_ms", retention.age_ms}, {"messages", retention.messages}, {"octets", retention.octets}};
}

}  // namespace

std::string to_json(const core::Removed& removed, const std::string& stream, const std::string& name) {
  return text_of({{"stream", stream},
                  {"subscription", name},
                  {"removed", removed.done},
                  {"refusal", removed.refusal},
                  {"messages", removed.messages},
                  {"octets", removed.octets},
                  {"freed_messages", removed.freed_messages},
                  {"freed_octets", removed.freed_octets},
                  {"sessions", removed.sessions}});
}

std::string to_json(const core::WasReset& told, const std::string& stream, const std::string& name) {
  return text_of({{"stream", stream},
                  {"subscription", name},
                  {"reset", told.done},
                  {"refusal", told.refusal},
                  {"first", told.from + 1},
                  {"gone_to", told.gone_to},
                  {"messages", told.messages},
                  {"octets", told.octets},
                  {"sessions", told.sessions}});
}

std::string to_json(const core::StreamSet& told, const std::string& stream) {
  return text_of({{"stream", stream},
                  {"refusal", told.refusal},
                  {"retention", json_of(told.retention)},
                  {"expire_after_ms", told.expiry.after_ms},
                  {"expired_dead", told.expiry.dead}});
}

std::string to_json(const core::SubscriptionSet& told, const std::string& stream, const std::string& name) {
  return text_of({{"stream", stream},
                  {"subscription", name},
                  {"refusal", told.refusal},
                  {"retry",
                   {{"initial_ms", told.retry.initial_ms},
                    {"factor_percent", told.retry.factor_percent},
                    {"max_ms", told.retry.max_ms},
                    {"attempts_max", told.retry.attempts_max}}},
                  {"max_messages", told.limit.messages},
                  {"max_octets", told.limit.octets},
                  {"on_limit", told.limit.then == OnLimit::refuse ? "refuse" : "cut"}});
}

}  // namespace restante::sidecar
