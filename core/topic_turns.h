#pragma once
/// \file
/// Whose turn it is, topic by topic, in a strict subscription.

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "core/messages.h"

namespace restante::core {

/// The books of a strict subscription (X8): of each topic what is owed, what has a history of its own, and which
/// batches may be in hand; and which topics may have something to be sent. What is said of a batch may be out of date,
/// and is looked at again when its topic's turn comes. Not thread-safe.
class TopicTurns {
 public:
  struct Books {
    std::set<Sequence> owed;   ///< first sequences of batches of which something may be owed
    std::set<Sequence> loose;  ///< messages that have left their batch's common fate, in hand or not
    std::set<Sequence> held;   ///< first sequences of batches of which something may be in hand
    Sequence turn = 0;         ///< its place among those that are ready; 0: it is not
  };
  struct Place {
    Sequence turn = 0;
    std::string topic;
    friend auto operator<=>(const Place&, const Place&) = default;
  };

  void on_owed(const std::string& topic, Sequence first) {
    owed_ += books_[topic].owed.insert(first).second ? 1U : 0U;
    touch(topic);
  }
  void on_not_owed(Books& books, Sequence first) { owed_ -= books.owed.erase(first); }
  void on_held(const std::string& topic, Sequence first) { books_[topic].held.insert(first); }
  void on_loose(const std::string& topic, Sequence sequence) {
    books_[topic].loose.insert(sequence);
    touch(topic);
  }
  void on_loose_gone(const std::string& topic, Sequence sequence) {
    books_[topic].loose.erase(sequence);
    touch(topic);
  }
  /// Something of it may have become free to be sent, or there is nothing of it any more.
  void touch(const std::string& topic) {
    const auto at = books_.find(topic);
    if (at == books_.end()) return;
    const Books& books = at->second;
    const Sequence owed = books.owed.empty() ? ~Sequence{0} : *books.owed.begin();
    const Sequence loose = books.loose.empty() ? ~Sequence{0} : *books.loose.begin();
    is_ready({std::min(owed, loose), topic});
  }
  /// At that place, or where it is if that is before.
  void is_ready(const Place& place) {
    Books& books = books_.at(place.topic);
    if (books.turn != 0 && books.turn <= place.turn) return;
    if (books.turn != 0) ready_.erase({books.turn, place.topic});
    books.turn = place.turn;
    ready_.insert(place);
  }
  /// Takes out the next one behind `place`, the oldest first, so that no topic waits for ever for credit. False: none.
  bool take_next(Place& place) {
    const auto at = ready_.upper_bound(place);
    if (at == ready_.end()) return false;
    place = *at;
    ready_.erase(at);
    books_.at(place.topic).turn = 0;
    return true;
  }

  [[nodiscard]] bool anything_owed() const noexcept { return owed_ > 0; }
  [[nodiscard]] std::set<Sequence> all_owed() const {
    std::set<Sequence> all;
    for (const auto& [topic, books] : books_) all.insert(books.owed.begin(), books.owed.end());
    return all;
  }
  [[nodiscard]] Books* find(const std::string& topic) {
    const auto at = books_.find(topic);
    return at == books_.end() ? nullptr : &at->second;
  }
  /// Forgets it if there is nothing of it.
  void tidy(const std::string& topic) {
    const auto at = books_.find(topic);
    if (at == books_.end() || !at->second.owed.empty() || !at->second.loose.empty() || !at->second.held.empty()) return;
    if (at->second.turn != 0) ready_.erase({at->second.turn, topic});
    books_.erase(at);
  }

 private:
  std::map<std::string, Books> books_;
  std::set<Place> ready_;
  std::size_t owed_ = 0;
};

}  // namespace restante::core
