#include "core/delivery_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/assert.h"

namespace restante::core {

void DeliveryQueue::append(Entry entry) {
  count_ += entry.range.last - entry.range.first + 1;
  octets_ += entry.batch->frame().size();
  entries_.push_back(std::move(entry));
}

void DeliveryQueue::push(std::shared_ptr<const Batch> batch, Range range, std::uint32_t attempt) {
  RESTANTE_ASSERT(batch->header().first <= range.first && range.first <= range.last);
  RESTANTE_ASSERT(range.last <= batch->header().last);
  BatchReader reader(*batch);
  append({std::move(batch), range, attempt, reader});
}

std::vector<std::uint64_t> DeliveryQueue::push_gap(const Missed& gap, bool at_front) {
  const auto is_part = [&gap](const Entry& entry) {
    return entry.gap != nullptr && entry.gap->reason == gap.reason && gap.range.first <= entry.range.first &&
           entry.range.last <= gap.range.last;
  };
  std::vector<std::uint64_t> parts;
  for (const Entry& entry : entries_) {
    if (is_part(entry)) parts.push_back(entry.gap->number);
  }
  auto place = std::find_if(entries_.begin(), entries_.end(), is_part);
  if (place == entries_.end() && at_front) {
    place = std::find_if(entries_.begin(), entries_.end(), [](const Entry& entry) { return entry.gap == nullptr; });
  }
  place = entries_.insert(place, {nullptr, gap.range, 0, std::nullopt, std::make_shared<const Missed>(gap)});
  entries_.erase(std::remove_if(std::next(place), entries_.end(), is_part), entries_.end());
  return parts;
}

Missed DeliveryQueue::pop_gap() {
  RESTANTE_ASSERT(gap_is_next());
  Missed gap = *entries_.front().gap;
  entries_.pop_front();
  return gap;
}

DeliveryQueue::Message DeliveryQueue::pop() {
  RESTANTE_ASSERT(!entries_.empty() && !gap_is_next());
  return pop_from(entries_.begin());
}

DeliveryQueue::Message DeliveryQueue::pop_from(std::deque<Entry>::iterator at) {
  at->reader->skip_to(at->range.first);
  Message message{at->batch, at->reader->next(), at->range.first, at->attempt};
  --count_;
  if (at->range.first++ == at->range.last) {
    octets_ -= message.batch->frame().size();
    entries_.erase(at);
  }
  return message;
}

std::optional<DeliveryQueue::Message> DeliveryQueue::pop_of(const MayGo& may_go) {
  const auto at = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.batch != nullptr && may_go(entry.batch->header().topic);
  });
  return at == entries_.end() ? std::nullopt : std::optional(pop_from(at));
}

bool DeliveryQueue::has_one_of(const MayGo& may_go) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& entry) { return entry.batch == nullptr || may_go(entry.batch->header().topic); });
}

template <typename Matches>
void DeliveryQueue::erase_where(Range range, Matches matches) {
  // Rare (a late ack, a regress, a new link), so the queue is simply built again.
  std::deque<Entry> entries = std::exchange(entries_, {});
  count_ = 0;
  octets_ = 0;
  for (Entry& entry : entries) {
    if (entry.batch == nullptr) {
      entries_.push_back(std::move(entry));
      continue;
    }
    if (!matches(*entry.batch) || entry.range.last < range.first || entry.range.first > range.last) {
      append(std::move(entry));
      continue;
    }
    const Range old = entry.range;
    if (old.first < range.first) {
      entry.range = {old.first, range.first - 1};
      append(entry);
    }
    if (old.last > range.last) {
      entry.range = {range.last + 1, old.last};
      append(std::move(entry));
    }
  }
}

void DeliveryQueue::erase(GrantId grant, Range range) {
  erase_where(range, [grant](const Batch& batch) { return batch.header().grant == grant; });
}

void DeliveryQueue::erase_from(Sequence first) {
  erase_where({first, ~Sequence{0}}, [](const Batch&) { return true; });
}

void DeliveryQueue::erase_up_to(Sequence last) {
  erase_where({0, last}, [](const Batch&) { return true; });
}

std::vector<std::uint64_t> DeliveryQueue::erase_gaps_from(Sequence first) {
  std::vector<std::uint64_t> numbers;
  std::erase_if(entries_, [&](const Entry& entry) {
    if (entry.gap == nullptr || entry.range.last < first) return false;
    numbers.push_back(entry.gap->number);
    return true;
  });
  return numbers;
}

void DeliveryQueue::clear() noexcept {
  entries_.clear();
  count_ = 0;
  octets_ = 0;
}

std::vector<GrantRange> DeliveryQueue::ranges_of(const std::string& topic) const {
  std::vector<GrantRange> all;
  for (const Entry& entry : entries_) {
    if (entry.batch != nullptr && entry.batch->header().topic == topic) {
      all.push_back({entry.batch->header().grant, entry.range});
    }
  }
  return all;
}

std::set<std::string> DeliveryQueue::topics_up_to(Sequence last) const {
  std::set<std::string> topics;
  for (const Entry& entry : entries_) {
    if (entry.batch != nullptr && entry.range.first <= last) topics.insert(entry.batch->header().topic);
  }
  return topics;
}

std::vector<GrantRange> DeliveryQueue::ranges() const {
  std::vector<GrantRange> all;
  all.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    if (entry.batch != nullptr) all.push_back({entry.batch->header().grant, entry.range});
  }
  return all;
}

}  // namespace restante::core
