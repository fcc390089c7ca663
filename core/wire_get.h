#pragma once
/// \file
/// What the two halves of the decoder share: values within their limits. For wire_decode*.cpp only; each throws
/// Refusal.

#include <array>
#include <string>
#include <vector>

#include <restante/limits.h>

#include "core/wire_messages.h"
#include "core/wire_segment.h"

namespace restante::core {

// What operators and sidecars say (wire_decode_operator.cpp).
Query get(wire::Query::Reader in);
RemoveSubscription get(wire::RemoveSubscription::Reader in);
Removed get(wire::Removed::Reader in);
ResetSubscription get(wire::ResetSubscription::Reader in);
WasReset get(wire::WasReset::Reader in);
SetStream get(wire::SetStream::Reader in);
StreamSet get(wire::StreamSet::Reader in);
SetSubscription get(wire::SetSubscription::Reader in);
SubscriptionSet get(wire::SubscriptionSet::Reader in);
DeadSelection get(wire::DeadSelection::Reader in);
ReadDead get(wire::ReadDead::Reader in);
DeadLetters get(wire::DeadLetters::Reader in);
ChangeDead get(wire::ChangeDead::Reader in);
DeadChanged get(wire::DeadChanged::Reader in);
Report get(wire::Report::Reader in);
DeadLetter get(wire::DeadLetter::Reader in);

inline std::string text(capnp::Text::Reader in, std::size_t size_max, const char* what) {
  if (in.size() > size_max) throw Refusal(std::string(what) + " is too long");
  return std::string(view_of(in));
}

inline Sequence sequence(std::uint64_t in) {
  if (in > limits::sequence_max) throw Refusal("a sequence is above sequence_max");
  return in;
}

inline Range range(std::uint64_t first, std::uint64_t last) {
  if (first > last) throw Refusal("a range ends before it begins");
  return {first, sequence(last)};
}

/// The enumerations of messages.h and of wire.capnp have the same numbers; one of a later version is not guessed at.
template <typename Out, typename In>
Out enumerant(In in, Out last) {
  if (static_cast<std::uint16_t>(in) > static_cast<std::uint16_t>(last)) throw Refusal("a choice is not known here");
  return static_cast<Out>(in);
}
inline StreamKind get(wire::StreamKind in) { return enumerant(in, StreamKind::live); }
inline StreamPattern get(wire::StreamPattern in) { return enumerant(in, StreamPattern::pubsub); }
inline SubscriptionMode get(wire::SubscriptionMode in) { return enumerant(in, SubscriptionMode::strict); }
inline OnLimit get(wire::OnLimit in) { return enumerant(in, OnLimit::refuse); }
inline Side get(wire::Side in) { return enumerant(in, Side::link); }
inline ErrorCode get(wire::ErrorCode in) { return enumerant(in, ErrorCode::store_failed); }
inline GrantRange get(wire::GrantRange::Reader in) { return {in.getGrant(), range(in.getFirst(), in.getLast())}; }

inline Nack get(wire::Nack::Reader in) {
  const std::int64_t delay_ms = in.getDelayMs();
  if (delay_ms < -1 || delay_ms > limits::wait_ms_max) throw Refusal("the delay of a nack is not allowed");
  return {in.getGrant(), sequence(in.getSequence()), delay_ms, in.getLeaseEnded()};
}

inline Reject get(wire::Reject::Reader in) {
  return {in.getGrant(), sequence(in.getSequence()), text(in.getReason(), limits::text_size_max, "a reason")};
}

inline Owed get(wire::Owed::Reader in) { return {range(in.getFirst(), in.getLast()), in.getAttempts()}; }

inline std::string subscription_name(capnp::Text::Reader in) {
  return text(in, limits::name_size_max, "the subscription's name");
}

inline Fate get(wire::Fate::Reader in) {
  constexpr std::array outcomes{Outcome::dead, Outcome::expired, Outcome::dropped};
  const auto kind = static_cast<std::size_t>(in.getKind());
  if (kind >= outcomes.size()) throw Refusal("a fate is of another version");
  return {range(in.getFirst(), in.getLast()), outcomes.at(kind)};
}

inline Retention get(wire::Retention::Reader in) {
  const std::int64_t age_ms = in.getAgeMs();
  if (age_ms < 0 || age_ms > limits::wait_ms_max) throw Refusal("the age of a retention is not allowed");
  return {age_ms, in.getMessages(), in.getOctets()};
}

inline BacklogLimit get(wire::BacklogLimit::Reader in) { return {in.getMessages(), in.getOctets(), get(in.getThen())}; }

inline RetryRule get(wire::RetryRule::Reader in) {
  const RetryRule rule{in.getInitialMs(), in.getFactorPercent(), in.getMaxMs(), in.getAttemptsMax()};
  const auto fits = [](std::int64_t value, std::int64_t least, std::int64_t most) {
    return value == -1 || (value >= least && value <= most);
  };
  if (!fits(rule.initial_ms, 0, limits::wait_ms_max) || !fits(rule.max_ms, 0, limits::wait_ms_max) ||
      !fits(rule.factor_percent, 100, limits::retry_factor_max) ||
      !fits(rule.attempts_max, 0, limits::attempts_set_max)) {
    throw Refusal("a rule for attempts is not allowed");
  }
  return rule;
}

inline Credit get(wire::Credit::Reader in) { return {in.getMessages(), in.getOctets()}; }

template <typename List>
void require_count(const List& list, std::size_t count_max, const char* what) {
  if (list.size() > count_max) throw Refusal(std::string("there are too many ") + what);
}

/// The count is checked before anything is reserved for it.
template <typename List>
auto get_list(const List& list, std::size_t count_max, const char* what) {
  require_count(list, count_max, what);
  std::vector<decltype(get(list[0]))> items;
  items.reserve(list.size());
  for (const auto& item : list) items.push_back(get(item));
  return items;
}

template <typename List>
auto get_grants(const List& list) {
  return get_list(list, limits::grants_max, "grants");
}

template <typename List>
auto get_ranges(const List& list) {
  return get_list(list, limits::ranges_max, "ranges");
}

inline std::vector<std::string> get_texts(capnp::List<capnp::Text>::Reader list, std::size_t count_max,
                                          std::size_t size_max, const char* what) {
  require_count(list, count_max, what);
  std::vector<std::string> texts;
  texts.reserve(list.size());
  for (const auto& item : list) texts.push_back(text(item, size_max, what));
  return texts;
}

inline std::string stream_name(capnp::Text::Reader in) { return text(in, limits::name_size_max, "the stream's name"); }
inline std::string explanation(capnp::Text::Reader in) { return text(in, limits::text_size_max, "the explanation"); }

}  // namespace restante::core
