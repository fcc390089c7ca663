#pragma once
/// \file
/// Messages of a shared subscription that have left their batch's common fate.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "core/copied_batch.h"
#include "core/messages.h"
#include "core/time.h"

namespace restante::core {

/// A message is loose once it has an attempt behind it, waits for a time, is handed out alone, or is parked: then the
/// floor has passed it and its row is kept for it (B4). Kept by sequence, and by when it is due.
class LooseMessages {
 public:
  struct Message {
    GrantId grant = 0;
    BatchRef batch;            ///< empty for a parked one whose row is not in memory
    std::uint64_t octets = 0;  ///< its share of the batch, for credit
    std::uint32_t attempts = 0;
    std::uint32_t deaths = 0;
    Token holder = 0;     ///< 0: nobody
    Instant due = never;  ///< when it may be handed out; never while held or on its way to the dead letters
    bool alone = false;   ///< is to be handed out alone
    bool tried =
        false;  ///< an attempt was ended by a word of its consumer, which had it: a death alone does not say so
    bool burying = false;
    bool parking = false;  ///< its transaction is under way
    bool parked = false;
    std::uint32_t written_attempts = 0;  ///< as its parked row has them
    std::string reason;                  ///< why the last attempt ended
    std::string history;                 ///< of its attempts (attempt_history.h)
    bool revived = false;                ///< a dead letter that comes again: its batch is in its parked record
    std::optional<std::string> topic{};  ///< in a strict subscription, once it is known
  };
  using Map = std::map<Sequence, Message>;

  [[nodiscard]] const Map& all() const noexcept { return all_; }
  [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }
  [[nodiscard]] std::size_t parked() const noexcept { return parked_; }

  Message* find(Sequence sequence) {
    const auto at = all_.find(sequence);
    return at == all_.end() ? nullptr : &at->second;
  }
  Message& add(Sequence sequence) { return all_[sequence]; }
  void erase(Sequence sequence) {
    const auto at = all_.find(sequence);
    if (at == all_.end()) return;
    due_.erase({at->second.due, sequence});
    untried_.erase(sequence);
    parked_ -= at->second.parked ? 1U : 0U;
    all_.erase(at);
  }
  void set_due(Sequence sequence, Message& message, Instant due) {
    due_.erase({message.due, sequence});
    message.due = due;
    if (due != never) due_.insert({due, sequence});
    if (due != never && !message.tried && !message.burying) untried_.insert(sequence);
    else untried_.erase(sequence);
  }
  void set_parked(Message& message) {
    parked_ += message.parked ? 0U : 1U;
    message.parked = true;
    message.parking = false;
  }
  /// The earliest that is due after `now`: what is due already waits for credit and not for time.
  [[nodiscard]] Instant next_due_after(Instant now) const {
    const auto at = due_.upper_bound({now, ~Sequence{0}});
    return at == due_.end() ? never : at->first;
  }
  /// The first that is nobody's and may never have been handed out, or 0: the session that it was sent to may have
  /// ended before that.
  [[nodiscard]] Sequence first_untried() const { return untried_.empty() ? 0 : *untried_.begin(); }
  /// All that wait for a time, the earliest first.
  [[nodiscard]] const std::set<std::pair<Instant, Sequence>>& by_due() const noexcept { return due_; }

 private:
  Map all_;
  std::set<std::pair<Instant, Sequence>> due_;
  std::set<Sequence> untried_;
  std::size_t parked_ = 0;
};

}  // namespace restante::core
