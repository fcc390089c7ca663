#include "core/dead_tasks.h"

#include <algorithm>

#include <restante/limits.h>

#include "core/assert.h"

namespace restante::core {
namespace {

constexpr const char* busy = "others are just working on the dead letters of this stream; ask again";

}  // namespace

// ---- wishes

void DeadTasks::add(LinkId link, const ReadDead& wish, const Books& books, Turn& turn) {
  DeadLetters told;
  told.request = wish.request;
  Task task{link, 0, Reading{wish}};
  if (!wish.which.subscription.empty()) {
    const auto id = books.id_of(wish.which.subscription);
    if (!id) told.refusal = "stream " + name_ + " has no subscription " + wish.which.subscription;
    task.subscription = id.value_or(0);
  }
  if (!wish.which.sequences.empty() && task.subscription == 0 && told.refusal.empty()) {
    told.refusal = "a dead letter is named by its stream, its subscription and its sequence";
  }
  if (tasks_.size() >= limits::dead_tasks_max) told.refusal = busy;
  if (!told.refusal.empty()) {
    turn.out.push_back(Outgoing{link, std::move(told), {}});
    return;
  }
  tasks_.push_back(std::move(task));
}

std::string DeadTasks::problem_of(const ChangeDead& wish, const std::optional<Batch>& edited,
                                  const Books& books) const {
  if (tasks_.size() >= limits::dead_tasks_max) return busy;
  if (wish.which.sequences.empty() || wish.which.sequences.size() > limits::letter_changes_max) {
    return "dead letters are changed by their sequences, 1 to " + std::to_string(limits::letter_changes_max) +
           " of them at a time";
  }
  const auto id = books.id_of(wish.which.subscription);
  if (!id) return "stream " + name_ + " has no subscription " + wish.which.subscription;
  if (wish.action == DeadAction::drop) return {};
  if (wish.action == DeadAction::edit) {
    const bool is_one = edited && !edited->header().skip && edited->count() == 1;
    if (!is_one || wish.which.sequences.size() != 1) return "an edit is of one letter, with one new message";
  }
  return books.problem_of(*id).value_or("");
}

void DeadTasks::add(LinkId link, const ChangeDead& wish, std::optional<Batch> edited, const Books& books, Turn& turn) {
  DeadChanged told;
  told.request = wish.request;
  told.refusal = problem_of(wish, edited, books);
  if (!told.refusal.empty()) {
    turn.out.push_back(Outgoing{link, std::move(told), {}});
    return;
  }
  std::vector<Sequence> left = wish.which.sequences;
  std::sort(left.begin(), left.end());
  left.erase(std::unique(left.begin(), left.end()), left.end());
  tasks_.push_back(Task{link, *books.id_of(wish.which.subscription),
                        Change{wish, std::move(edited), std::move(left), std::move(told)}});
}

// ---- pages

void DeadTasks::next_load(std::uint64_t& number, std::vector<DeadRequest>& loads) {
  if (tasks_.empty() || !page_.empty() || committing_ || tasks_.front().load_number != 0) return;
  Task& task = tasks_.front();
  DeadRequest request;
  request.stream = stream_;
  request.subscription = task.subscription;
  request.octets = limits::page_octets;
  if (const auto* reading = std::get_if<Reading>(&task.what)) {
    request.after = {reading->wish.after_subscription, reading->wish.after_sequence};
    request.only = reading->wish.which.sequences;
    request.payloads = reading->wish.whole;
    request.count = request.payloads ? 1 : std::min<std::size_t>(reading->wish.count, limits::letters_max);
  } else {
    const Change& change = std::get<Change>(task.what);
    request.only = change.left;
    request.payloads = change.wish.action == DeadAction::retry;
    request.count = limits::letter_changes_max;
  }
  request.number = task.load_number = ++number;
  loads.push_back(std::move(request));
}

void DeadTasks::on_loaded(const DeadReply& reply, const Books& books, Turn& turn) {
  if (tasks_.empty() || reply.number != tasks_.front().load_number) return;
  Task& task = tasks_.front();
  task.load_number = 0;
  if (const auto* reading = std::get_if<Reading>(&task.what)) {
    answer(task, reading->wish, reply, books, turn);
    tasks_.pop_front();
    return;
  }
  Change& change = std::get<Change>(task.what);
  page_ = reply.letters;
  const auto damaged = std::erase_if(page_, [](const DeadRecord& letter) { return !letter.is_whole; });
  if (damaged > 0) change.told.refusal = "some of them are damaged on the disk: they stay where they are";
  if (change.wish.action != DeadAction::drop) {
    // After a crash a letter may die a second time while what took its place waits: that has the letter's number on the
    // disk, and what comes now would overwrite it. Only these tasks put such records there, one after the other.
    const auto replaced = std::erase_if(page_, [](const DeadRecord& letter) { return letter.has_heir; });
    if (replaced > 0) change.told.refusal = "what was put in their place before still waits: ask again when it is done";
  }
  const Sequence behind = reply.letters.empty() ? 0 : reply.letters.back().sequence;
  if (reply.end) change.left.clear();
  else std::erase_if(change.left, [&](Sequence one) { return one <= behind; });
  if (page_.empty() && change.left.empty()) end(turn);
}

DeadLetter DeadTasks::told_of(const DeadRecord& letter, const Books& books) const {
  DeadLetter told{letter.subscription,   books.name_of(letter.subscription),
                  letter.sequence,       letter.grant,
                  letter.attempts,       letter.buried_ms,
                  letter.source_time_us, letter.octets,
                  letter.reason,         letter.topic,
                  letter.history};
  // What is on the disk may be longer than what is told.
  told.history.resize(std::min(told.history.size(), limits::history_size_max));
  told.topic.resize(std::min(told.topic.size(), limits::topic_size_max));
  return told;
}

void DeadTasks::answer(const Task& task, const ReadDead& wish, const DeadReply& reply, const Books& books,
                       Turn& turn) const {
  DeadLetters told;
  told.request = wish.request;
  told.more = !reply.end;
  for (const DeadRecord& letter : reply.letters) told.letters.push_back(told_of(letter, books));
  Buffer batch;
  if (wish.whole && !reply.letters.empty() && !reply.letters.front().is_whole) {
    told.refusal = "the disk has damaged this dead letter";
  } else if (wish.whole && !reply.letters.empty()) {
    batch = batch_of(reply.letters.front());
  } else if (wish.whole) {
    told.refusal = "there is no such dead letter: it was dropped or is being tried again, or never was one";
  }
  turn.out.push_back(Outgoing{task.link, std::move(told), std::move(batch)});
}

/// As it came from its writer, alone.
Buffer DeadTasks::batch_of(const DeadRecord& letter) const {
  BatchBuilder builder(name_, letter.topic, letter.payload.size() + letter.attributes.size());
  builder.append(letter.payload, letter.attributes);
  BatchHeader header{name_, letter.topic, letter.grant, letter.sequence, letter.sequence};
  header.prev = header.before = letter.sequence - 1;
  header.source_time_us = letter.source_time_us;
  return builder.seal(header);
}

// ---- commits

void DeadTasks::collect(Transaction& transaction, const Books& books, Turn& turn) {
  if (page_.empty()) return;
  RESTANTE_ASSERT(!tasks_.empty() && !committing_);
  Task& task = tasks_.front();
  Change& change = std::get<Change>(task.what);
  const bool comes_again = change.wish.action != DeadAction::drop;
  if (const auto problem = comes_again ? books.problem_of(task.subscription) : std::nullopt) {
    change.told.refusal = *problem;
    page_.clear();
    end(turn);
    return;
  }
  committing_ = true;
  for (DeadRecord letter : page_) {
    transaction.raised.push_back({letter.subscription, letter.sequence});
    if (!comes_again) continue;
    if (change.edited) {
      const MessageView message = change.edited->message(change.edited->header().first);
      letter.topic = change.edited->header().topic;
      letter.payload = message.payload;
      letter.attributes = message.attributes;
      while ((letter.grant = turn.random.next()) == 0) {
      }
    }
    ParkedRecord parked{letter.subscription, letter.sequence, letter.grant, turn.clock_ms, 0,
                        letter.reason,       letter.history};
    parked.octets = batch_of(letter);
    transaction.parked.push_back(std::move(parked));
    in_commit_.push_back(letter.subscription);
  }
}

std::vector<SubscriptionId> DeadTasks::on_committed(Turn& turn) {
  if (!std::exchange(committing_, false)) return {};
  Change& change = std::get<Change>(tasks_.front().what);
  for (const DeadRecord& letter : page_) {
    ++change.told.letters;
    change.told.octets += letter.octets;
  }
  page_.clear();
  if (change.left.empty()) end(turn);
  return std::exchange(in_commit_, {});
}

/// The disk is full: the page is tried again.
void DeadTasks::on_not_committed() {
  committing_ = false;
  in_commit_.clear();
}

void DeadTasks::end(Turn& turn) {
  Change& change = std::get<Change>(tasks_.front().what);
  turn.out.push_back(Outgoing{tasks_.front().link, std::move(change.told), {}});
  tasks_.pop_front();
}

}  // namespace restante::core
