#include "core/order_gate.h"

#include <algorithm>

#include <restante/limits.h>

namespace restante::core {

Sequence OrderGate::known(const std::string& topic) const {
  const auto at = seen_.find(topic);
  return at == seen_.end() ? baseline() : std::max(baseline(), at->second);
}

void OrderGate::begin(Sequence floor) {
  baseline_ = std::max(baseline(), floor);
  forget_below_baseline();
  asked_ = false;
}

void OrderGate::on_checkpoint(Sequence to) {
  if (!baseline_) return;
  baseline_ = std::max(*baseline_, to);
  forget_below_baseline();
  asked_ = false;
}

void OrderGate::on_control(Sequence last) { baseline_ = std::max(baseline(), last); }

void OrderGate::forget_below_baseline() {
  std::erase_if(seen_, [this](const auto& entry) { return entry.second <= *baseline_; });
}

bool OrderGate::note(const std::string& topic, Sequence last) {
  noted_ = true;
  const auto at = seen_.find(topic);
  if (at != seen_.end()) {
    at->second = std::max(at->second, last);
    return true;
  }
  // Never evicted above the baseline: that would deliver twice (X2).
  if (seen_.size() >= limits::seen_topics_max) return false;
  seen_.emplace(topic, last);
  return true;
}

OrderGate::Answer OrderGate::on_live(const std::shared_ptr<const Batch>& batch) {
  if (!baseline_) return {};
  const BatchHeader& header = batch->header();
  const Sequence known_to = known(header.topic);
  if (header.last <= known_to) return {Verdict::known, {header.first, header.last}};
  if (header.first > known_to && header.prev > known_to) {
    keep(batch);
    return {Verdict::wait, {}};
  }
  if (!note(header.topic, header.last)) return {};
  return {Verdict::pass, {std::max(header.first, known_to + 1), header.last}};
}

void OrderGate::keep(const std::shared_ptr<const Batch>& batch) {
  if (!waiting_.emplace(batch->header().first, batch).second) return;
  waiting_octets_ += batch->frame().size();
  passes_from_ = std::min({passes_from_, batch->header().prev, batch->header().first});
  while (waiting_.size() > limits::hold_batches || waiting_octets_ > limits::hold_octets) {
    // The oldest: catching up brings those first. Without the newest there would be a gap at every change (T5).
    waiting_octets_ -= waiting_.begin()->second->frame().size();
    waiting_.erase(waiting_.begin());
    ++overflowed_;
  }
}

std::vector<OrderGate::Passed> OrderGate::take_passed() {
  std::vector<Passed> passed;
  // While it catches up, thousands may wait and each batch of the control link asks.
  if (!noted_ && baseline() < passes_from_) return passed;
  passes_from_ = std::numeric_limits<Sequence>::max();
  // One walk is enough: what a batch waits for is below it.
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    const BatchHeader& header = at->second->header();
    const Sequence known_to = known(header.topic);
    if (header.last > known_to) {
      const bool in_order = header.first <= known_to || header.prev <= known_to;
      if (!in_order || !note(header.topic, header.last)) {
        passes_from_ = std::min({passes_from_, header.prev, header.first});
        ++at;
        continue;
      }
      passed.push_back({at->second, {std::max(header.first, known_to + 1), header.last}});
    }
    waiting_octets_ -= at->second->frame().size();
    at = waiting_.erase(at);
  }
  noted_ = false;
  return passed;
}

std::optional<Sequence> OrderGate::take_want() {
  if (!wants()) return std::nullopt;
  asked_ = true;
  return waiting_.begin()->second->header().prev;
}

void OrderGate::on_regress(Sequence first) {
  if (!baseline_) return;
  const Sequence before = first == 0 ? 0 : first - 1;
  for (auto& [topic, last] : seen_) last = std::min(last, before);
  baseline_ = std::min(*baseline_, before);
  forget_below_baseline();
}

void OrderGate::drop_unannounced(const KnownGrants& grants) {
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    const BatchHeader& header = at->second->header();
    if (grants.announced(header.grant, {header.first, header.last})) {
      ++at;
      continue;
    }
    waiting_octets_ -= at->second->frame().size();
    at = waiting_.erase(at);
  }
}

}  // namespace restante::core
