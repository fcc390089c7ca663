#include "tests/sim/sim_replay.h"

#include <algorithm>

#include "core/assert.h"

namespace restante::sim {

namespace {

core::Inbox::Options options_of(const SimReplay::Setup& setup) {
  core::Inbox::Options options;
  options.session = setup.session;
  options.stream = setup.stream;
  options.subscription.clear();
  options.mode = core::SubscriptionMode::replay;
  options.filters = setup.filters;
  options.start = setup.start;
  options.until = setup.until;
  options.host = "simulated";
  options.credit_octets = setup.credit;
  options.lease = setup.lease;
  return options;
}

}  // namespace

SimReplay::SimReplay(const Setup& setup, core::Instant now)
    : setup_(setup), core_(options_of(setup), now), client_("replay", setup.pid) {}

void SimReplay::on_begun(const std::set<Id>& kept, std::uint64_t number) {
  goes_on_ = under_way_;
  if (under_way_ && number == store_) return;
  store_ = number;
  owed_ = kept;
  is_first_ = !under_way_ && setup_.start == "beginning";
}

void SimReplay::perform(core::Instant now) {
  for (const core::Inbox::Event& event : core_.take_events()) {
    if (event.kind == core::Inbox::Event::Kind::gap) {
      on_gap({event.from, event.to});
      core_.told(event.number, now);
    } else if (event.kind == core::Inbox::Event::Kind::regressed) {
      on_regress(event.from);
      std::erase_if(seen_, [&](const Id& id) { return id.second >= event.from; });
      for (Hand& hand : hands_) hand.is_forgotten = hand.is_forgotten || hand.item.sequence >= event.from;
      newest_.clear();
    }
  }
  for (core::ControlMessage& message : core_.take_effects()) client_.send(std::move(message), now);
}

void SimReplay::on_gap(core::Range range) {
  if (tell)
    tell("  replay is told that " + std::to_string(range.first) + " to " + std::to_string(range.last) + " are gone");
  ++gaps_;
  gone_.emplace_back(store_, range);
  std::erase_if(owed_, [&](const Id& id) { return range.first <= id.second && id.second <= range.last; });
}

bool SimReplay::receive(core::Instant now) {
  const auto link = [&](bool up) {
    if (up) core_.on_link_up(now);
    else core_.on_link_down(now);
  };
  const auto begins = [&] {
    if (!std::exchange(is_first_, false)) return;
    const Sequence gone = pruned_to();
    std::erase_if(owed_, [&](const Id& id) { return id.second <= gone; });
    gone_.emplace_back(store_, core::Range{0, gone});
  };
  const auto redelivery = [&](const core::Redelivery& header, const Buffer& frame) {
    begins();
    std::string why;
    auto batch = core::Batch::parse(frame, why);
    RESTANTE_ASSERT(batch.has_value());
    core_.on_redelivery(header, std::make_shared<const core::Batch>(std::move(*batch)), now);
  };
  const auto message = [&](const core::ControlMessage& told) {
    if (std::holds_alternative<core::Subscribed>(told)) under_way_ = true;
    if (std::holds_alternative<core::Checkpoint>(told)) begins();
    if (const auto* missed = std::get_if<core::Missed>(&told); missed != nullptr && missed->range.last > pruned_to()) {
      throw Violation("gap of what is there: up to " + std::to_string(missed->range.last));
    }
    core_.on_message(told, now);
  };
  const Client::Handlers handlers{[&] { link(true); }, [&] { link(false); }, message, redelivery};
  if (!client_.receive(now, handlers)) return false;
  perform(now);
  return true;
}

void SimReplay::tick(core::Instant now) {
  if (client_.tick(now)) core_.on_link_down(now);
  core_.on_time(now);
  perform(now);
}

void SimReplay::take(const Ledger& ledger, const core::Inbox::Item& item, core::Instant now) {
  const std::string& topic = item.batch->header().topic;
  ledger.on_replayed({item.grant, item.sequence, topic, item.view.payload, item.attempt});
  const Id id{item.grant, item.sequence};
  const std::string what = "sequence " + std::to_string(item.sequence) + " of " + setup_.stream;
  if (!setup_.topics.empty() && !setup_.topics.contains(topic)) throw Violation("not asked for in a replay: " + what);
  const bool in_hand = std::any_of(hands_.begin(), hands_.end(), [&](const Hand& hand) {
    return Id{hand.item.grant, hand.item.sequence} == id && is_late(hand, now);
  });
  const bool is_new = seen_.insert(id).second;
  if (!is_new && !in_hand && !again_.contains(id)) throw Violation("twice in a replay: " + what);
  again_.erase(id);
  Sequence& newest = newest_[topic];
  // An older copy of the store, put back, may have what it was told is gone.
  const bool was_gone = std::any_of(gone_.begin(), gone_.end(), [&](const auto& gone) {
    return gone.first != store_ && gone.second.first <= item.sequence && item.sequence <= gone.second.last;
  });
  // And what had no row when it began, as it was settled in time, may have one after a restart that forgot the acks.
  const bool came_late = goes_on_ && !owed_.contains(id);
  if (is_new && item.sequence < newest && !was_gone && !came_late && !ledger.is_excused(item.grant, item.sequence)) {
    throw Violation("order in a replay: " + what + " after " + std::to_string(newest));
  }
  newest = std::max(newest, item.sequence);
  hands_.push_back(Hand{item, now});
}

void SimReplay::settle(core::Random& random, bool healing, core::Instant now) {
  const std::size_t at = random.below(hands_.size());
  const Hand hand = hands_[at];
  hands_.erase(hands_.begin() + static_cast<std::ptrdiff_t>(at));
  using Verdict = core::Inbox::Verdict;
  const std::uint64_t dice = healing ? 9 : random.below(20);
  const Verdict verdict = dice == 0   ? Verdict::nack
                          : dice == 1 ? Verdict::release
                          : dice == 2 ? Verdict::reject
                                      : Verdict::ack;
  const Id id{hand.item.grant, hand.item.sequence};
  const bool comes_again = verdict == Verdict::nack || verdict == Verdict::release || is_late(hand, now);
  if (comes_again && !hand.is_forgotten) again_.insert(id);
  core_.settle(hand.item.hand, verdict, Duration{-1}, "as the dice fell", now);
}

bool SimReplay::work(const Ledger& ledger, core::Random& random, bool healing, core::Instant now) {
  if (!hands_.empty() && (hands_.size() >= 3 || healing || random.chance(1, 2))) {
    settle(random, healing, now);
    perform(now);
    return true;
  }
  if (!core_.ready()) return false;
  const auto item = core_.take(now);
  perform(now);
  if (item) take(ledger, *item, now);
  return true;
}

void SimReplay::check_complete(const Ledger& ledger) const {
  for (const Id& id : owed_) {
    if (seen_.contains(id) || ledger.is_excused(id.first, id.second)) continue;
    throw Violation("replay ended without: sequence " + std::to_string(id.second) + " of " + setup_.stream +
                    ", which was kept, and was told no gap");
  }
}

}  // namespace restante::sim
