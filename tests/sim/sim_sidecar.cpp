#include "tests/sim/sim_sidecar.h"

#include <algorithm>
#include <type_traits>

#include "core/assert.h"
#include "core/wire.h"

namespace restante::sim {

namespace {

/// By ControlMessage::index().
constexpr const char* names[] = {"Heartbeat",
                                 "Hello",
                                 "Bye",
                                 "OpenWriter",
                                 "RequestGrant",
                                 "CloseWriter",
                                 "Subscribe",
                                 "Settle",
                                 "CatchUp",
                                 "Unsubscribe",
                                 "Query",
                                 "Welcome",
                                 "Unknown",
                                 "Refused",
                                 "Granted",
                                 "Attached",
                                 "Confirmed",
                                 "Resend",
                                 "Fenced",
                                 "LiveTarget",
                                 "Subscribed",
                                 "Grants",
                                 "Redelivery",
                                 "Checkpoint",
                                 "TakenOver",
                                 "Report",
                                 "LiveSource",
                                 "RemoveSubscription",
                                 "Removed",
                                 "Missed",
                                 "ResetSubscription",
                                 "WasReset",
                                 "SetStream",
                                 "StreamSet",
                                 "Published",
                                 "ReadDead",
                                 "DeadLetters",
                                 "ChangeDead",
                                 "DeadChanged",
                                 "SetSubscription",
                                 "SubscriptionSet"};

/// The message's kind, and what of it matters to follow a story.
std::string name_of(const core::ControlMessage& message) {
  static_assert(std::size(names) == std::variant_size_v<core::ControlMessage>);
  std::string text = names[message.index()];
  if (const auto* settle = std::get_if<core::Settle>(&message)) {
    for (const auto& ack : settle->acks)
      text += " ack " + std::to_string(ack.range.first) + "-" + std::to_string(ack.range.last);
    for (const auto& nack : settle->nacks) text += " nack " + std::to_string(nack.sequence);
    for (const auto& reject : settle->rejects) text += " reject " + std::to_string(reject.sequence);
    for (const auto& back : settle->released)
      text += " release " + std::to_string(back.range.first) + "-" + std::to_string(back.range.last);
    for (const std::uint64_t number : settle->missed) text += " told " + std::to_string(number % 10000);
    text += " credit " + std::to_string(settle->credit.messages);
  }
  if (const auto* redelivery = std::get_if<core::Redelivery>(&message)) {
    for (const auto& owed : redelivery->owed) {
      text += " " + std::to_string(owed.range.first) + "-" + std::to_string(owed.range.last) + " after " +
              std::to_string(owed.attempts);
    }
    if (redelivery->revived) text += " revived";
  }
  if (const auto* confirmed = std::get_if<core::Confirmed>(&message)) {
    text += " to " + std::to_string(confirmed->to) + ", settled to " + std::to_string(confirmed->settled_to) +
            ", window " + std::to_string(confirmed->window);
  }
  if (const auto* refused = std::get_if<core::Refused>(&message)) text += " " + refused->text;
  if (const auto* subscribe = std::get_if<core::Subscribe>(&message)) {
    for (const auto& held : subscribe->held)
      text += " held " + std::to_string(held.range.first) + "-" + std::to_string(held.range.last);
    text += " credit " + std::to_string(subscribe->credit.messages);
  }
  if (const auto* missed = std::get_if<core::Missed>(&message)) {
    text += " " + std::to_string(missed->range.first) + "-" + std::to_string(missed->range.last) + " number " +
            std::to_string(missed->number % 10000);
  }
  if (const auto* point = std::get_if<core::Checkpoint>(&message)) text += " " + std::to_string(point->to);
  return text;
}

}  // namespace

void SimSidecar::start(const core::OutboxSettings& settings, std::uint64_t seed, core::Instant now,
                       std::int64_t wall_ms) {
  core::Office::Settings office;
  office.outbox = settings;
  office.host = "simulated";
  office.seed = seed;
  office.is_alive = [this](std::uint32_t pid, std::uint64_t) { return is_alive(pid); };
  office.reachable = [](const std::string& endpoint, const std::string&, bool) { return endpoint; };
  disk_.mend();
  office_ = std::make_unique<core::Office>(disk_.image(), office, now);
  office_->set_wall(wall_ms);
  failing_ = Failing::no;
  failed_ = false;
  ++starts_;
  copied_.clear();
  witness_.on_start();
  frozen_until = now;
}

void SimSidecar::crash(core::Random& random) {
  // The disk works in order: some prefix of what was asked happened, the rest never did.
  std::uint64_t done = random.below(requests_.size() + 1);
  while (done-- > 0 && !failed_) disk_step();
  if (!requests_.empty()) count("crashed with requests the disk never had");
  requests_.clear();
  answers_.clear();
  office_.reset();
  for (auto& [id, link] : links_) link->cut(random);
  for (auto& [id, link] : links_) link->up.clear();
  links_.clear();
}

void SimSidecar::kill() {
  requests_.clear();
  answers_.clear();
  office_.reset();
  for (auto& [id, link] : links_) {
    link->open = false;
    link->up.clear();
    link->down.clear();
  }
  links_.clear();
}

LinkRef SimSidecar::accept(core::Instant now, std::uint32_t) {
  auto link = std::make_shared<ClientLink>();
  link->id = next_link_++;
  links_[link->id] = link;
  office_->on_link_up(link->id, "", now);
  return link;
}

void SimSidecar::on_frames(const LinkRef& link, const Frames& frames, core::Instant now) {
  std::string why;
  const Buffer& frame = frames.front();
  if (core::looks_like_batch(frame.octets())) {
    auto batch = core::Batch::parse(frame, why);
    RESTANTE_ASSERT(batch.has_value());
    if (tell) {
      tell("  link " + std::to_string(link->id) + " > copy " + std::to_string(batch->header().first) + " to " +
           std::to_string(batch->header().last));
    }
    Sequence& copied = copied_[batch->header().grant];
    copied = std::max(copied, batch->header().last);
    office_->on_copy(link->id, std::move(*batch), now);
  } else {
    const auto control = core::decode(frame, why);
    RESTANTE_ASSERT(control.has_value());
    const std::string name = name_of(control->message);
    count("got " + name.substr(0, name.find(' ')));
    if (tell) tell("  link " + std::to_string(link->id) + " > " + name);
    count_early(control->message);
    witness_.on_message(control->message, *office_);
    auto behind = frames.size() > 1 ? core::Batch::parse(frames.back(), why) : std::nullopt;
    office_->on_frame(link->id, *control, now, std::move(behind));
    witness_.after_message(control->message, *office_);
  }
  perform(now);
}

/// Acks that overtake their copies (B2).
void SimSidecar::count_early(const core::ControlMessage& message) {
  const auto* settle = std::get_if<core::Settle>(&message);
  if (settle == nullptr) return;
  for (const auto& ack : settle->acks) {
    const auto copied = copied_.find(ack.grant);
    if (copied != copied_.end() && ack.range.last > copied->second) count("acks that overtook their copies");
  }
}

bool SimSidecar::receive(core::Random& random, core::Instant now) {
  std::vector<LinkRef> ready;
  for (const auto& [id, link] : links_) {
    if (link->gives_up()) ready.push_back(link);
  }
  if (ready.empty()) return false;
  return receive_from(ready[random.below(ready.size())], now);
}

bool SimSidecar::receive_from(const LinkRef& link, core::Instant now) {
  if (!link->gives_up()) return false;
  const Frames frames = link->up.front();
  link->up.pop_front();
  on_frames(link, frames, now);
  return true;
}

void SimSidecar::receive_all(core::Instant now) {
  for (bool any = true; any;) {
    any = false;
    const auto links = links_;
    for (const auto& [id, link] : links) {
      if (links_.contains(id)) any = receive_from(link, now) || any;
    }
  }
}

void SimSidecar::notice_cuts(core::Random* random, core::Instant now) {
  const auto links = links_;
  for (const auto& [id, link] : links) {
    if (link->open || !link->up.empty()) continue;
    if (random != nullptr && !random->chance(1, 3)) continue;
    links_.erase(id);
    office_->on_link_down(id, now);
    perform(now);
  }
}

void SimSidecar::commit(const core::Transaction& transaction) {
  try {
    if (failing_ != Failing::lost) {
      std::vector<std::string> removed;
      for (const core::SubscriptionId id : transaction.removed) {
        const auto known = disk_.contents().subscriptions.find(id);
        if (known != disk_.contents().subscriptions.end()) removed.push_back(known->second.name);
      }
      std::vector<core::SubscriptionRecord> reset;
      for (const core::SubscriptionRecord& record : transaction.subscriptions) {
        const auto known = disk_.contents().subscriptions.find(record.id);
        const auto made = [](const core::SubscriptionRecord& one) { return one.made == 0 ? one.id : one.made; };
        if (known != disk_.contents().subscriptions.end() && made(known->second) != made(record))
          reset.push_back(record);
      }
      std::vector<core::DeadRecord> raised;
      for (const core::DeadKey& key : transaction.raised) {
        const auto known = disk_.contents().dead.find({key.subscription, key.sequence});
        if (known != disk_.contents().dead.end()) raised.push_back(known->second);
      }
      const core::CommitToken token = disk_.commit(transaction);
      tell_raised(transaction, raised);
      if (!transaction.gaps.empty()) count("cut by a limit");
      for (const std::string& name : removed) on_removed(name);
      for (const core::SubscriptionRecord& record : reset) on_reset(record);
      if (commits != nullptr) commits->push_back(transaction);
      if (failing_ == Failing::no) answers_.emplace_back(token);
    }
  } catch (const core::StoreFull& full) {
    answers_.emplace_back(Full{full.what()});
    if (tell) tell("  disk: full");
    return;
  }
  if (failing_ == Failing::no) return;
  count(failing_ == Failing::kept ? "commit failed and holds" : "commit failed and is lost");
  if (tell) tell("  disk: failed");
  failed_ = true;
}

void SimSidecar::tell_raised(const core::Transaction& transaction, const std::vector<core::DeadRecord>& letters) const {
  for (const core::DeadRecord& letter : letters) {
    const auto at =
        std::find_if(transaction.parked.begin(), transaction.parked.end(), [&](const core::ParkedRecord& parked) {
          return parked.subscription == letter.subscription && parked.sequence == letter.sequence;
        });
    on_raised(letter, at == transaction.parked.end() ? nullptr : &*at);
  }
}

bool SimSidecar::disk_step() {
  if (requests_.empty() || failed_) return false;
  const Request request = std::move(requests_.front());
  requests_.pop_front();
  std::visit(
      [&](const auto& asked) {
        using Asked = std::decay_t<decltype(asked)>;
        if constexpr (std::is_same_v<Asked, core::Transaction>) {
          if (tell) {
            tell("  disk: commit " + std::to_string(asked.number) + ", rows " + std::to_string(asked.rows.size()) +
                 ", parked " + std::to_string(asked.parked.size()) + ", dead " + std::to_string(asked.dead.size()) +
                 ", grants " + std::to_string(asked.grants.size()));
          }
          if (!asked.parked.empty()) count("commits that park");
          commit(asked);
        } else {
          auto reply = disk_.load(asked);
          if (tell) tell("  disk: load " + std::to_string(asked.number));
          if constexpr (std::is_same_v<Asked, core::LoadRequest>) {
            if (on_load) on_load(reply);
          }
          answers_.emplace_back(std::move(reply));
        }
      },
      request);
  return true;
}

bool SimSidecar::answer_step(core::Instant now) {
  if (answers_.empty()) return false;
  const Answer answer = std::move(answers_.front());
  answers_.pop_front();
  std::visit(
      [&](const auto& told) {
        using Told = std::decay_t<decltype(told)>;
        if constexpr (std::is_same_v<Told, core::CommitToken>) {
          office_->on_committed(told, now);
        } else if constexpr (std::is_same_v<Told, Full>) {
          office_->on_full(told.text, now);
        } else {
          office_->on_loaded(told, now);
        }
      },
      answer);
  perform(now);
  return true;
}

void SimSidecar::tick(core::Instant now, std::int64_t wall_ms) {
  office_->set_wall(wall_ms);
  if (now >= office_->next_deadline()) office_->on_time(now);
  perform(now);
}

void SimSidecar::perform(core::Instant now) {
  for (core::LoadRequest& load : office_->take_loads()) requests_.emplace_back(load);
  for (core::ParkedRequest& load : office_->take_parked_loads()) requests_.emplace_back(load);
  for (core::DeadRequest& load : office_->take_dead_loads()) requests_.emplace_back(std::move(load));
  if (auto transaction = office_->next_transaction(now)) {
    witness_.check_cuts(*transaction, *office_);
    requests_.emplace_back(std::move(*transaction));
  }
  for (core::Outgoing& one : office_->take_outgoing()) {
    const auto at = links_.find(one.link);
    if (at == links_.end()) continue;
    ClientLink& link = *at->second;
    const std::string name = name_of(one.message);
    count("sent " + name.substr(0, name.find(' ')));
    witness_.on_told(one.message, *office_);
    const auto* begun = std::get_if<core::Subscribed>(&one.message);
    if (begun != nullptr && begun->mode == core::SubscriptionMode::replay && on_replay) on_replay(*begun);
    if (const auto* missed = std::get_if<core::Missed>(&one.message)) {
      if (gaps_told_.try_emplace(missed->number, starts_).first->second != starts_)
        count("gap told again after restart");
    }
    if (tell) tell("  link " + std::to_string(one.link) + " < " + name);
    Frames frames;
    frames.push_back(core::encode(core::ControlFrame{++link.sidecar_number, std::move(one.message)}));
    if (!one.batch.empty()) frames.push_back(one.batch);
    if (link.open) link.down.push_back(std::move(frames));
  }
  for (const std::string& notice : office_->take_notices()) {
    if (tell) tell("  notice: " + notice);
  }
}

void SimSidecar::unclog() {
  for (auto& [id, link] : links_) link->clogged_up = link->clogged_down = false;
}

bool SimSidecar::quiet() const { return requests_.empty() && answers_.empty(); }

}  // namespace restante::sim
