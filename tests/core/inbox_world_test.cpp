/// \file
/// An exclusive inbox in a small world that must lose nothing, whatever is lost on the way.

#include <deque>
#include <map>
#include <set>
#include <utility>
#include <variant>

#include "core/random.h"
#include "tests/core/inbox_bench.h"

using namespace restante;
using namespace restante::core;
using Verdict = Inbox::Verdict;

namespace {

constexpr std::uint64_t seeds = 2000;
constexpr int steps = 200;
constexpr GrantId grant = InboxBench::grant;

/// A writer, a sidecar that books one exclusive subscription as the protocol's model does, and the inbox; between them
/// links that are slow, and a control link that is cut. Batches of one message.
class SmallWorld {
 public:
  explicit SmallWorld(std::uint64_t seed) : random_(seed), bench_(SubscriptionMode::exclusive) {}

  void step() {
    const auto choice = random_.below(100);
    if (choice < 22) publish();
    else if (choice < 37) arrive_live();
    else if (choice < 50) hear_sidecar();
    else if (choice < 62) hear_inbox();
    else if (choice < 74) send_again();
    else if (choice < 84) take();
    else if (choice < 93) settle(static_cast<Verdict>(random_.below(4)));
    else if (choice < 95) catch_up(0);
    else if (choice < 96) end_leases();
    else cut();
    if (token_ == 0 && random_.chance(1, 4)) connect();
    if (random_.chance(1, 2)) speak();
  }

  /// No more faults: everything is delivered and acked in the end.
  void heal() {
    for (int round = 0; round < 400 && !all_settled(); ++round) {
      if (token_ == 0) connect();
      arrive_live();
      take();
      settle(Verdict::ack);
      speak();
      while (!to_sidecar_.empty()) hear_inbox();
      send_again();
      while (!to_inbox_.empty()) hear_sidecar();
      if (round % 20 == 19) catch_up(0);
    }
    EXPECT(all_settled());
  }

 private:
  struct Message {
    std::shared_ptr<const Batch> batch;
    bool settled = false;
    std::uint32_t attempts = 0;
  };
  using ToInbox = std::variant<Redelivery, Checkpoint>;

  const std::string& topic_of(Sequence sequence) const { return messages_.at(sequence).batch->header().topic; }
  Sequence floor() const {
    for (const auto& [sequence, message] : messages_)
      if (!message.settled) return sequence - 1;
    return head_;
  }
  bool all_settled() const { return floor() == head_; }

  void publish() {
    head_ += 1 + random_.below(2);  // holes are normal
    const std::string topic(1, static_cast<char>('a' + random_.below(3)));
    messages_[head_].batch = batch_of(grant, {head_, head_}, last_of_[topic], topic);
    last_of_[topic] = head_;
    if (random_.chance(4, 5)) live_.push_back(head_);
  }
  void arrive_live() {
    if (live_.empty()) return;
    bench_.inbox.on_live(messages_[live_.front()].batch, bench_.now);
    live_.pop_front();
  }

