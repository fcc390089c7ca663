#pragma once
/// \file
/// What operators want to know of a stream's dead letters, and have done with them.

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/batch.h"
#include "core/effects.h"
#include "core/messages.h"
#include "core/store_effects.h"
#include "core/turn.h"

namespace restante::core {

/// Dead letters are on the disk only, and there may be many: they are read by pages, one wish after the other. One that
/// is to be tried again becomes a parked message with its batch in its record, in the commit that deletes the letter:
/// it is outside of the stream's order and of its rows, as both are past it. Another message in its place has its
/// sequence and a random grant of its own, so that no id is bound to two payloads (C2). Pure; one thread at a time.
class DeadTasks {
 public:
  /// What its stream knows of a subscription.
  struct Books {
    std::function<std::optional<SubscriptionId>(const std::string& name)> id_of;
    std::function<std::string(SubscriptionId)> name_of;
    /// Why nothing can be put into it now, for people.
    std::function<std::optional<std::string>(SubscriptionId)> problem_of;
  };

  DeadTasks(StreamId stream, std::string name) : stream_(stream), name_(std::move(name)) {}

  void add(LinkId link, const ReadDead& wish, const Books& books, Turn& turn);
  /// `edited`: of an edit, the new message.
  void add(LinkId link, const ChangeDead& wish, std::optional<Batch> edited, const Books& books, Turn& turn);

  void next_load(std::uint64_t& number, std::vector<DeadRequest>& loads);
  void on_loaded(const DeadReply& reply, const Books& books, Turn& turn);

  [[nodiscard]] bool wants_commit() const noexcept { return !page_.empty(); }
  void collect(Transaction& transaction, const Books& books, Turn& turn);
  /// What waits only frees space: it may go on a full disk.
  [[nodiscard]] bool only_frees() const {
    return !page_.empty() && std::get<Change>(tasks_.front().what).wish.action == DeadAction::drop;
  }
  /// The subscriptions into which messages were put just now, one for each.
  std::vector<SubscriptionId> on_committed(Turn& turn);
  void on_not_committed();

 private:
  struct Reading {
    ReadDead wish;
  };
  struct Change {
    ChangeDead wish;
    std::optional<Batch> edited;
    std::vector<Sequence> left;  // rising
    DeadChanged told;
  };
  struct Task {
    LinkId link = 0;
    SubscriptionId subscription = 0;
    std::variant<Reading, Change> what;
    std::uint64_t load_number = 0;
  };

  [[nodiscard]] std::string problem_of(const ChangeDead& wish, const std::optional<Batch>& edited,
                                       const Books& books) const;
  [[nodiscard]] Buffer batch_of(const DeadRecord& letter) const;
  [[nodiscard]] DeadLetter told_of(const DeadRecord& letter, const Books& books) const;
  void answer(const Task& task, const ReadDead& wish, const DeadReply& reply, const Books& books, Turn& turn) const;
  void end(Turn& turn);

  StreamId stream_;
  std::string name_;
  std::deque<Task> tasks_;        // the first is under way
  std::vector<DeadRecord> page_;  // of a change, to go with the next commit
  std::vector<SubscriptionId> in_commit_;
  bool committing_ = false;
};

}  // namespace restante::core
