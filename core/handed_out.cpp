#include "core/handed_out.h"

#include <algorithm>

namespace restante::core {

template <typename Line>
auto HandedOut::place_in(Line& line, std::uint64_t number) {
  const auto at = std::lower_bound(line.begin(), line.end(), number,
                                   [](const Hand& hand, std::uint64_t wanted) { return hand.number < wanted; });
  return at != line.end() && at->number == number && !at->gone ? at : line.end();
}

std::uint64_t HandedOut::add(GrantId grant, Sequence sequence, Instant deadline) {
  line_.push_back({++last_number_, grant, sequence, deadline});
  ++active_;
  earliest_ = active_ == 1 ? deadline : std::min(earliest_, deadline);
  return last_number_;
}

std::optional<HandedOut::Hand> HandedOut::find(std::uint64_t number) const {
  const auto at = place_in(line_, number);
  return at == line_.end() ? std::nullopt : std::optional<Hand>(*at);
}

void HandedOut::drop(Hand& hand) noexcept {
  if (!hand.ended) --active_;
  if (hand.hangs) --hanging_;
  hand.gone = true;
  ++gone_;
}

void HandedOut::tidy() {
  while (!line_.empty() && line_.front().gone) {
    line_.pop_front();
    --gone_;
  }
  constexpr std::size_t few = 64;
  if (gone_ < few || gone_ * 2 < line_.size()) return;
  std::erase_if(line_, [](const Hand& hand) { return hand.gone; });
  gone_ = 0;
}

void HandedOut::erase(std::uint64_t number) {
  const auto at = place_in(line_, number);
  if (at == line_.end()) return;
  drop(*at);
  tidy();
}

bool HandedOut::extend(std::uint64_t number, Instant deadline) {
  const auto at = place_in(line_, number);
  if (at == line_.end()) return false;
  if (at->ended) {
    if (at->hangs) --hanging_;
    at->hangs = false;
    return false;
  }
  at->deadline = deadline;
  earliest_ = std::min(earliest_, deadline);
  return true;
}

std::vector<HandedOut::Hand> HandedOut::end_leases(Instant now) {
  std::vector<Hand> ended;
  if (next_deadline() > now) return ended;
  earliest_ = never;
  for (Hand& hand : line_) {
    if (hand.gone || hand.ended) continue;
    if (hand.deadline > now) {
      earliest_ = std::min(earliest_, hand.deadline);
      continue;
    }
    hand.ended = hand.hangs = true;
    --active_;
    ++hanging_;
    ended.push_back(hand);
  }
  return ended;
}

void HandedOut::erase_from(Sequence first) {
  for (Hand& hand : line_) {
    if (!hand.gone && hand.sequence >= first) drop(hand);
  }
  tidy();
}

void HandedOut::clear() noexcept {
  line_.clear();
  gone_ = active_ = hanging_ = 0;
}

bool HandedOut::holds(GrantId grant, Sequence sequence) const {
  return std::any_of(line_.begin(), line_.end(), [&](const Hand& hand) {
    return !hand.gone && !hand.ended && hand.grant == grant && hand.sequence == sequence;
  });
}

std::vector<HandedOut::Hand> HandedOut::all_active() const {
  std::vector<Hand> all;
  for (const Hand& hand : line_) {
    if (!hand.gone && !hand.ended) all.push_back(hand);
  }
  return all;
}

}  // namespace restante::core
