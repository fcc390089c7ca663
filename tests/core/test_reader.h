#pragma once
/// \file
/// The library of a consumer of an exclusive subscription, said by hand.

#include <optional>
#include <utility>
#include <vector>

#include "tests/core/office_actors.h"

namespace restante::core {

/// The library of one consumer of an exclusive subscription, said by hand.
class TestReader {
 public:
  explicit TestReader(OfficeBench& bench, std::uint64_t session = 0x61) : bench_(bench), session_(session) {}

  void join(Peer* link = nullptr) {
    peer = link != nullptr ? link : &bench_.connect(300);
    seen_ = 0;
    Subscribe message;
    message.session = session_;
    message.stream = "s";
    message.subscription = name;
    message.mode = mode;
    message.made = made;
    message.until = until;
    message.filters = filters;
    message.start = start;
    message.claim = claim;
    message.listens = listens;
    message.host = "here";
    message.credit = credit;
    message.limit = limit;
    bench_.say(*peer, message);
    const auto subscribed = peer->last<Subscribed>();
    if (!subscribed) return;
    token = subscribed->token;
    claim = subscribed->claim;
    floor = subscribed->floor;
    made = subscribed->made;
    until = subscribed->until;
  }
  template <typename Fill>
  void settle(Fill fill) {
    Settle said;
    said.token = token;
    said.credit = credit;
    fill(said);
    bench_.say(*peer, std::move(said));
  }
  /// Its application was told.
  void tell(std::uint64_t gap) {
    settle([&](Settle& said) { said.missed = {gap}; });
  }
  void ask(Sequence want) { bench_.say(*peer, CatchUp{token, want}); }

  /// What came on the control link since the last look: first owed sequence of each batch, and what it covers; and all
  /// in the order in which it came, gaps as their first sequence below zero.
  struct Heard {
    std::vector<std::pair<Sequence, Sequence>> batches;
    std::vector<Sequence> checkpoints;
    std::vector<Missed> gaps;
    std::vector<std::int64_t> order;
  };
  Heard hear() {
    Heard heard;
    for (; seen_ < peer->heard.size(); ++seen_) {
      const ControlMessage& message = peer->heard[seen_].message;
      if (const auto* again = std::get_if<Redelivery>(&message)) {
        heard.batches.emplace_back(again->owed.front().range.first, again->covers);
        heard.order.push_back(static_cast<std::int64_t>(again->owed.front().range.first));
      } else if (const auto* missed = std::get_if<Missed>(&message)) {
        heard.gaps.push_back(*missed);
        heard.order.push_back(-static_cast<std::int64_t>(missed->range.first));
      } else if (const auto* point = std::get_if<Checkpoint>(&message)) {
        heard.checkpoints.push_back(point->to);
      }
    }
    return heard;
  }

  std::string name = "audit";
  std::vector<std::string> filters{"#"};
  std::string start = "new";
  SubscriptionMode mode = SubscriptionMode::exclusive;
  std::int64_t made = 0;
  Sequence until = 0;
  std::uint64_t claim = 0;
  bool listens = true;
  Credit credit{32, 1U << 20};
  BacklogLimit limit{};
  Peer* peer = nullptr;
  Token token = 0;
  Sequence floor = 0;

 private:
  OfficeBench& bench_;
  std::uint64_t session_;
  std::size_t seen_ = 0;
};

/// An operator's tool, said by hand.
class TestOperator {
 public:
  explicit TestOperator(OfficeBench& bench) : bench_(bench), peer_(bench.connect(900)) {}

  /// The answer to `wish`, which is given a number of its own; nullopt: there is none yet.
  template <typename Answer, typename Wish>
  std::optional<Answer> ask(Wish wish, std::optional<Batch> behind = std::nullopt) {
    wish.request = ++requests_;
    bench_.say(peer_, std::move(wish), std::move(behind));
    const auto told = last<Answer>();
    return told && told->request == requests_ ? told : std::nullopt;
  }
  template <typename Answer>
  [[nodiscard]] std::optional<Answer> last() const {
    return peer_.last<Answer>();
  }

 private:
  OfficeBench& bench_;
  Peer& peer_;
  std::uint64_t requests_ = 0;
};

/// A stream with a writer and a reader that has caught up.
struct Reading {
  Reading() : writer(bench), reader(bench) {
    writer.open();
    reader.join();
    reader.hear();
  }
  [[nodiscard]] GrantRange ids(Sequence first, Sequence last) const {
    return {writer.grants.front().grant, {first, last}};
  }

  OfficeBench bench;
  TestWriter writer;
  TestReader reader;
};

using Batches = std::vector<std::pair<Sequence, Sequence>>;
using Points = std::vector<Sequence>;
using Order = std::vector<std::int64_t>;

}  // namespace restante::core
