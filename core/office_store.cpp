/// \file
/// The office and its store, its clock, and what it tells people.

#include <algorithm>
#include <vector>

#include "core/assert.h"
#include "core/office.h"

namespace restante::core {

namespace {

/// With less than this part of the quota left, what is only kept makes way for what is owed.
constexpr std::uint64_t pressed_part = 8;

}  // namespace

void Office::set_wall(std::int64_t wall_ms) {
  wall_ms_ = wall_ms;
  if (std::exchange(has_wall_, true)) return;
  clock_base_ms_ = std::max(clock_base_ms_, wall_ms);
}

void Office::begin(Instant now) {
  turn_.now = now_ = now;
  turn_.wall_ms = wall_ms_;
  turn_.clock_ms = clock_base_ms_ + std::chrono::duration_cast<std::chrono::milliseconds>(now - started_).count();
}

void Office::finish(Outbox& outbox) {
  outbox.finish(turn_);
  outbox.next_loads(load_number_, loads_, parked_loads_, turn_);
  outbox.next_dead_load(load_number_, dead_loads_);
  next_deadline_ = std::min(next_deadline_, outbox.next_deadline(now_, in_commit_));
}

/// Those of the highest priority first. Of equal ones each time another is the first, so that a busy one cannot keep
/// the others from the disk.
void Office::collect_due(Transaction& transaction) {
  std::uint64_t octets_left = limits::transaction_octets;
  std::vector<Outbox*> due;
  auto at = streams_.upper_bound(next_stream_);
  for (std::size_t left = streams_.size(); left > 0; --left, ++at) {
    if (at == streams_.end()) at = streams_.begin();
    if (at->second.wants_commit(now_)) due.push_back(&at->second);
  }
  std::stable_sort(due.begin(), due.end(), [](const Outbox* one, const Outbox* other) {
    return one->record().priority > other->record().priority;
  });
  for (Outbox* outbox : due) {
    if (octets_left == 0) return;
    next_stream_ = outbox->record().name;
    outbox->collect(transaction, octets_left, turn_);
  }
}

/// Nothing had to be written. Who waited for it begins now, as after a commit: not when something else happens.
void Office::end_empty_commit() {
  for (auto& [name, outbox] : streams_) {
    if (outbox.on_nothing_to_commit(turn_)) finish(outbox);
  }
  if (!loads_.empty() || !parked_loads_.empty() || !dead_loads_.empty())
    next_deadline_ = now_;  // the loop has taken the others by now
}

/// All that is due goes into one commit; what comes while it syncs gathers for the next.
std::optional<Transaction> Office::next_transaction(Instant now) {
  if (in_commit_) return std::nullopt;
  begin(now);
  Transaction transaction;
  if (std::exchange(must_free_, false)) {
    for (auto& [name, outbox] : streams_) outbox.collect_freeing(transaction, turn_);
  }
  if (transaction.empty()) {
    end_empty_commit();
    if (pending_incarnation_ && now_ >= retry_at_) {
      pending_incarnation_ = false;
      incarnation_in_commit_ = true;
      transaction.incarnation = incarnation_;
    }
    collect_due(transaction);
  }
  if (transaction.empty()) {
    end_empty_commit();
    return std::nullopt;
  }
  if (!transaction.parked.empty()) transaction.clock_ms = turn_.clock_ms;
  transaction.number = ++transaction_number_;
  only_frees_ = transaction.only_frees();
  in_commit_ = true;
  return transaction;
}

void Office::on_committed(const CommitToken& token, Instant now) {
  RESTANTE_ASSERT(in_commit_ && token.number() == transaction_number_);
  in_commit_ = incarnation_in_commit_ = false;
  begin(now);
  ++commits_;
  usage_ = token.usage();
  if (!usage_.full) full_text_.clear();  // else it was one that only freed
  set_windows();
  bool any_removed = false;
  for (auto& [name, outbox] : streams_) {
    const std::size_t before = outbox.subscriptions().size();
    outbox.on_committed(token, turn_);
    any_removed = any_removed || outbox.subscriptions().size() < before;
    finish(outbox);
  }
  if (any_removed) share_memory();
}

/// Whether it was full is the word of commits.
void Office::on_freed(const StoreUsage& usage, Instant now) {
  begin(now);
  const bool was_full = usage_.full;
  usage_ = usage;
  usage_.full = was_full;
  set_windows();
  for (auto& [name, outbox] : streams_) finish(outbox);
}

void Office::on_full(const std::string& text, Instant now) {
  RESTANTE_ASSERT(in_commit_);
  in_commit_ = false;
  pending_incarnation_ = pending_incarnation_ || std::exchange(incarnation_in_commit_, false);
  begin(now);
  ++counters_["commits refused by a full store"];
  if (full_text_.empty()) notices_.push_back("the store is full: " + text);
  full_text_ = text;
  usage_.full = true;
  must_free_ = !only_frees_;  // what cannot even free is not tried again at once
  set_windows();
  retry_at_ = after(now, limits::cursor_delay);
  for (auto& [name, outbox] : streams_) {
    outbox.on_not_committed(retry_at_);
    finish(outbox);
  }
}

/// W5: what a writer may have unconfirmed is granted beforehand, the room in the store included.
void Office::set_windows() {
  std::size_t writers = 1;
  for (const auto& [name, outbox] : streams_) writers += outbox.writer().attached ? 1U : 0U;
  std::uint64_t window = std::max<std::uint64_t>(limits::batch_size_target, 8 * limits::writer_window / writers);
  window = std::min<std::uint64_t>(window, limits::writer_window);
  std::string limit;
  bool is_pressed = usage_.full;
  if (usage_.quota > 0) {
    const std::uint64_t room = usage_.quota - std::min(usage_.quota, usage_.used);
    is_pressed = is_pressed || room < usage_.quota / pressed_part;
    window = std::min(window, room / 4 / writers);
    if (usage_.full && !full_text_.empty()) {
      window = 0;
      limit = "the store of node " + node_ + " is full: " + full_text_;
    } else if (usage_.full || window < limits::batch_size_target) {
      window = 0;
      limit = "the store of node " + node_ + " is full (" + std::to_string(usage_.used) + " of " +
              std::to_string(usage_.quota) + " octets); start consumers, or raise the quota (--quota)";
    }
  }
  for (auto& [name, outbox] : streams_) {
    // With workers at hand a little goes on: what they ack in time needs no disk.
    const bool flows = window == 0 && outbox.sessions() > 0;
    outbox.set_window(flows ? limits::batch_size_target : window, limit);
    outbox.set_pressed(is_pressed);
  }
}

void Office::on_loaded(const LoadReply& reply, Instant now) {
  begin(now);
  for (auto& [name, outbox] : streams_) {
    if (outbox.record().id != reply.stream) continue;
    const std::size_t before = outbox.subscriptions().size();
    outbox.on_loaded(reply, turn_);
    if (outbox.subscriptions().size() != before) share_memory();
    finish(outbox);
  }
}

void Office::on_loaded(const ParkedReply& reply, Instant now) {
  begin(now);
  for (auto& [name, outbox] : streams_) {
    if (!outbox.subscriptions().contains(reply.subscription)) continue;
    outbox.on_loaded(reply, turn_);
    finish(outbox);
  }
}

void Office::on_loaded(const DeadReply& reply, Instant now) {
  begin(now);
  for (auto& [name, outbox] : streams_) {
    if (outbox.record().id != reply.stream) continue;
    outbox.on_loaded(reply, turn_);
    finish(outbox);
  }
}

void Office::on_time(Instant now) {
  begin(now);
  next_deadline_ = never;
  for (const Outgoing& sent : out_) {
    const auto at = links_.find(sent.link);
    if (at != links_.end()) at->second.spoke = now;
  }
  if (now >= next_tick_) {
    next_tick_ = after(now, limits::heartbeat_interval / 5);
    std::vector<LinkId> silent;
    for (auto& [id, link] : links_) {
      if (now - link.heard > limits::silence_max) silent.push_back(id);
      if (link.greeted && now - link.spoke >= limits::heartbeat_interval) {
        link.spoke = now;
        out_.push_back(Outgoing{id, Heartbeat{}, {}});
      }
    }
    for (const LinkId id : silent) {
      ++counters_["links that fell silent"];
      end_link(id, false);
    }
    for (auto& [name, outbox] : streams_) outbox.checkpoint(turn_);
  }
  for (auto& [name, outbox] : streams_) {
    outbox.on_time(turn_);
    finish(outbox);
  }
  next_deadline_ = std::min(next_deadline_, next_tick_);
}

std::uint64_t Office::tracked_octets() const {
  std::uint64_t sum = 0;
  for (const auto& [name, outbox] : streams_) sum += outbox.tracked_octets();
  return sum;
}

NodeStatus Office::status(Instant now) {
  begin(now);
  NodeStatus status;
  status.node = node_;
  status.incarnation = incarnation_;
  status.links = links_.size();
  status.store = usage_;
  status.commits = commits_;
  std::map<std::string, std::uint64_t> counters = counters_;
  for (const auto& [name, outbox] : streams_) {
    status.streams.push_back(outbox.status(turn_));
    status.stored_octets += outbox.stored_octets();
    outbox.add_counters(counters);
  }
  status.counters.assign(counters.begin(), counters.end());
  return status;
}

}  // namespace restante::core
