#include "tests/sim/sim_worker.h"

#include <algorithm>
#include <cstdlib>

#include "core/assert.h"

namespace restante::sim {

namespace {

core::Inbox::Options options_of(const Role& role, const SimWorker::Setup& setup) {
  core::Inbox::Options options;
  options.session = setup.session;
  options.stream = role.stream;
  options.live_endpoints = {setup.endpoint};
  options.host = "simulated";
  options.credit_octets = setup.credit;
  options.lease = setup.lease;
  options.subscription = role.subscription;
  options.mode = role.exclusive ? core::SubscriptionMode::exclusive : core::SubscriptionMode::shared;
  options.filters = role.filters;
  return options;
}

}  // namespace

SimWorker::SimWorker(const Role& role, const Setup& setup, core::Instant now)
    : role_(role), setup_(setup), core_(options_of(role, setup), now), client_(role.subscription, setup.pid) {}

void SimWorker::perform(core::Instant now) {
  for (core::ControlMessage& message : core_.take_effects()) client_.send(std::move(message), now);
  for (const core::Inbox::Event& event : core_.take_events()) {
    if (event.kind == core::Inbox::Event::Kind::regressed) on_regress(event.from);
  }
}

bool SimWorker::receive(core::Instant now) {
  const Client::Handlers handlers{[&] { core_.on_link_up(now); }, [&] { core_.on_link_down(now); },
                                  [&](const core::ControlMessage& message) { core_.on_message(message, now); },
                                  [&](const core::Redelivery& header, const Buffer& frame) {
                                    std::string why;
                                    auto batch = core::Batch::parse(frame, why);
                                    RESTANTE_ASSERT(batch.has_value());
                                    core_.on_redelivery(header, std::make_shared<const core::Batch>(std::move(*batch)),
                                                        now);
                                  }};
  if (!client_.receive(now, handlers)) return false;
  perform(now);
  return true;
}

void SimWorker::on_live(const Buffer& frame, core::Instant now) {
  std::string why;
  auto batch = core::Batch::parse(frame, why);
  RESTANTE_ASSERT(batch.has_value());
  core_.on_live(std::make_shared<const core::Batch>(std::move(*batch)), now);
  perform(now);
}

void SimWorker::tick(core::Instant now) {
  if (client_.tick(now)) core_.on_link_down(now);
  core_.on_time(now);
  perform(now);
}

void SimWorker::stop(core::Instant now) {
  core_.stop(now);
  perform(now);
}

SimWorker::Decision SimWorker::decide(core::Random& random, const Temper& temper) {
  const std::uint64_t dice = random.below(100);
  Decision decision;
  if (dice < temper.nack) {
    decision.verdict = Verdict::nack;
  } else if (dice < temper.nack + temper.reject) {
    decision.verdict = Verdict::reject;
  } else if (dice < temper.nack + temper.reject + temper.release) {
    decision.verdict = Verdict::release;
  }
  if (random.chance(1, 4)) decision.delay = std::chrono::seconds(random.below(4));
  return decision;
}

void SimWorker::settle(Ledger& ledger, std::size_t at, const Decision& decision, core::Instant now) {
  const Hand hand = hands_[at];
  const core::Inbox::Item& item = hand.item;
  const std::uint64_t number = std::strtoull(item.view.payload.data(), nullptr, 10);
  const Verdict verdict = decision.verdict;
  if (tell) {
    static const char* const words[] = {"acks", "nacks", "rejects", "releases"};
    tell("  " + role_.subscription + " " + words[static_cast<int>(verdict)] + (" " + std::to_string(item.sequence)));
  }
  hands_.erase(hands_.begin() + static_cast<std::ptrdiff_t>(at));
  if (is_late(hand, now)) {
    late_.insert({item.grant, item.sequence});
    count("settled after its lease");
  }
  if (verdict == Verdict::ack)
    ledger.on_done(role_.subscription, number);  // the work is done before the ack, whatever becomes of it
  if (verdict == Verdict::nack || verdict == Verdict::release) {
    ledger.on_given_back(setup_.session, item.grant, item.sequence);
  }
  if (!core_.settle(item.hand, verdict, decision.delay, decision.reason, now)) {
    count("settled after its hold had ended");
  }
}

bool SimWorker::take(Ledger& ledger, core::Instant now) {
  auto item = core_.take(now);
  perform(now);
  if (!item) return false;
  if (taken_over()) throw Violation("taken over, and " + std::to_string(item->sequence) + " is handed out");
  if (tell)
    tell("  " + role_.subscription + " takes " + std::to_string(item->sequence) + ", attempt " +
         std::to_string(item->attempt));
  // Again only if its last handing out here ended by a nack, a release (on_given_back) or its lease.
  const std::pair<GrantId, Sequence> id{item->grant, item->sequence};
  const auto in_hand = std::find_if(hands_.begin(), hands_.end(), [&](const Hand& hand) {
    return std::pair{hand.item.grant, hand.item.sequence} == id;
  });
  const bool lease_over = in_hand != hands_.end() ? is_late(*in_hand, now) : late_.contains(id);
  const Ledger::Reader reader{role_.subscription, setup_.session, role_.exclusive};
  ledger.on_handed(reader, {item->grant, item->sequence, item->batch->header().topic, item->view.payload}, lease_over);
  hands_.push_back(Hand{*item, now, {}});
  return true;
}

bool SimWorker::work(Ledger& ledger, core::Random& random, const Temper& temper, core::Instant now) {
  if (!hands_.empty() && random.chance(1, 2)) {
    const std::size_t at = random.below(hands_.size());
    if (hands_[at].until <= now) settle(ledger, at, decide(random, temper), now);
    perform(now);
    return true;
  }
  if (hands_.size() >= 3 || !take(ledger, now)) return true;
  Hand& hand = hands_.back();
  const std::uint64_t number = std::strtoull(hand.item.view.payload.data(), nullptr, 10);
  if (temper.poison != 0 && number % temper.poison == 0) return false;
  if (random.below(100) < temper.hang) hand.until = core::after(now, setup_.lease * 2);
  return true;
}

}  // namespace restante::sim