  // ---- the sidecar
  void connect() {
    bench_.inbox.on_link_up(bench_.now);
    bench_.inbox.take_effects();
    token_ = ++bench_.token;
    position_ = floor();
    want_ = 0;
    heard_ = 0;
    catching_up_ = true;
    bench_.inbox.on_message(Subscribed{5, token_, SubscriptionMode::exclusive, 3, floor(), InboxBench::block(), 0},
                            bench_.now);
  }
  void cut() {
    while (!to_sidecar_.empty() && random_.chance(1, 2)) hear_inbox();
    to_sidecar_.clear();
    to_inbox_.clear();
    bench_.inbox.on_link_down(bench_.now);
    token_ = 0;
  }
  void catch_up(Sequence want) {
    catching_up_ = true;
    position_ = floor();
    want_ = std::max(want_, want);
  }
  void send_again() {
    if (token_ == 0 || !catching_up_) return;
    for (auto at = messages_.upper_bound(position_); at != messages_.end(); ++at) {
      if (at->second.settled) continue;
      position_ = at->first;
      to_inbox_.push_back(Redelivery{token_, grant, {{{position_, position_}, at->second.attempts}}, position_});
      return;
    }
    if (want_ > head_) return;
    catching_up_ = false;
    want_ = 0;
    to_inbox_.push_back(Checkpoint{token_, head_, floor(), heard_});
  }
  void hear_inbox() {
    if (to_sidecar_.empty()) return;
    const ControlMessage message = to_sidecar_.front();
    to_sidecar_.pop_front();
    if (const auto* request = std::get_if<CatchUp>(&message)) catch_up(request->want);
    const auto* settle = std::get_if<Settle>(&message);
    if (settle == nullptr) return;
    ++heard_;
    for (const GrantRange& ack : settle->acks) {
      for (Sequence s = ack.range.first; s <= ack.range.last; ++s) done(s);
    }
    for (const Reject& reject : settle->rejects) done(reject.sequence);
    for (const Nack& nack : settle->nacks) ++messages_[nack.sequence].attempts;
    if (!settle->nacks.empty() || !settle->released.empty()) catch_up(0);
  }
  void done(Sequence sequence) {
    EXPECT(messages_.contains(sequence) && finished_.contains(sequence));  // C1: only what the application settled
    messages_[sequence].settled = true;
  }

  // ---- the inbox
  void hear_sidecar() {
    if (to_inbox_.empty()) return;
    const ToInbox message = to_inbox_.front();
    to_inbox_.pop_front();
    if (const auto* again = std::get_if<Redelivery>(&message)) {
      bench_.inbox.on_redelivery(*again, messages_[again->owed[0].range.first].batch, bench_.now);
    } else {
      bench_.inbox.on_message(std::get<Checkpoint>(message), bench_.now);
    }
  }
  void speak() {
    if (token_ == 0) return;
    for (ControlMessage& message : bench_.inbox.take_effects()) to_sidecar_.push_back(std::move(message));
  }
  void take() {
    const auto item = bench_.inbox.take(bench_.now);
    if (!item) return;
    const Sequence sequence = item->sequence;
    EXPECT(!delivered_.contains(sequence) || returned_.contains(sequence));  // C2
    if (delivered_.insert(sequence).second) {
      Sequence& newest = newest_[topic_of(sequence)];
      EXPECT(sequence > newest);  // C3
      newest = sequence;
    }
    returned_.erase(sequence);
    hands_.push_back({item->hand, sequence});
  }
  void settle(Verdict verdict) {
    if (hands_.empty()) return;
    const auto index = static_cast<std::ptrdiff_t>(random_.below(hands_.size()));
    const auto [hand, sequence] = hands_[static_cast<std::size_t>(index)];
    hands_.erase(hands_.begin() + index);
    const bool finishes = verdict == Verdict::ack || verdict == Verdict::reject;
    if (finishes) finished_.insert(sequence);
    const bool held = bench_.settle(hand, verdict);
    if (held && !finishes) returned_.insert(sequence);
  }
  void end_leases() {
    bench_.pass(31s);
    for (const auto& [hand, sequence] : hands_) returned_.insert(sequence);
  }

  Random random_;
  InboxBench bench_;
  std::map<Sequence, Message> messages_;
  std::map<std::string, Sequence> last_of_;
  Sequence head_ = 0;
  std::deque<Sequence> live_;

  Token token_ = 0;
  bool catching_up_ = false;
  Sequence position_ = 0;
  Sequence want_ = 0;
  std::uint64_t heard_ = 0;  // Settle messages of this session
  std::deque<ControlMessage> to_sidecar_;
  std::deque<ToInbox> to_inbox_;

  std::vector<std::pair<std::uint64_t, Sequence>> hands_;
  std::set<Sequence> delivered_;
  std::set<Sequence> returned_;  // may come again
  std::set<Sequence> finished_;  // acked or rejected by the application
  std::map<std::string, Sequence> newest_;
};

}  // namespace

TEST_CASE("an exclusive inbox loses nothing, delivers nothing twice unasked, and keeps the order of each topic") {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    INFO("seed " << seed);
    SmallWorld world(seed);
    for (int step = 0; step < steps; ++step) world.step();
    world.heal();
  }
}
