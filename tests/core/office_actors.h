#pragma once
/// \file
/// The two other parties, said by hand: a producer's library and a consumer's library, as the wire knows them.

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/core/office_fixture.h"

namespace restante::core {

/// A producer's library, said by hand: it numbers and chains its batches and can send them again.
class TestWriter {
 public:
  explicit TestWriter(OfficeBench& bench, std::uint64_t named = 0xA, std::uint32_t pid = 100)
      : handle(named), bench_(bench), pid_(pid) {}

  /// A link and a first grant, or a refusal.
  void open(const std::string& stream = "s") {
    stream_ = stream;
    peer = &bench_.connect(pid_);
    bench_.say(*peer, open_writer(false));
    learn();
  }
  /// A new link after a cut or a restart of the sidecar. The caller sends again what it has to.
  void resume(Sequence confirmed_to) {
    peer = &bench_.connect(pid_);
    OpenWriter message = open_writer(true);
    message.confirmed_to = confirmed_to;
    bench_.say(*peer, message);
  }
  void ask_for_grant() { bench_.say(*peer, RequestGrant{handle}); }
  /// Takes the grants that it heard into use.
  void learn() {
    for (const Granted& granted : peer->all<Granted>()) {
      if (!grants.empty() && grants.back().range.first >= granted.grant.range.first) continue;
      grants.push_back(granted.grant);
      if (granted.first) before = granted.grant.range.first - 1;
      next = granted.grant.range.first;
    }
  }

  /// Seals the next batch and keeps it, without sending it.
  Range seal(std::size_t messages, Token owner = 0, std::size_t payload_size = 0) {
    REQUIRE(!grants.empty());
    BatchBuilder builder(stream_, topic);
    BatchHeader header;
    header.grant = grants.back().grant;
    header.first = next;
    header.last = next + messages - 1;
    header.before = before;
    header.owner = owner;
    header.times = times;
    for (Sequence sequence = header.first; sequence <= header.last; ++sequence) {
      std::string payload = std::to_string(sequence);
      payload.resize(std::max(payload.size(), payload_size), '.');
      builder.append(payload);
    }
    before = header.last;
    next = header.last + 1;
    frames[header.first] = builder.seal(header);
    return {header.first, header.last};
  }
  Range send(std::size_t messages, Token owner = 0, std::size_t payload_size = 0) {
    const Range range = seal(messages, owner, payload_size);
    bench_.copy(*peer, frames.at(range.first));
    return range;
  }
  /// Sends again, byte for byte, all batches after `after`.
  void send_again(Sequence after, std::size_t at_most = SIZE_MAX) {
    for (const auto& [first, frame] : frames) {
      if (first > after && at_most-- > 0) bench_.copy(*peer, frame);
    }
  }

  [[nodiscard]] Sequence confirmed() const {
    const auto told = peer->last<Confirmed>();
    return told ? told->to : 0;
  }
  [[nodiscard]] Sequence settled() const {
    const auto told = peer->last<Confirmed>();
    return told ? told->settled_to : 0;
  }
  [[nodiscard]] std::optional<LiveTarget> target() const { return peer->last<LiveTarget>(); }
  /// How many messages more the sidecar lets it send live to the one worker, by the newest word.
  [[nodiscard]] std::uint64_t lent(std::uint64_t used = 0) const {
    const auto told = target();
    return !told || told->gone ? 0 : told->limit_messages - std::min(used, told->limit_messages);
  }

  std::uint64_t handle;
  Peer* peer = nullptr;
  std::string topic;
  DeliveryTimes times{};
  StreamPattern pattern = StreamPattern::pipeline;
  StreamKind kind = StreamKind::kept;
  Retention retention;  ///< of the stream, if it is made by this one
  std::string publishes_at = "tcp://10.0.0.8:1";
  std::vector<Grant> grants;
  Sequence next = 0;
  Sequence before = 0;
  std::map<Sequence, Buffer> frames;  ///< by first sequence

 private:
  OpenWriter open_writer(bool resume) const {
    OpenWriter message;
    message.handle = handle;
    message.stream = stream_;
    message.pattern = pattern;
    message.kind = kind;
    if (!publishes_at.empty()) message.live_endpoints = {publishes_at};
    message.retention = retention;
    message.resume = resume;
    if (resume) message.grants = grants;
    return message;
  }

  OfficeBench& bench_;
  std::uint32_t pid_;
  std::string stream_ = "s";
};

/// A consumer's library, said by hand. It settles only what it is told to.
class TestWorker {
 public:
  explicit TestWorker(OfficeBench& bench, std::uint64_t session = 0x51, const Credit& given = {32, 1U << 20},
                      std::uint32_t pid = 200)
      : credit(given), bench_(bench), session_(session), pid_(pid) {}

