#pragma once
/// \file
/// Control messages with every field set, and their comparison field by field.

#include <string>
#include <tuple>
#include <vector>

#include "core/messages.h"

namespace restante::core::samples {

/// Counts the members of an aggregate, so that a message with a new field is compared with it at once.
struct Anything {
  template <typename Value>
  operator Value() const;  // NOLINT: implicit on purpose, never called
};
template <typename Message, typename... Fields>
constexpr std::size_t field_count() {
  if constexpr (requires { Message{Fields{}..., Anything{}}; }) {
    return field_count<Message, Fields..., Anything>();
  } else {
    return sizeof...(Fields);
  }
}

template <typename Message>
auto fields(const Message& m) {
  constexpr std::size_t count = field_count<Message>();
  if constexpr (count == 0) {
    return std::tuple<>();
  } else if constexpr (count == 1) {
    const auto& [a] = m;
    return std::tie(a);
  } else if constexpr (count == 2) {
    const auto& [a, b] = m;
    return std::tie(a, b);
  } else if constexpr (count == 3) {
    const auto& [a, b, c] = m;
    return std::tie(a, b, c);
  } else if constexpr (count == 4) {
    const auto& [a, b, c, d] = m;
    return std::tie(a, b, c, d);
  } else if constexpr (count == 5) {
    const auto& [a, b, c, d, e] = m;
    return std::tie(a, b, c, d, e);
  } else if constexpr (count == 6) {
    const auto& [a, b, c, d, e, f] = m;
    return std::tie(a, b, c, d, e, f);
  } else if constexpr (count == 7) {
    const auto& [a, b, c, d, e, f, g] = m;
    return std::tie(a, b, c, d, e, f, g);
  } else if constexpr (count == 8) {
    const auto& [a, b, c, d, e, f, g, h] = m;
    return std::tie(a, b, c, d, e, f, g, h);
  } else if constexpr (count == 9) {
    const auto& [a, b, c, d, e, f, g, h, i] = m;
    return std::tie(a, b, c, d, e, f, g, h, i);
  } else if constexpr (count == 10) {
    const auto& [a, b, c, d, e, f, g, h, i, j] = m;
    return std::tie(a, b, c, d, e, f, g, h, i, j);
  } else if constexpr (count == 11) {
    const auto& [a, b, c, d, e, f, g, h, i, j, k] = m;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k);
  } else {
    static_assert(count == 17);
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, n, o, p, q, r] = m;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, n, o, p, q, r);
  }
}

inline bool equal(const ControlMessage& left, const ControlMessage& right) {
  if (left.index() != right.index()) return false;
  return std::visit(
      [&right](const auto& value) {
        using Message = std::decay_t<decltype(value)>;
        return fields(value) == fields(std::get<Message>(right));
      },
      left);
}

inline std::vector<Grant> grants() { return {{901, {1, 1024}}, {902, {1025, 2048}}}; }

/// What a library says, every field different from its default and from its neighbours.
inline std::vector<ControlMessage> all_words() {
  return {
      Heartbeat{},
      Hello{3, 4, "warehouse", "host/boot/namespace", 5, 6, 7, 8},
      Bye{},
      OpenWriter{11,
                 "orders",
                 StreamKind::live,
                 true,
                 grants(),
                 12,
                 13,
                 StreamPattern::pubsub,
                 {"tcp://*:5556"},
                 {1111, 1112, 1113}},
      RequestGrant{14},
      CloseWriter{15},
      Subscribe{21,
                "orders",
                "billing",
                SubscriptionMode::exclusive,
                {"a/+", "b/#"},
                "beginning",
                22,
                {"tcp://*:5555", "ipc:///run/x"},
                "host/boot",
                {23, 24},
                grants(),
                {{25, {26, 27}}},
                true,
                28,
                29,
                {29, 30, OnLimit::refuse},
                {31, 132, 33, 34}},
      Settle{31,
             {{32, {33, 34}}, {32, {36, 40}}},
             {{35, 36, 37, true}, {35, 38, -1, false}},
             {{39, 40, "poison"}},
             {{41, {42, 43}}},
             {{44, {45, 46}}},
             {47, 48},
             {49, 50}},
      CatchUp{51, 52},
      Unsubscribe{53},
      Query{54, "status"},
  };
}

/// What a sidecar says.
inline std::vector<ControlMessage> all_answers() {
  return {
      Welcome{61, 62, "edge-7", Incarnation{63, 64}},
      Unknown{},
      Refused{Side::session, 71, ErrorCode::denied, "the text"},
      Granted{72, {73, {74, 75}}, true, 76, 77},
      Attached{78, 79, 80},
      Confirmed{81, 82, 83, 84, "the disk"},
      Resend{85, 86},
      Fenced{87, "another writer has it"},
      LiveTarget{88, 89, "tcp://10.0.0.1:7000", 90, 91, true, {"a/#", "b"}},
      Subscribed{92, 93, SubscriptionMode::exclusive, 94, 95, grants(), 96, 97, 98, 99},
      Grants{97, grants()},
      Redelivery{98, 99, {{{100, 101}, 2}, {{105, 105}, 0}}, 105, true},
      Checkpoint{102, 103, 101, 104},
      TakenOver{104, "a newer session has it", 105},
      Report{105, "{\"node\":\"edge-7\"}"},
      LiveSource{106, "ipc:///run/y"},
      RemoveSubscription{107, "orders", "billing", true, true},
      Removed{108, true, "it is not there", 109, 110, 111, 112, 113},
      Missed{114, 115, {116, 117}, "the limit", 118},
      ResetSubscription{114, "orders", "billing", "@115", true, true},
      WasReset{116, true, "it is not there", 117, 118, 119, 120, 121},
      SetStream{122, "orders", Retention{123, 124, 125}, Expiry{126, true}},
      StreamSet{126, "it is live only", {127, 128, 129}, {130, true}},
      Published{114, 115, 119, {{116, {117, 118}}}},
      ReadDead{130, {"orders", "workers", {131, 132}}, 133, 134, 135, true},
      DeadLetters{136,
                  "not now",
                  {{137, "workers", 138, 139, 140, 141, 142, 143, "no such item", "a/b", "144\tit\tfailed\n"}},
                  true},
      ChangeDead{145, DeadAction::edit, {"orders", "#3", {146}}},
      DeadChanged{147, "removed", 148, 149},
      SetSubscription{150, "orders", "workers", RetryRule{151, 152, 153, 154}, BacklogLimit{155, 156, OnLimit::refuse}},
      SubscriptionSet{157, "no", {158, 159, 160, 161}, {162, 163, OnLimit::refuse}},
  };
}

/// One of each kind, in the order of ControlMessage.
inline std::vector<ControlMessage> all() {
  std::vector<ControlMessage> messages = all_words();
  for (ControlMessage& answer : all_answers()) messages.push_back(std::move(answer));
  return messages;
}

/// The same kinds with their default values.
inline std::vector<ControlMessage> all_default() {
  std::vector<ControlMessage> messages;
  for (const ControlMessage& sample : all()) {
    std::visit([&messages](const auto& value) { messages.emplace_back(std::decay_t<decltype(value)>{}); }, sample);
  }
  return messages;
}

}  // namespace restante::core::samples
