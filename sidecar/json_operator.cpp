// The answers to what operators change, and the subscriptions in a status.

#include <nlohmann/json.hpp>

#include "sidecar/json.h"

namespace restante::sidecar {

namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json json_of(const core::Retention& retention) {
  return {{"age_ms", retention.age_ms}, {"messages", retention.messages}, {"octets", retention.octets}};
}

Json subscriptions_of(std::string_view status_text, std::string_view stream) {
  Json all = Json::array();
  const Json json = Json::parse(status_text, nullptr, false);
  if (!json.is_object()) return all;
  for (const Json& object : json.value("streams", Json::array())) {
    if (!object.is_object() || (!stream.empty() && object.value("name", Json()) != stream)) continue;
    for (const Json& subscription : object.value("subscriptions", Json::array())) {
      Json one{{"stream", object.value("name", Json())}};
      if (subscription.is_object()) one.update(subscription);
      all.push_back(std::move(one));
    }
  }
  return all;
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
                  {"expired_dead", told.expiry.dead},
                  {"max_messages", told.limit.messages},
                  {"max_octets", told.limit.octets},
                  {"on_limit", told.limit.then == OnLimit::refuse ? "refuse" : "drop_oldest"},
                  {"drain_messages", told.drain.messages},
                  {"drain_octets", told.drain.octets},
                  {"priority", told.priority}});
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

std::string subscriptions_json(std::string_view status_text, std::string_view stream) {
  return text_of(subscriptions_of(status_text, stream));
}

std::optional<std::string> subscription_json(std::string_view status_text, std::string_view stream,
                                             std::string_view name) {
  for (const Json& object : subscriptions_of(status_text, stream)) {
    if (object.contains("name") && object["name"] == name) return text_of(object);
  }
  return std::nullopt;
}

}  // namespace restante::sidecar
