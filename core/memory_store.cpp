#include "core/memory_store.h"

#include <algorithm>
#include <limits>

#include "core/load_page.h"
#include "core/transaction_check.h"

namespace restante::core {
namespace {

constexpr std::uint64_t record_octets = 64;  // what a record without a body costs, roughly

std::uint64_t size_of(const RowRecord& row) { return record_octets + row.octets.size(); }
std::uint64_t size_of(const ParkedRecord& parked) {
  return record_octets + parked.reason.size() + parked.history.size() + parked.octets.size();
}
std::uint64_t size_of(const DeadRecord& dead) {
  return record_octets + dead.payload.size() + dead.attributes.size() + dead.topic.size() + dead.reason.size() +
         dead.history.size();
}

/// Octets that `transaction` adds at most.
std::uint64_t size_of(const Transaction& transaction) {
  std::uint64_t size =
      record_octets * (transaction.streams.size() + transaction.grants.size() + transaction.subscriptions.size());
  for (const RowRecord& row : transaction.rows) size += size_of(row);
  for (const ParkedRecord& parked : transaction.parked) size += size_of(parked);
  for (const DeadRecord& dead : transaction.dead) size += size_of(dead);
  return size;
}

}  // namespace

MemoryStore::MemoryStore(std::string node, const Incarnation& incarnation, std::uint64_t capacity)
    : capacity_(capacity == 0 ? std::numeric_limits<std::uint64_t>::max() : capacity) {
  contents_.node = std::move(node);
  contents_.incarnation = incarnation;
}

void MemoryStore::require_alive() const {
  if (failed_) throw StoreFailed("the store in memory failed before; open it again");
}

StoreUsage MemoryStore::usage() const noexcept { return {contents_.used, capacity_, octets_written_, full_}; }

StoreImage MemoryStore::image() {
  require_alive();
  StoreImage image;
  image.node = contents_.node;
  image.incarnation = contents_.incarnation;
  for (const auto& [id, book] : contents_.streams) {
    image.streams.push_back(book.record);
    std::vector<GrantRecord> grants;
    for (const auto& [grant_id, grant] : book.grants) grants.push_back(grant);
    std::sort(grants.begin(), grants.end(), [](const GrantRecord& left, const GrantRecord& right) {
      return left.grant.range.first < right.grant.range.first;
    });
    image.grants.insert(image.grants.end(), grants.begin(), grants.end());
    image.pruned.push_back({id, book.pruned_to});
    if (book.rows.empty()) continue;
    StoreImage::Rows rows;
    rows.stream = id;
    rows.rows = book.rows.size();
    rows.first = book.rows.begin()->second.first;
    rows.last = book.rows.rbegin()->second.last;
    const Totals totals = totals_of(book);
    rows.messages = totals.messages;
    rows.octets = totals.octets;
    image.rows.push_back(rows);
  }
  for (const auto& [id, subscription] : contents_.subscriptions) image.subscriptions.push_back(subscription);
  for (const auto& [id, cursor] : contents_.cursors) image.cursors.push_back(cursor);
  for (const auto& [key, parked] : contents_.parked) {
    if (image.parked.empty() || image.parked.back().subscription != key.first) {
      image.parked.push_back({key.first, 0, parked.due_ms});
    }
    ++image.parked.back().count;
    image.parked.back().next_due_ms = std::min(image.parked.back().next_due_ms, parked.due_ms);
  }
  for (const auto& [key, gap] : contents_.gaps) image.gaps.push_back(gap);
  image.dead = contents_.dead.size();
  if (!contents_.dead.empty()) image.highest_subscription = contents_.dead.rbegin()->first.first;
  image.clock_ms = contents_.clock_ms;
  return image;
}

CommitToken MemoryStore::commit(const Transaction& transaction) {
  require_alive();
  if (const std::string rule = broken_rule(contents_, transaction); !rule.empty()) {
    failed_ = true;
    throw StoreFailed("the store in memory refused a transaction: " + rule);
  }
  require_room(transaction);
  octets_written_ += size_of(transaction);
  return committed(transaction.number, usage(), apply(transaction));
}

void MemoryStore::require_room(const Transaction& transaction) {
  if (transaction.only_frees() && !stuck_) return;
  // As on a disk: once full, room for more than the next write must be there before writes are taken again.
  const std::uint64_t bound = full_ ? capacity_ - capacity_ / 8 : capacity_;
  const std::uint64_t size = size_of(transaction);
  full_ = stuck_ || size > bound || contents_.used > bound - size;
  if (full_) throw StoreFull("the store in memory is full: settle or prune something");
}

std::vector<Pruned> MemoryStore::apply(const Transaction& transaction) {
  if (transaction.incarnation) contents_.incarnation = *transaction.incarnation;
  contents_.clock_ms = std::max(contents_.clock_ms, transaction.clock_ms);
  for (const StreamRecord& stream : transaction.streams) {
    const auto [entry, is_new] = contents_.streams.try_emplace(stream.id);
    entry->second.record = stream;
    if (is_new) contents_.used += record_octets;
  }
  for (const GrantRecord& grant : transaction.grants) {
    auto& grants = contents_.streams.at(grant.stream).grants;
    if (grants.insert_or_assign(grant.grant.grant, grant).second) contents_.used += record_octets;
  }
  for (const GrantRecord& grant : transaction.closed_grants) {
    const auto stream = contents_.streams.find(grant.stream);
    if (stream == contents_.streams.end()) continue;
    contents_.used -= record_octets * stream->second.grants.erase(grant.grant.grant);
  }
  for (const SubscriptionRecord& subscription : transaction.subscriptions) {
    const bool is_new = contents_.subscriptions.insert_or_assign(subscription.id, subscription).second;
    if (is_new) contents_.used += record_octets;
  }
  apply_rows(transaction);
  for (const ToldGap& told : transaction.told) {
    contents_.used -= record_octets * contents_.gaps.erase({told.subscription, told.number});
  }
  for (const GapRecord& gap : transaction.gaps) {
    if (contents_.gaps.insert_or_assign({gap.subscription, gap.number}, gap).second) contents_.used += record_octets;
  }
  for (const CursorRecord& cursor : transaction.cursors) {
    contents_.cursors.insert_or_assign(cursor.subscription, cursor);
  }
  for (const SubscriptionId removed : transaction.removed) remove(removed);
  std::vector<Pruned> pruned;
  for (const Prune& prune : transaction.prunes) {
    auto& book = contents_.streams.at(prune.stream);
    book.pruned_to = std::max(book.pruned_to, prune.keep.any() ? kept_from(book, prune) : prune.to);
    sweep(book);
    const Totals totals = totals_of(book);
    pruned.push_back({prune.stream, book.pruned_to, book.rows.size(), totals.messages, totals.octets, false});
  }
  for (auto& [id, book] : contents_.streams) sweep(book);
  return pruned;
}

MemoryStore::Totals MemoryStore::totals_of(const StoreContents::StreamBook& book) {
  Totals totals;
  for (const auto& [first, row] : book.rows) {
    totals.messages += row.last - row.first + 1;
    totals.octets += row.octets.size();
  }
  return totals;
}

/// Up to where rows are to go, the oldest first, so that what is left fits.
Sequence MemoryStore::kept_from(const StoreContents::StreamBook& book, const Prune& prune) const {
  const Retention& keep = prune.keep;
  Totals left;  // without what only parked messages hold
  for (const auto& [first, row] : book.rows) {
    if (row.last <= book.pruned_to) continue;
    left.messages += row.last - row.first + 1;
    left.octets += row.octets.size();
  }
  Sequence to = book.pruned_to;
  for (const auto& [first, row] : book.rows) {
    if (row.last > prune.to) break;
    if (row.last <= book.pruned_to) continue;
    const bool is_old =
        keep.age_ms != 0 && (row.stored_ms < prune.now_ms - keep.age_ms || row.stored_ms > prune.now_ms);
    const std::uint64_t messages = row.last - row.first + 1;
    const bool too_many = (keep.messages != 0 && left.messages >= keep.messages + messages) ||
                          (keep.octets != 0 && left.octets >= keep.octets + row.octets.size());
    if (!is_old && !too_many) break;
    to = row.last;
    left.messages -= messages;
    left.octets -= row.octets.size();
  }
  return to;
}

void MemoryStore::apply_rows(const Transaction& transaction) {
  for (const RowRecord& row : transaction.rows) {
    auto& book = contents_.streams.at(row.stream);
    if (!book.rows.try_emplace(row.first, row).second) continue;
    contents_.used += size_of(row);
    book.newest_row = std::max(book.newest_row, row.last);
  }
  for (const DeadKey& raised : transaction.raised) {
    const auto dead = contents_.dead.find({raised.subscription, raised.sequence});
    if (dead == contents_.dead.end()) continue;
    contents_.used -= size_of(dead->second);
    contents_.dead.erase(dead);
  }
  for (const ParkedRecord& parked : transaction.parked) {
    const StoreContents::MessageKey key{parked.subscription, parked.sequence};
    ParkedRecord record = parked;
    if (const auto old = contents_.parked.find(key); old != contents_.parked.end()) {
      if (record.octets.empty() && old->second.revived && old->second.grant != record.grant) continue;
      contents_.used -= size_of(old->second);
      if (record.octets.empty()) record.octets = old->second.octets;
    }
    record.revived = !record.octets.empty();
    contents_.used += size_of(record);
    contents_.parked.insert_or_assign(key, std::move(record));
  }
  for (const DeadRecord& dead : transaction.dead) {
    const auto [known, is_new] = contents_.dead.try_emplace({dead.subscription, dead.sequence}, dead);
    if (!is_new && !dead.replaces) continue;
    if (!is_new) contents_.used -= size_of(known->second);
    known->second = dead;
    contents_.used += size_of(dead);
  }
  for (const Unpark& unpark : transaction.unparked) {
    const bool is_one = unpark.last <= unpark.sequence;
    const std::pair last{unpark.subscription, std::max(unpark.sequence, unpark.last)};
    auto parked = contents_.parked.lower_bound({unpark.subscription, unpark.sequence});
    while (parked != contents_.parked.end() && parked->first <= last) {
      const ParkedRecord& record = parked->second;
      if (is_one ? unpark.grant != 0 && unpark.grant != record.grant : record.revived) {
        ++parked;
        continue;
      }
      contents_.used -= size_of(record);
      parked = contents_.parked.erase(parked);
    }
  }
}

/// Its dead letters stay.
void MemoryStore::remove(SubscriptionId subscription) {
  auto parked = contents_.parked.lower_bound({subscription, 0});
  while (parked != contents_.parked.end() && parked->first.first == subscription) {
    contents_.used -= size_of(parked->second);
    parked = contents_.parked.erase(parked);
  }
  contents_.used -= record_octets * std::erase_if(contents_.gaps, [subscription](const auto& known) {
                      return known.first.first == subscription;
                    });
  contents_.cursors.erase(subscription);
  contents_.used -= record_octets * contents_.subscriptions.erase(subscription);
}

void MemoryStore::sweep(StoreContents::StreamBook& book) {
  for (auto row = book.rows.begin(); row != book.rows.end() && row->second.last <= book.pruned_to;) {
    if (is_needed(row->second)) {
      ++row;
      continue;
    }
    contents_.used -= size_of(row->second);
    row = book.rows.erase(row);
  }
}

bool MemoryStore::is_needed(const RowRecord& row) const {
  return !parked_between(row.stream, row.first, row.last).empty();
}

std::vector<Sequence> MemoryStore::parked_between(StreamId stream, Sequence first, Sequence last) const {
  std::vector<Sequence> found;
  for (const auto& [id, subscription] : contents_.subscriptions) {
    if (subscription.stream != stream) continue;
    auto parked = contents_.parked.lower_bound({id, first});
    for (; parked != contents_.parked.end() && parked->first.first == id && parked->first.second <= last; ++parked) {
      if (!parked->second.revived) found.push_back(parked->first.second);
    }
  }
  return found;
}

LoadReply MemoryStore::load(const LoadRequest& asked) {
  require_alive();
  const auto stream = contents_.streams.find(asked.stream);
  if (stream == contents_.streams.end()) return LoadPage(asked, 0, [](Sequence) { return Sequence{0}; }).end(0, {});
  const auto& book = stream->second;
  LoadRequest request = asked;
  const auto own = contents_.parked.find({asked.parked_of, asked.up_to});
  if (own != contents_.parked.end() && own->second.revived) {
    const ParkedRecord& parked = own->second;
    return {
        asked.number, asked.stream, {{asked.stream, parked.grant, parked.sequence, parked.sequence, 0, parked.octets}},
        true,         {},           book.pruned_to};
  }
  for (const auto& [first, row] : book.rows) {
    if (asked.from_ms == 0 || row.stored_ms >= asked.from_ms) break;
    request.after = std::max(request.after, row.last);
  }
  const auto last_of = [&book](Sequence sequence) {
    const auto next = book.rows.upper_bound(sequence);
    return next == book.rows.begin() ? Sequence{0} : std::prev(next)->second.last;
  };
  LoadPage page(request, book.pruned_to, last_of);
  auto row = book.rows.upper_bound(request.after);
  if (row != book.rows.begin() && std::prev(row)->second.last > request.after) --row;
  for (; row != book.rows.end() && row->second.first <= request.up_to; ++row) {
    if (!page.takes(row->second.octets.size())) return page.more();
    page.add(row->second);
  }
  const Sequence named = row == book.rows.end() ? book.newest_row : row->second.stored_prev;
  const Sequence parked_to = std::min(request.up_to, book.pruned_to);
  return page.end(named, request.after < parked_to ? parked_between(request.stream, request.after + 1, parked_to)
                                                   : std::vector<Sequence>{});
}

ParkedReply MemoryStore::load(const ParkedRequest& request) {
  require_alive();
  ParkedReply reply;
  reply.number = request.number;
  reply.subscription = request.subscription;
  std::vector<ParkedRecord> all;
  auto entry = contents_.parked.lower_bound({request.subscription, 0});
  for (; entry != contents_.parked.end() && entry->first.first == request.subscription; ++entry) {
    all.push_back(entry->second);
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const ParkedRecord& left, const ParkedRecord& right) { return left.due_ms < right.due_ms; });
  for (ParkedRecord& parked : all) {
    if (parked.due_ms > request.due_ms || reply.parked.size() == request.count) {
      reply.next_due_ms = parked.due_ms;
      break;
    }
    parked.octets = {};
    reply.parked.push_back(std::move(parked));
  }
  return reply;
}