  void make_exclusive(const std::string& subscription) {
    subscription_ = subscription;
    mode_ = SubscriptionMode::exclusive;
  }
  void share(const std::string& subscription) { subscription_ = subscription; }
  void join(const std::vector<GrantRange>& held = {}) {
    peer = &bench_.connect(pid_);
    seen_ = 0;
    subscribe(held);
  }
  void subscribe(const std::vector<GrantRange>& held = {}) {
    Subscribe message;
    message.session = session_;
    message.stream = stream;
    message.subscription = subscription_;
    message.mode = mode_;
    message.host = "here";
    if (!endpoint.empty()) message.live_endpoints = {endpoint};
    message.credit = credit;
    message.held = held;
    message.limit = limit;
    bench_.say(*peer, message);
    learn();
  }
  /// Reads its token, if it was subscribed meanwhile.
  void learn() {
    if (const auto subscribed = peer->last<Subscribed>()) token = subscribed->token;
  }

  /// What was redelivered since the last look, in the order of arrival.
  Sequences take() {
    Sequences taken;
    for (; seen_ < peer->heard.size(); ++seen_) {
      const Outgoing& one = peer->heard[seen_];
      const auto* redelivery = std::get_if<Redelivery>(&one.message);
      if (redelivery == nullptr) continue;
      std::string why;
      const auto batch = Batch::parse(one.batch, why);
      REQUIRE(batch);
      REQUIRE(redelivery->token == token);
      REQUIRE(redelivery->grant == batch->header().grant);
      for (const Owed& owed : redelivery->owed) {
        for (Sequence sequence = owed.range.first; sequence <= owed.range.last; ++sequence) {
          CHECK(batch->message(sequence).payload.substr(0, std::to_string(sequence).size()) ==
                std::to_string(sequence));
          grants_[sequence] = redelivery->grant;
          attempts[sequence] = owed.attempts;
          taken.push_back(sequence);
        }
      }
    }
    return taken;
  }

  void ack(Sequence first, Sequence last) {
    settle([&](Settle& said) { said.acks = {ids(first, last)}; });
  }
  void ack(Sequence sequence) { ack(sequence, sequence); }
  void nack(Sequence sequence, std::int64_t delay_ms = -1, bool lease_ended = false) {
    settle([&](Settle& said) { said.nacks = {{grant_of(sequence), sequence, delay_ms, lease_ended}}; });
  }
  void reject(Sequence sequence) {
    settle([&](Settle& said) { said.rejects = {{grant_of(sequence), sequence, "broken"}}; });
  }
  void release(Sequence first, Sequence last) {
    settle([&](Settle& said) { said.released = {ids(first, last)}; });
  }
  void report(Sequence first, Sequence last) {
    settle([&](Settle& said) { said.received = {ids(first, last)}; });
  }
  void set_credit(const Credit& told) {
    credit = told;
    settle([](Settle&) {});
  }
  template <typename Fill>
  void settle(Fill fill) {
    Settle said;
    said.token = token;
    said.credit = credit;
    fill(said);
    bench_.say(*peer, said);
  }
  [[nodiscard]] GrantRange ids(Sequence first, Sequence last) const { return {grant_of(first), {first, last}}; }
  [[nodiscard]] GrantId grant_of(Sequence sequence) const {
    const auto known = grants_.find(sequence);
    if (known != grants_.end()) return known->second;
    std::vector<Grant> list;
    if (const auto subscribed = peer->last<Subscribed>()) list = subscribed->grants;
    if (const auto grants = peer->last<Grants>()) list.insert(list.end(), grants->grants.begin(), grants->grants.end());
    for (const Grant& grant : list) {
      if (grant.range.first <= sequence && sequence <= grant.range.last) return grant.grant;
    }
    return 0;
  }

  Peer* peer = nullptr;
  Token token = 0;
  Credit credit;
  std::string stream = "s";
  BacklogLimit limit{};
  std::string endpoint;                        ///< of its live socket; empty: none
  std::map<Sequence, std::uint32_t> attempts;  ///< as told by the last redelivery of each

 private:
  std::string subscription_ = "workers";
  SubscriptionMode mode_ = SubscriptionMode::shared;
  OfficeBench& bench_;
  std::uint64_t session_;
  std::uint32_t pid_;
  std::size_t seen_ = 0;
  std::map<Sequence, GrantId> grants_;
};

inline Sequences from_to(Sequence first, Sequence last) {
  Sequences all;
  for (Sequence sequence = first; sequence <= last; ++sequence) all.push_back(sequence);
  return all;
}

}  // namespace restante::core
