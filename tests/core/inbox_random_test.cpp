/// \file
/// A worker's inbox under random input, against a naive table of id states.

#include <map>
#include <set>

#include "core/random.h"
#include "tests/core/inbox_bench.h"

using namespace restante;
using namespace restante::core;
using Verdict = Inbox::Verdict;

namespace {

constexpr std::uint64_t seeds = 2000;
constexpr int steps = 200;
constexpr GrantId grant = InboxBench::grant;

/// A worker's inbox and, beside it, the state of each id as the rules say it in one word.
class NaiveWorker {
 public:
  explicit NaiveWorker(std::uint64_t seed) : random_(seed) {
    static const std::vector<std::shared_ptr<const Batch>> pool = make_pool();
    pool_ = &pool;
    connect();
  }

  void step() {
    const auto choice = random_.below(100);
    if (choice < 25) live();
    else if (choice < 45) redeliver();
    else if (choice < 65) take();
    else if (choice < 88) settle();
    else if (choice < 91) end_leases();
    else if (choice < 95) raise_floor();
    else if (choice < 98) connect();
    else disconnect();
    if (random_.chance(2, 3)) look();
    compare();
  }

 private:
  enum class State { absent, queued, handed, settled };
  struct Id {
    State state = State::absent;
    bool returned = false;  // nacked, ended or released: no live copy brings it again
    bool unsaid = false;    // and that was not said yet
  };
  struct Hand {
    std::uint64_t number;
    Sequence sequence;
    bool ended;
  };

  static constexpr Sequence ids = 60;

  static std::vector<std::shared_ptr<const Batch>> make_pool() {
    std::vector<std::shared_ptr<const Batch>> pool;
    for (Sequence first = 1, length = 1; first <= ids; first += length, length = length % 5 + 1) {
      pool.push_back(batch_of(grant, {first, std::min(ids, first + length - 1)}));
    }
    return pool;
  }
  const std::shared_ptr<const Batch>& any_batch() { return (*pool_)[random_.below(pool_->size())]; }
  bool hangs() const {
    for (const Hand& hand : hands_)
      if (hand.ended) return true;
    return false;
  }
  void give_back(Sequence sequence) {
    Id& id = ids_[sequence];
    id.state = State::absent;
    id.returned = true;
    id.unsaid = bench_.inbox.subscribed();
  }
  void arrive(Sequence sequence) {
    if (hangs()) {
      give_back(sequence);
      return;
    }
    ids_[sequence] = {State::queued, false, false};
  }

