#include "sidecar/json_dead.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "core/attempt_history.h"
#include "sidecar/text.h"

namespace restante::sidecar {

namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json object_of(const Letter& letter) {
  const core::DeadLetter& told = letter.told;
  return {{"id", letter.id()},
          {"node", letter.node},
          {"stream", letter.stream},
          {"subscription", told.subscription},
          {"sequence", told.sequence},
          {"grant", to_hex(told.grant)},
          {"attempts", told.attempts},
          {"sent", time_text(told.source_time_us / 1000)},
          {"buried", time_text(told.buried_ms)},
          {"octets", told.octets},
          {"topic", told.topic},
          {"reason", told.reason}};
}

Json json_of(const core::AttributeValues& values) {
  Json headers = Json::array();
  for (const auto& [name, value] : values.headers) headers.push_back({{"name", name}, {"value", value}});
  return {{"content_type", values.content_type},
          {"correlation_id", values.correlation_id},
          {"traceparent", values.traceparent},
          {"key", values.key},
          {"marker", values.marker},
          {"headers", std::move(headers)}};
}

}  // namespace

std::string Letter::id() const { return stream + '/' + told.subscription + '/' + std::to_string(told.sequence); }

std::string Letter::message_id() const {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), told.grant, 16).ptr;
  return node + '/' + stream + '/' + std::string(digits.data(), end) + '/' + std::to_string(told.sequence);
}

std::string to_json(const Letter& letter) { return text_of(object_of(letter)); }

std::string to_json(const WholeLetter& whole, WholeForm form) {
  Json object = object_of(whole.letter);
  Json history = Json::array();
  for (const core::AttemptLine& line : core::attempts_of(whole.letter.told.history)) {
    history.push_back({{"at", time_text(line.at_ms)}, {"who", line.who}, {"why", line.why}});
  }
  object["history"] = std::move(history);
  object["attributes"] = whole.attributes ? json_of(*whole.attributes) : Json();
  // Whatever is in a header: what is exported can be made again octet for octet.
  if (form != WholeForm::shown) object["attributes_base64"] = to_base64(whole.encoded_attributes);
  if (form == WholeForm::shown && is_utf8(whole.payload)) {
    object["payload"] = whole.payload;
  } else if (form != WholeForm::beside) {
    object["payload_base64"] = to_base64(whole.payload);
  }
  return text_of(object);
}

std::string to_json(const LettersTally& tally, const std::string& action) {
  return text_of({{"action", action},
                  {"chosen", tally.chosen},
                  {"letters", tally.letters},
                  {"octets", tally.octets},
                  {"refusal", tally.refusal}});
}

std::string to_json(const core::DeadChanged& told, const std::string& id, const std::string& edited_from) {
  return text_of({{"id", id}, {"edited", told.letters > 0}, {"refusal", told.refusal}, {"edited_from", edited_from}});
}

}  // namespace restante::sidecar
