/// \file
/// Somebody has dead letters tried again, drops some, or puts other messages in their place.

#include <algorithm>
#include <cstdlib>

#include "core/wire.h"
#include "tests/sim/world.h"

namespace restante::sim {

/// On a link of its own, as with removals: whether it was done shows on the disk.
void World::change_dead() {
  const auto& dead = disk_.contents().dead;
  if (!sidecar_runs() || dead.empty()) return;
  auto at = std::next(dead.begin(), static_cast<std::ptrdiff_t>(random_.below(dead.size())));
  const auto was_tried = [this](const auto& known) {
    return tried_again_.contains({known.second.grant, known.second.sequence});
  };
  const auto again = std::find_if(dead.begin(), dead.end(), was_tried);
  if (again != dead.end() && random_.chance(1, 2)) at = again;
  const core::DeadRecord& letter = at->second;
  const auto subscription = disk_.contents().subscriptions.find(letter.subscription);
  const bool is_there = subscription != disk_.contents().subscriptions.end();
  core::ChangeDead wish;
  wish.request = random_.next();
  wish.which.stream = disk_.contents().streams.at(letter.stream).record.name;
  wish.which.subscription = is_there ? subscription->second.name : "#" + std::to_string(letter.subscription);
  wish.which.sequences = {letter.sequence};
  const std::uint64_t kind = random_.below(8);
  wish.action = kind == 0 ? core::DeadAction::drop : kind <= 3 ? core::DeadAction::edit : core::DeadAction::retry;
  note("SOMEBODY CHANGES DEAD LETTER " + std::to_string(letter.sequence) + " OF " + wish.which.subscription);
  Frames frames;
  if (wish.action == core::DeadAction::edit) {
    core::BatchBuilder builder(wish.which.stream, letter.topic);
    builder.append(std::to_string(next_number_++) + " instead of " + std::to_string(letter.sequence));
    core::BatchHeader header;
    header.grant = header.first = header.last = 1;
    frames.push_back(builder.seal(header));
  } else if (random_.chance(1, 3)) {  // several at once
    for (const auto& [key, other] : dead) {
      const bool is_more = key.first == letter.subscription &&
                           wish.which.sequences.size() < std::min<std::size_t>(20, limits::ranges_max);
      if (is_more) wish.which.sequences.push_back(key.second);
    }
  }
  for (const Sequence sequence : wish.which.sequences) {
    if (wish.action == core::DeadAction::drop) dropped_.insert({letter.subscription, sequence});
  }
  frames.insert(frames.begin(), core::encode(core::ControlFrame{2, wish}));
  tool_ = sidecar_.accept(now_, 0);
  core::Hello hello;
  hello.process = "tool";
  hello.host = "simulated";
  tool_->up.push_back({core::encode(core::ControlFrame{1, hello})});
  tool_->up.push_back(std::move(frames));
}

/// It is so on the disk. What a worker has done, late, it has done.
void World::on_raised(const core::DeadRecord& letter, const core::ParkedRecord* parked) {
  note_dead();  // of before
  const auto subscription = disk_.contents().subscriptions.find(letter.subscription);
  if (parked == nullptr) {
    if (!dropped_.contains({letter.subscription, letter.sequence})) {
      throw Violation("dead letter gone: sequence " + std::to_string(letter.sequence) + ", which nobody dropped");
    }
    ++sometimes_["dead letter dropped"];
    return;
  }
  const std::string& name = subscription->second.name;
  const auto number_of = [](std::string_view payload) { return std::strtoull(payload.data(), nullptr, 10); };
  std::string why;
  const auto batch = core::Batch::parse(parked->octets, why);
  RESTANTE_ASSERT(batch.has_value());
  const core::BatchHeader& header = batch->header();
  const std::string payload(batch->message(header.first).payload);
  if (parked->grant != letter.grant) {
    ++sometimes_["dead letter replaced by another message"];
    note("DEAD LETTER " + std::to_string(letter.sequence) + " OF " + name + " IS REPLACED BY " + payload);
    ledger_.on_edited(name, number_of(payload), {header.stream, header.topic, payload, header.grant, header.first});
    return;
  }
  ++sometimes_["dead letter tried again"];
  if (!tried_again_.insert({letter.grant, letter.sequence}).second)
    ++sometimes_["dead letter tried again, and dead again"];
  note("DEAD LETTER " + std::to_string(letter.sequence) + " OF " + name + " IS TRIED AGAIN");
  ledger_.on_raised(name, number_of(letter.payload));
}

}  // namespace restante::sim
