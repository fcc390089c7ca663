#pragma once
/// \file
/// An inbox under test, with the sidecar's and the producer's part said by hand.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/inbox.h"

/// A plain check for loops, because Catch's costs more than what is checked there; say the seed with INFO.
#define EXPECT(expression)                \
  do {                                    \
    if (!(expression)) FAIL(#expression); \
  } while (false)

namespace restante::core {

using namespace std::chrono_literals;

inline std::shared_ptr<const Batch> batch_of(GrantId grant, Range range, Sequence prev = 0,
                                             const std::string& topic = {}, std::size_t payload_size = 0) {
  BatchBuilder builder("s", topic);
  for (Sequence sequence = range.first; sequence <= range.last; ++sequence) {
    std::string payload = std::to_string(sequence);
    payload.resize(std::max(payload.size(), payload_size), '.');
    builder.append(payload);
  }
  BatchHeader header;
  header.grant = grant;
  header.first = range.first;
  header.last = range.last;
  header.prev = prev;
  header.before = range.first - 1;
  std::string why;
  auto batch = Batch::parse(builder.seal(header), why);
  REQUIRE(batch);
  return std::make_shared<const Batch>(std::move(*batch));
}

/// All Settle messages of `effects` as one.
inline Settle settle_in(const std::vector<ControlMessage>& effects) {
  Settle all;
  const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  for (const ControlMessage& effect : effects) {
    const auto* settle = std::get_if<Settle>(&effect);
    if (settle == nullptr) continue;
    append(all.acks, settle->acks);
    append(all.nacks, settle->nacks);
    append(all.rejects, settle->rejects);
    append(all.released, settle->released);
    append(all.received, settle->received);
    append(all.missed, settle->missed);
    all.token = settle->token;
    all.credit = settle->credit;
  }
  return all;
}

template <typename Message>
std::optional<Message> find(const std::vector<ControlMessage>& effects) {
  for (const ControlMessage& effect : effects) {
    if (const auto* message = std::get_if<Message>(&effect)) return *message;
  }
  return std::nullopt;
}

class InboxBench {
 public:
  static constexpr GrantId grant = 0x77;
  using Verdict = Inbox::Verdict;

  explicit InboxBench(SubscriptionMode mode = SubscriptionMode::shared) : inbox(options_of(mode), now) {}

  static Inbox::Options options_of(SubscriptionMode mode) {
    Inbox::Options options;
    options.session = 5;
    options.stream = "s";
    options.mode = mode;
    options.lease = 30s;
    return options;
  }
  static std::vector<Grant> block() { return {{grant, {1, 1000000}}}; }

  /// A new link, answered with `floor`. What was said after Subscribed.
  Settle connect(Sequence floor = 0, std::vector<Grant> grants = block(), Sequence regressed_at = 0) {
    inbox.on_link_up(now);
    const auto asked = find<Subscribe>(inbox.take_effects());
    REQUIRE(asked);
    subscribe = *asked;
    Subscribed answer;
    answer.session = 5;
    answer.token = ++token;
    answer.mode = subscribe.mode;
    answer.claim = 3;
    answer.floor = floor;
    answer.grants = std::move(grants);
    answer.regressed_at = regressed_at;
    inbox.on_message(answer, now);
    return said();
  }
  void live(Range range, Sequence prev = 0, const std::string& topic = {}) {
    inbox.on_live(batch_of(grant, range, prev, topic), now);
  }
  void redeliver(Range range, std::uint32_t attempts = 0, const std::string& topic = {}) {
    inbox.on_redelivery({token, grant, {{range, attempts}}, range.last}, batch_of(grant, range, 0, topic), now);
  }
  /// All words so far are on the disk, if `heard` does not say otherwise.
  void checkpoint(Sequence to, std::uint64_t heard = 1U << 20) {
    inbox.on_message(Checkpoint{token, to, to, heard}, now);
  }
  void pass(Duration time) {
    now += time;
    inbox.on_time(now);
  }
  /// What the inbox said since the last look, as one Settle.
  Settle said() {
    effects = inbox.take_effects();
    return settle_in(effects);
  }
  Inbox::Item take() {
    auto item = inbox.take(now);
    REQUIRE(item);
    return *item;
  }
  bool settle(std::uint64_t hand, Verdict verdict) { return inbox.settle(hand, verdict, -1ns, "because", now); }
  bool take_and(Verdict verdict) { return settle(take().hand, verdict); }
  std::vector<Sequence> take_all() {
    std::vector<Sequence> all;
    while (const auto item = inbox.take(now)) all.push_back(item->sequence);
    return all;
  }
  static GrantRange ids(Sequence first, Sequence last) { return {grant, {first, last}}; }

  Instant now{1h};
  Token token = 100;
  Inbox inbox;
  Subscribe subscribe;                  ///< the last one
  std::vector<ControlMessage> effects;  ///< of the last said()
};

using Ids = std::vector<GrantRange>;
using Sequences = std::vector<Sequence>;

}  // namespace restante::core
