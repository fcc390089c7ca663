#include "sidecar/json_outcome.h"

#include <array>
#include <charconv>
#include <utility>

#include <nlohmann/json.hpp>

namespace restante::sidecar {
namespace {

using Json = nlohmann::ordered_json;
using State = core::Whereabouts::State;

constexpr std::string_view question = "outcome ";
constexpr std::array<std::pair<State, const char*>, 6> names{{{State::not_owned, "not wanted"},
                                                              {State::waiting, "waiting"},
                                                              {State::in_hand, "in hand"},
                                                              {State::tried, "to be tried again"},
                                                              {State::dying, "becoming a dead letter"},
                                                              {State::settled, "done"}}};

}  // namespace

std::string name_of(State state) {
  for (const auto& [known, name] : names) {
    if (known == state) return name;
  }
  return {};
}

std::string question_of(const MessagePlace& place) {
  return std::string(question) + place.stream + ' ' + std::to_string(place.sequence);
}

std::optional<MessagePlace> message_place_of(std::string_view text) {
  if (!text.starts_with(question)) return std::nullopt;
  text.remove_prefix(question.size());
  const std::size_t at = text.rfind(' ');
  if (at == text.npos) return std::nullopt;
  MessagePlace place{std::string(text.substr(0, at)), 0};
  const std::string_view digits = text.substr(at + 1);
  const auto [rest, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), place.sequence);
  const bool is_whole = fault == std::errc() && rest == digits.data() + digits.size();
  return is_whole ? std::optional(std::move(place)) : std::nullopt;
}

std::string to_json(const MessagePlace& place, const std::vector<core::Whereabouts>& all) {
  Json subscriptions = Json::array();
  for (const core::Whereabouts& one : all) {
    subscriptions.push_back({{"name", one.subscription},
                             {"state", name_of(one.state)},
                             {"attempts", one.attempts},
                             {"reason", one.reason},
                             {"may_be_parked", one.may_be_parked}});
  }
  const Json json{{"stream", place.stream}, {"sequence", place.sequence}, {"subscriptions", subscriptions}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<std::vector<core::Whereabouts>> whereabouts_from_json(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("sequence") || !json.value("subscriptions", Json()).is_array()) {
    return std::nullopt;
  }
  std::vector<core::Whereabouts> all;
  for (const Json& object : json["subscriptions"]) {
    if (!object.is_object()) return std::nullopt;
    core::Whereabouts one;
    const auto text_at = [&object](const char* key) {
      const auto at = object.find(key);
      return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
    };
    one.subscription = text_at("name");
    one.reason = text_at("reason");
    const std::string state = text_at("state");
    for (const auto& [known, name] : names) {
      if (state == name) one.state = known;
    }
    const auto attempts = object.find("attempts");
    if (attempts != object.end() && attempts->is_number_unsigned()) one.attempts = attempts->get<std::uint32_t>();
    const auto parked = object.find("may_be_parked");
    one.may_be_parked = parked != object.end() && parked->is_boolean() && parked->get<bool>();
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace restante::sidecar
