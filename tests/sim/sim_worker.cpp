#include "tests/sim/sim_worker.h"

#include <algorithm>
#include <cstdlib>

#include <restante/limits.h>

#include "core/assert.h"

namespace restante::sim {

namespace {

core::Inbox::Options options_of(const Role& role, const SimWorker::Setup& setup) {
  core::Inbox::Options options;
  options.session = setup.session;
  options.stream = role.stream;
  options.live_endpoints = {setup.endpoint};
  options.listens = true;
  options.host = "simulated";
  options.credit_octets = setup.credit;
  options.lease = setup.lease;
  options.subscription = role.subscription;
  options.mode = role.strict      ? core::SubscriptionMode::strict
                 : role.exclusive ? core::SubscriptionMode::exclusive
                                  : core::SubscriptionMode::shared;
  options.filters = role.filters;
  options.limit = role.limit;
  options.retry = role.retry;
  return options;
}

}  // namespace

SimWorker::SimWorker(const Role& role, const Setup& setup, core::Instant now)
    : role_(role), setup_(setup), core_(options_of(role, setup), now), client_(role.subscription, setup.pid) {}

void SimWorker::perform(core::Instant now) {
  if (core_.held_back() > limits::hold_batches) {
    throw Violation("held back above their bound: " + std::to_string(core_.held_back()) + " live copies");
  }
  for (const core::Inbox::Event& event : core_.take_events()) {
    if (event.kind == core::Inbox::Event::Kind::gap) {
      on_gap(event.number, {event.from, event.to});
      core_.told(event.number, now);
    }
    if (event.kind != core::Inbox::Event::Kind::regressed) continue;
    floor_ = std::min(floor_, event.from - std::min<Sequence>(event.from, 1));
    for (Hand& hand : hands_) hand.is_forgotten = hand.is_forgotten || hand.item.sequence >= event.from;
    hangs_ = false;
    on_regress(event.from);
  }
  for (core::ControlMessage& message : core_.take_effects()) {
    check_words(message);
    client_.send(std::move(message), now);
  }
}

/// Nothing is asked for while a handler hangs (G3), and a gap is asked for once (T4).
void SimWorker::check_words(const core::ControlMessage& message) {
  if (const auto* settle = std::get_if<core::Settle>(&message)) {
    if (hangs_ && settle->credit.messages > 0) {
      throw Violation("work for a handler that hangs: " + role_.subscription + " asks for " +
                      std::to_string(settle->credit.messages) + " messages");
    }
  } else if (std::holds_alternative<core::CatchUp>(message)) {
    if (asked_) throw Violation("asked twice: " + role_.subscription + " has had no answer yet");
    asked_ = true;
  }
}

void SimWorker::on_offer(GrantId grant, core::Range range) {
  for (Sequence sequence = range.first; sequence <= range.last; ++sequence) offered_.insert({grant, sequence});
}

void SimWorker::note_floor(const core::ControlMessage& told) {
  const auto* subscribed = std::get_if<core::Subscribed>(&told);
  if (subscribed != nullptr && subscribed->session == setup_.session) {
    floor_ = subscribed->floor;
    made_ = subscribed->made;
  }
  const auto* checkpoint = std::get_if<core::Checkpoint>(&told);
  if (checkpoint != nullptr && checkpoint->token == core_.token()) floor_ = std::max(floor_, checkpoint->floor);
}

/// Of another grant no live copy may be taken (X3).
void SimWorker::note_grants(const core::ControlMessage& told) {
  const auto note = [&](const std::vector<core::Grant>& grants) {
    for (const core::Grant& grant : grants) announced_.insert(grant.grant);
  };
  if (const auto* subscribed = std::get_if<core::Subscribed>(&told)) note(subscribed->grants);
  if (const auto* more = std::get_if<core::Grants>(&told)) note(more->grants);
}

bool SimWorker::receive(core::Instant now) {
  const auto link = [&](bool up) {
    asked_ = false;
    if (up) core_.on_link_up(now);
    else core_.on_link_down(now);
  };
  const auto redelivery = [&](const core::Redelivery& header, const Buffer& frame) {
    std::string why;
    auto batch = core::Batch::parse(frame, why);
    RESTANTE_ASSERT(batch.has_value());
    for (const auto& owed : header.owed) on_offer(header.grant, owed.range);
    core_.on_redelivery(header, std::make_shared<const core::Batch>(std::move(*batch)), now);
  };
  const auto message = [&](const core::ControlMessage& told) {
    if (std::holds_alternative<core::Checkpoint>(told) || std::holds_alternative<core::Subscribed>(told)) {
      asked_ = false;
    }
    note_floor(told);
    note_grants(told);
    core_.on_message(told, now);
  };
  const Client::Handlers handlers{[&] { link(true); }, [&] { link(false); }, message, redelivery};
  if (!client_.receive(now, handlers)) return false;
  perform(now);
  return true;
}

void SimWorker::on_live(const Buffer& frame, core::Instant now) {
  std::string why;
  auto batch = core::Batch::parse(frame, why);
  RESTANTE_ASSERT(batch.has_value());
  const Sequence below = role_.exclusive ? 0 : floor_;
  if (announced_.contains(batch->header().grant)) {
    on_offer(batch->header().grant, {std::max(batch->header().first, below + 1), batch->header().last});
  }
  core_.on_live(std::make_shared<const core::Batch>(std::move(*batch)), now);
  perform(now);
}

void SimWorker::tick(core::Instant now) {
  if (client_.tick(now)) {
    asked_ = false;
    core_.on_link_down(now);
  }
  core_.on_time(now);
  for (Hand& hand : hands_) {
    if (!hand.is_long || core_.extend(hand.item.hand, now)) continue;
    hand.is_long = wants_long_job_ = false;  // its message went with its store
  }
  hangs_ = std::any_of(hands_.begin(), hands_.end(),
                       [&](const Hand& hand) { return !hand.is_forgotten && is_late(hand, now); });
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
  hangs_ = false;  // until the next tick, for what else is in hand
  if (is_late(hand, now)) {
    late_.insert({item.grant, item.sequence});
    count("settled after its lease");
  }
  if (verdict == Verdict::ack)
    ledger.on_done(role_.subscription, number);  // the work is done before the ack, whatever becomes of it
  if (verdict == Verdict::reject) ledger.on_rejected(role_.subscription, number);
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
  if (taken_over() || removed())
    throw Violation("taken over, and " + std::to_string(item->sequence) + " is handed out");
  if (tell)
    tell("  " + role_.subscription + " takes " + std::to_string(item->sequence) + ", attempt " +
         std::to_string(item->attempt));
  if (!offered_.contains({item->grant, item->sequence})) {
    throw Violation("never owed: sequence " + std::to_string(item->sequence) + " in " + role_.subscription);
  }
  // Again only if its last handing out here ended by a nack, a release (on_given_back) or its lease.
  const Id id{item->grant, item->sequence};
  const auto in_hand = std::find_if(hands_.begin(), hands_.end(), [&](const Hand& hand) {
    return Id{hand.item.grant, hand.item.sequence} == id;
  });
  const bool lease_over = in_hand != hands_.end() ? is_late(*in_hand, now) : late_.contains(id);
  const Ledger::Reader reader{role_.subscription, setup_.session, role_.exclusive && !role_.strict, role_.strict};
  ledger.on_handed(reader,
                   {item->grant, item->sequence, item->batch->header().topic, item->view.payload, item->attempt, now},
                   lease_over);
  hands_.push_back(Hand{*item, now, {}});
  return true;
}

bool SimWorker::work(Ledger& ledger, core::Random& random, const Temper& temper, core::Instant now) {
  if (!hands_.empty() && random.chance(1, 2)) {
    const std::size_t at = random.below(hands_.size());
    const bool goes_on = hands_[at].is_long && wants_long_job_;
    if (hands_[at].until <= now && !goes_on) settle(ledger, at, decide(random, temper), now);
    perform(now);
    return true;
  }
  if (hands_.size() >= 3 || !take(ledger, now)) return true;
  Hand& hand = hands_.back();
  const std::uint64_t number = std::strtoull(hand.item.view.payload.data(), nullptr, 10);
  if (temper.poison != 0 && number % temper.poison == 0) return false;
  if (random.below(100) < temper.hang) hand.until = core::after(now, setup_.lease * 2);
  if (wants_long_job_ && !long_job_) {
    hand.is_long = true;
    long_job_ = number;
  }
  return true;
}

}  // namespace restante::sim
