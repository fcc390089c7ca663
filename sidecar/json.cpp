#include "sidecar/json.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

#include "sidecar/store/row_names.h"
#include "sidecar/text.h"

namespace restante::sidecar {

namespace {

using Json = nlohmann::ordered_json;

/// One line; octets that are no UTF-8 (a name from a hostile peer) are replaced, never thrown about.
std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::int64_t ms_of(Duration wait) { return std::chrono::duration_cast<std::chrono::milliseconds>(wait).count(); }

Json subscription_object(const core::SubscriptionStatus& subscription) {
  return {{"name", subscription.name},
          {"mode", name_of(subscription.mode)},
          {"live", subscription.live},
          {"why", subscription.why},
          {"floor", subscription.floor},
          {"backlog_messages", subscription.backlog_messages},
          {"backlog_octets", subscription.backlog_octets},
          {"oldest_age_ms", subscription.oldest_age_ms},
          {"in_flight", subscription.in_flight},
          {"sessions", subscription.sessions},
          {"loose", subscription.loose},
          {"parked", subscription.parked},
          {"dead", subscription.dead},
          {"acked", subscription.acked},
          {"redelivered", subscription.redelivered},
          {"attempts", subscription.attempts},
          {"max_messages", subscription.limit.messages},
          {"max_octets", subscription.limit.octets},
          {"on_limit", subscription.limit.then == OnLimit::refuse ? "refuse" : "cut"},
          {"attempts_max", subscription.retry.attempts_max},
          {"retry_initial_ms", ms_of(subscription.retry.initial)},
          {"retry_max_ms", ms_of(subscription.retry.max)},
          {"retry_factor", subscription.retry.factor},
          {"expired", subscription.expired},
          {"cut", subscription.cut},
          {"gaps", subscription.gaps}};
}

Json json_of(const core::Retention& retention) {
  return {{"age_ms", retention.age_ms}, {"messages", retention.messages}, {"octets", retention.octets}};
}

/// Without its subscriptions.
Json stream_object(const core::StreamStatus& stream) {
  return {{"name", stream.name},
          {"kind", stream.kind == core::StreamKind::kept ? "kept" : "live"},
          {"head", stream.head},
          {"confirmed_to", stream.confirmed_to},
          {"rows", stream.rows},
          {"row_octets", stream.row_octets},
          {"copied", stream.copied},
          {"stored", stream.stored},
          {"elided", stream.elided},
          {"writer", stream.writer},
          {"retention", json_of(stream.retention)},
          {"expire_after_ms", stream.expiry.after_ms},
          {"expired_dead", stream.expiry.dead},
          {"max_messages", stream.limit.messages},
          {"max_octets", stream.limit.octets},
          {"on_limit", stream.limit.then == OnLimit::refuse ? "refuse" : "drop_oldest"},
          {"drain_messages", stream.drain.messages},
          {"drain_octets", stream.drain.octets},
          {"priority", stream.priority},
          {"kept_messages", stream.kept_messages},
          {"kept_octets", stream.kept_octets},
          {"listeners", stream.listeners}};
}

/// `stream` without its first `skip` subscriptions, at most `size_max` octets; empty if not even one of them fits, or
/// itself if there is none. What does not fit is counted in it and in `left_out`.
std::string stream_text(const core::StreamStatus& stream, std::size_t skip, std::size_t size_max,
                        std::size_t& left_out) {
  constexpr std::size_t ending_size_max = 64;
  std::string text = text_of(stream_object(stream));
  text.pop_back();
  text += ",\"subscriptions\":[";
  const std::size_t first = std::min(skip, stream.subscriptions.size());
  std::size_t next = first;
  for (; next < stream.subscriptions.size(); ++next) {
    const std::string object = text_of(subscription_object(stream.subscriptions[next]));
    if (text.size() + object.size() + ending_size_max > size_max) break;
    if (next > first) text += ',';
    text += object;
  }
  left_out = stream.subscriptions.size() - next;
  text += "],\"subscriptions_left_out\":" + std::to_string(left_out) + "}";
  const bool is_empty = next == first && left_out > 0;
  return is_empty || text.size() > size_max ? std::string() : text;
}

Json node_object(const core::NodeStatus& status) {
  Json counters = Json::object();
  for (const auto& [name, count] : status.counters) counters[name] = count;
  std::uint64_t stored = 0, elided = 0;
  for (const core::StreamStatus& stream : status.streams) {
    stored += stream.stored;
    elided += stream.elided;
  }
  const double all = static_cast<double>(stored + elided);
  return {{"node", status.node},
          {"incarnation", to_hex(status.incarnation[0]) + to_hex(status.incarnation[1])},
          {"links", status.links},
          {"store",
           {{"used", status.store.used},
            {"quota", status.store.quota},
            {"octets_written", status.store.octets_written},
            {"full", status.store.full}}},
          {"commits", status.commits},
          {"stored_octets", status.stored_octets},
          {"stored", stored},
          {"elided", elided},
          {"elided_share", all > 0 ? static_cast<double>(elided) / all : 0.0},
          {"counters", std::move(counters)}};
}

/// Throws Json::exception if `value` is of another kind. The library itself would turn any number into any other, also
/// where C++ leaves open what becomes of it.
template <typename Target>
Target value_of(const Json& value) {
  if constexpr (std::is_unsigned_v<Target> && !std::is_same_v<Target, bool>) {
    return static_cast<Target>(value.get_ref<const Json::number_unsigned_t&>());
  } else if constexpr (std::is_integral_v<Target> && !std::is_same_v<Target, bool>) {
    return static_cast<Target>(value.get_ref<const Json::number_integer_t&>());
  } else {
    return value.get<Target>();
  }
}

/// Sets `target` to the value of `key` if there is one. Throws Json::exception if that or `object` is of another kind.
template <typename Target>
void read(const Json& object, const char* key, Target& target) {
  const auto& members = object.get_ref<const Json::object_t&>();
  if (const auto found = members.find(key); found != members.end()) target = value_of<Target>(found->second);
}

core::SubscriptionStatus subscription_of(const Json& object) {
  core::SubscriptionStatus subscription;
  std::string mode, on_limit;
  read(object, "mode", mode);
  subscription.mode = subscription_mode_of(mode).value_or(core::SubscriptionMode::shared);
  read(object, "name", subscription.name);
  read(object, "live", subscription.live);
  read(object, "why", subscription.why);
  read(object, "floor", subscription.floor);
  read(object, "backlog_messages", subscription.backlog_messages);
  read(object, "backlog_octets", subscription.backlog_octets);
  read(object, "oldest_age_ms", subscription.oldest_age_ms);
  read(object, "in_flight", subscription.in_flight);
  read(object, "sessions", subscription.sessions);
  read(object, "loose", subscription.loose);
  read(object, "parked", subscription.parked);
  read(object, "dead", subscription.dead);
  read(object, "acked", subscription.acked);
  read(object, "redelivered", subscription.redelivered);
  read(object, "attempts", subscription.attempts);
  read(object, "max_messages", subscription.limit.messages);
  read(object, "max_octets", subscription.limit.octets);
  read(object, "on_limit", on_limit);
  subscription.limit.then = on_limit == "refuse" ? OnLimit::refuse : OnLimit::cut;
  std::int64_t initial_ms = 0, max_ms = 0;
  read(object, "attempts_max", subscription.retry.attempts_max);
  read(object, "retry_initial_ms", initial_ms);
  read(object, "retry_max_ms", max_ms);
  read(object, "retry_factor", subscription.retry.factor);
  subscription.retry.initial = std::chrono::milliseconds(std::clamp<std::int64_t>(initial_ms, 0, limits::wait_ms_max));
  subscription.retry.max = std::chrono::milliseconds(std::clamp<std::int64_t>(max_ms, 0, limits::wait_ms_max));
  read(object, "expired", subscription.expired);
  read(object, "cut", subscription.cut);
  read(object, "gaps", subscription.gaps);
  return subscription;
}

core::StreamStatus stream_of(const Json& object) {
  core::StreamStatus stream;
  std::string kind;
  read(object, "kind", kind);
  stream.kind = kind == "live" ? core::StreamKind::live : core::StreamKind::kept;
  read(object, "name", stream.name);
  read(object, "head", stream.head);
  read(object, "confirmed_to", stream.confirmed_to);
  read(object, "rows", stream.rows);
  read(object, "row_octets", stream.row_octets);
  read(object, "copied", stream.copied);
  read(object, "stored", stream.stored);
  read(object, "elided", stream.elided);
  read(object, "writer", stream.writer);
  const Json retention = object.value("retention", Json::object());
  read(retention, "age_ms", stream.retention.age_ms);
  read(retention, "messages", stream.retention.messages);
  read(retention, "octets", stream.retention.octets);
  read(object, "expire_after_ms", stream.expiry.after_ms);
  read(object, "expired_dead", stream.expiry.dead);
  read(object, "max_messages", stream.limit.messages);
  read(object, "max_octets", stream.limit.octets);
  std::string on_limit;
  read(object, "on_limit", on_limit);
  stream.limit.then = on_limit == "refuse" ? OnLimit::refuse : OnLimit::cut;
  read(object, "drain_messages", stream.drain.messages);
  read(object, "drain_octets", stream.drain.octets);
  read(object, "priority", stream.priority);
  read(object, "kept_messages", stream.kept_messages);
  read(object, "kept_octets", stream.kept_octets);
  read(object, "listeners", stream.listeners);
  for (const Json& subscription : object.value("subscriptions", Json::array())) {
    stream.subscriptions.push_back(subscription_of(subscription));
  }
  return stream;
}

core::Incarnation incarnation_of(const std::string& text) {
  core::Incarnation incarnation{};
  constexpr std::size_t digits = 16;
  if (text.size() != 2 * digits) return incarnation;
  for (std::size_t half = 0; half < 2; ++half) {
    const char* first = text.data() + half * digits;
    std::from_chars(first, first + digits, incarnation[half], 16);
  }
  return incarnation;
}

core::NodeStatus node_of(const Json& object) {
  core::NodeStatus status;
  std::string incarnation;
  read(object, "node", status.node);
  read(object, "incarnation", incarnation);
  status.incarnation = incarnation_of(incarnation);
  read(object, "links", status.links);
  const Json store = object.value("store", Json::object());
  read(store, "used", status.store.used);
  read(store, "quota", status.store.quota);
  read(store, "octets_written", status.store.octets_written);
  read(store, "full", status.store.full);
  read(object, "commits", status.commits);
  read(object, "stored_octets", status.stored_octets);
  const Json counters = object.value("counters", Json::object());
  for (const auto& [name, count] : counters.items()) status.counters.emplace_back(name, value_of<std::uint64_t>(count));
  for (const Json& stream : object.value("streams", Json::array())) status.streams.push_back(stream_of(stream));
  return status;
}

}  // namespace

std::string question_of(const StatusPlace& place) {
  return place.stream.empty() ? "status" : "status " + place.stream + ' ' + std::to_string(place.skip);
}

StatusPlace place_of(std::string_view question) {
  StatusPlace place;
  const std::size_t name = question.find(' ');
  const std::size_t count = question.rfind(' ');
  if (name == question.npos || count == name) return place;
  const std::string_view digits = question.substr(count + 1);
  std::from_chars(digits.data(), digits.data() + digits.size(), place.skip);
  place.stream = question.substr(name + 1, count - name - 1);
  return place;
}

std::string to_json(const core::NodeStatus& status, std::size_t size_max, const StatusPlace& from) {
  // All is put in as text piece by piece, so that the size is known before the next one goes in.
  constexpr std::size_t ending_size_max = 64;
  std::string text = text_of(node_object(status));
  text.pop_back();
  text += ",\"streams\":[";
  const auto begin = std::find_if(status.streams.begin(), status.streams.end(), [&](const core::StreamStatus& stream) {
    return from.stream.empty() || stream.name == from.stream;
  });
  auto next = begin;
  for (std::size_t left_out = 0; next != status.streams.end() && left_out == 0; ++next) {
    const std::size_t room = size_max - std::min(size_max, text.size() + ending_size_max);
    const std::string object = stream_text(*next, next == begin ? from.skip : 0, room, left_out);
    if (object.empty()) break;
    if (next != begin) text += ',';
    text += object;
  }
  return text + "],\"streams_left_out\":" + std::to_string(status.streams.end() - next) + "}";
}

std::optional<StatusPlace> rest_of_status(std::string_view status_text) {
  const Json json = Json::parse(status_text, nullptr, false);
  if (!json.is_object() || !json.contains("streams") || json["streams"].empty()) return std::nullopt;
  const Json& last = json["streams"].back();
  if (!last.is_object() || !last.contains("name") || !last["name"].is_string()) return std::nullopt;
  if (json.value("streams_left_out", Json()) == 0 && last.value("subscriptions_left_out", Json(0)) == 0) {
    return std::nullopt;
  }
  return StatusPlace{last["name"].get<std::string>(), last.value("subscriptions", Json::array()).size()};
}

std::optional<std::string> joined_status(std::string_view text, std::string_view more) {
  const auto place = rest_of_status(text);
  Json all = Json::parse(text, nullptr, false);
  Json rest = Json::parse(more, nullptr, false);
  if (!place || !rest.is_object() || !rest.contains("streams") || rest["streams"].empty()) return std::nullopt;
  Json& streams = rest["streams"];
  const Json& first = streams.front();
  if (!first.is_object() || first.value("name", Json()) != place->stream) return std::nullopt;
  const Json subscriptions = first.value("subscriptions", Json::array());
  if (subscriptions.empty() && streams.size() == 1) return std::nullopt;  // it would not end
  Json& last = all["streams"].back();
  for (const Json& subscription : subscriptions) last["subscriptions"].push_back(subscription);
  last["subscriptions_left_out"] = first.value("subscriptions_left_out", Json(0));
  for (std::size_t at = 1; at < streams.size(); ++at) all["streams"].push_back(std::move(streams[at]));
  all["streams_left_out"] = rest.value("streams_left_out", Json(0));
  return text_of(all);
}

std::optional<core::NodeStatus> status_from_json(std::string_view text, std::string& why) {
  try {
    const Json json = Json::parse(text);
    if (json.is_object()) return node_of(json);
    why = "it is JSON, but not an object";
  } catch (const Json::exception& error) {
    why = error.what();
  }
  return std::nullopt;
}

std::optional<std::string> stream_json(std::string_view status_text, std::string_view stream) {
  const Json json = Json::parse(status_text, nullptr, false);
  if (!json.is_object() || !json.contains("streams") || !json["streams"].is_array()) return std::nullopt;
  for (const Json& object : json["streams"]) {
    if (object.is_object() && object.contains("name") && object["name"] == stream) return text_of(object);
  }
  return std::nullopt;
}

bool any_link_was_up(std::string_view node_status) {
  const Json json = Json::parse(node_status, nullptr, false);
  if (!json.is_object() || !json.contains("links") || !json["links"].is_array()) return false;
  const Json& links = json["links"];
  return std::any_of(links.begin(), links.end(), [](const Json& link) {
    return link.is_object() && link.contains("times_up") && link["times_up"] > 0;
  });
}

std::string to_json(const MessageText& message) {
  Json json{{"node", message.node},           {"stream", message.stream},   {"sequence", message.sequence},
            {"grant", to_hex(message.grant)}, {"attempt", message.attempt}, {"marker", message.marker},
            {"topic", message.topic}};
  if (is_utf8(message.payload)) {
    json["payload"] = message.payload;
  } else {
    json["payload_base64"] = to_base64(message.payload);
  }
  return text_of(json);
}

std::string to_json(const GapText& gap) {
  return text_of(
      {{"gap",
        {{"node", gap.node}, {"stream", gap.stream}, {"from", gap.from}, {"to", gap.to}, {"reason", gap.reason}}}});
}

std::string to_json(const SendTally& tally) {
  return text_of({{"accepted", tally.accepted},
                  {"confirmed", tally.confirmed},
                  {"unconfirmed", tally.unconfirmed},
                  {"empty", tally.empty}});
}

std::string to_json(const ReadyText& ready) {
  return text_of({{"node", ready.node}, {"store", ready.store}, {"ipc", ready.ipc}, {"listen", ready.listen}});
}

}  // namespace restante::sidecar