DeadReply MemoryStore::load(const DeadRequest& request) {
  require_alive();
  DeadReply reply{request.number, request.stream, {}, true};
  std::size_t octets = 0;
  for (const auto& [key, letter] : contents_.dead) {
    const bool is_asked_for =
        letter.stream == request.stream && (request.subscription == 0 || key.first == request.subscription) &&
        key > std::pair{request.after.subscription, request.after.sequence} &&
        (request.only.empty() || std::count(request.only.begin(), request.only.end(), key.second) > 0);
    if (!is_asked_for) continue;
    octets += request.payloads ? letter.payload.size() : 0;
    reply.end = reply.letters.size() < request.count && (reply.letters.empty() || octets <= request.octets);
    if (!reply.end) break;
    reply.letters.push_back(letter);
    reply.letters.back().octets = letter.payload.size();
    const auto parked = contents_.parked.find(key);
    reply.letters.back().has_heir = parked != contents_.parked.end() && !parked->second.octets.empty();
    if (request.payloads) continue;
    reply.letters.back().payload.clear();
    reply.letters.back().attributes.clear();
  }
  return reply;
}

bool MemoryStore::damage_row(StreamId stream, Sequence first) {
  const auto book = contents_.streams.find(stream);
  if (book == contents_.streams.end()) return false;
  const auto row = book->second.rows.find(first);
  if (row == book->second.rows.end() || row->second.octets.empty()) return false;
  std::string octets(row->second.octets.octets());
  octets.back() = static_cast<char>(octets.back() ^ 1);
  row->second.octets = Buffer::copy_of(octets);
  return true;
}

bool MemoryStore::lose_row(StreamId stream, Sequence first) {
  const auto book = contents_.streams.find(stream);
  if (book == contents_.streams.end()) return false;
  const auto row = book->second.rows.find(first);
  if (row == book->second.rows.end()) return false;
  contents_.used -= size_of(row->second);
  book->second.rows.erase(row);
  return true;
}

}  // namespace restante::core