  void live() {
    const auto& batch = any_batch();
    bench_.inbox.on_live(batch, bench_.now);
    for (Sequence s = batch->header().first; s <= batch->header().last; ++s) {
      if (s > floor_ && ids_[s].state == State::absent && !ids_[s].returned) arrive(s);
    }
  }
  void redeliver() {
    if (!bench_.inbox.subscribed()) return;
    const auto& batch = any_batch();
    const Sequence first = batch->header().first + random_.below(batch->count());
    const Sequence last = first + random_.below(batch->header().last - first + 1);
    bench_.inbox.on_redelivery({bench_.token, grant, {{{first, last}, 0}}}, batch, bench_.now);
    for (Sequence s = first; s <= last; ++s) {
      const bool absent = ids_[s].state == State::absent;
      if (absent && !ids_[s].unsaid) arrive(s);
      else if (ids_[s].state == State::settled) must_ack_.insert(s);
    }
  }
  void take() {
    const auto item = bench_.inbox.take(bench_.now);
    if (!item) return;
    EXPECT(ids_[item->sequence].state == State::queued);
    EXPECT(item->view.payload == std::to_string(item->sequence));
    ids_[item->sequence].state = State::handed;
    hands_.push_back({item->hand, item->sequence, false});
  }
  void settle() {
    if (hands_.empty()) return;
    const auto index = random_.below(hands_.size());
    const Hand hand = hands_[index];
    hands_.erase(hands_.begin() + static_cast<std::ptrdiff_t>(index));
    const auto verdict = static_cast<Verdict>(random_.below(4));
    EXPECT(bench_.settle(hand.number, verdict) == !hand.ended);
    Id& id = ids_[hand.sequence];
    const bool done = verdict == Verdict::ack || verdict == Verdict::reject;
    if (hand.ended) {
      if (done && (id.state == State::absent || id.state == State::queued)) {
        id = {State::settled, false, false};
        must_ack_.insert(hand.sequence);
      }
    } else if (done) {
      id = {State::settled, false, false};
      must_ack_.insert(hand.sequence);
    } else {
      give_back(hand.sequence);
      if (verdict == Verdict::nack) id.unsaid = true;
    }
  }
  void end_leases() {
    bench_.pass(31s);
    bool any = false;
    for (Hand& hand : hands_) {
      if (hand.ended) continue;
      any = hand.ended = true;
      give_back(hand.sequence);
      ids_[hand.sequence].unsaid = true;
    }
    if (!any) return;
    for (Sequence s = 1; s <= ids; ++s)
      if (ids_[s].state == State::queued) give_back(s);
  }
  void raise_floor() {
    if (!bench_.inbox.subscribed()) return;
    floor_ += random_.below(8);
    bench_.checkpoint(floor_);
    forget_returned();
  }
  void forget_returned() {
    for (Sequence s = 1; s <= ids && s <= floor_; ++s) ids_[s].returned = false;
  }
  void disconnect() {
    bench_.inbox.on_link_down(bench_.now);
    for (auto& [sequence, id] : ids_) id.unsaid = false;
  }
  void connect() {
    const Sequence told = random_.chance(1, 2) ? floor_ : floor_ - random_.below(std::min<Sequence>(floor_, 4) + 1);
    check_words(bench_.connect(told));
    floor_ = told;
    for (Sequence s = 1; s <= ids; ++s) {
      if (s <= floor_ && ids_[s].state == State::queued) ids_[s].state = State::absent;
      if (s > floor_ && ids_[s].state == State::settled) EXPECT(said_.contains(s));
    }
    forget_returned();
  }
  void look() {
    if (!bench_.inbox.subscribed()) return;
    check_words(bench_.said());
  }
  /// Only what is settled is said to be (X5).
  void check_words(const Settle& words) {
    said_.clear();
    for (const GrantRange& ack : words.acks) {
      for (Sequence s = ack.range.first; s <= ack.range.last; ++s) {
        EXPECT(ids_[s].state == State::settled || s <= floor_);
        said_.insert(s);
      }
    }
    for (const Reject& reject : words.rejects) {
      EXPECT(ids_[reject.sequence].state == State::settled || reject.sequence <= floor_);
      said_.insert(reject.sequence);
    }
    for (const Sequence sequence : must_ack_) EXPECT(said_.contains(sequence));
    must_ack_.clear();
    for (auto& [sequence, id] : ids_) id.unsaid = false;
  }
  void compare() {
    std::size_t queued = 0;
    std::size_t handed = 0;
    for (const auto& [sequence, id] : ids_) {
      queued += id.state == State::queued ? 1U : 0U;
      handed += id.state == State::handed ? 1U : 0U;
    }
    EXPECT(bench_.inbox.queued() == queued);
    EXPECT(bench_.inbox.handed_out() == handed);
  }

  Random random_;
  const std::vector<std::shared_ptr<const Batch>>* pool_ = nullptr;
  InboxBench bench_;
  std::map<Sequence, Id> ids_;
  std::vector<Hand> hands_;
  std::set<Sequence> must_ack_;
  std::set<Sequence> said_;
  Sequence floor_ = 0;
};

}  // namespace

TEST_CASE("a worker's inbox agrees with a naive table of id states") {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    INFO("seed " << seed);
    NaiveWorker worker(seed);
    for (int step = 0; step < steps; ++step) worker.step();
  }
}
