#pragma once
/// \file
/// What must hold, watched apart from what is tested: the contract of docs/guarantees.md.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <restante/types.h>

#include "core/messages.h"
#include "core/time.h"

namespace restante::sim {

/// A broken promise; `what()` begins with the name of the checker.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Knows every message by the number that its payload carries. Numbers rise over all streams. What the world takes away
/// for good (a newer store, a row) it tells here, and only that is excused.
class Ledger {
 public:
  using Number = std::uint64_t;

  // ---- the producers
  struct Message {
    std::string stream;
    std::string topic;
    std::string payload;
    GrantId grant = 0;
    Sequence sequence = 0;
    core::Instant expires = core::never;  ///< not before this
    core::Instant due{};                  ///< it is handed out: not before this
  };
  void on_sent(Number number, Message message);
  void on_confirmed(Number number);

  // ---- the subscriptions; names are the same in no two streams
  /// `topics`: those that it owns; empty: all. It owns every message, from the first on.
  void on_subscription(const std::string& name, const std::string& stream, const std::vector<std::string>& topics);
  /// It is about to be asked for, and begins with what is new: it never gets what is confirmed by now.
  void on_subscribing(const std::string& name, const std::string& stream, const std::vector<std::string>& topics);
  /// Its consumer was told that it is there: it owns whatever is sent from now on, from `next` on.
  void on_subscribed(const std::string& name, Number next);
  /// It was removed on the disk: from now on nothing is owed to it. One that is made by its name later is new.
  void on_removed(const std::string& name);
  /// It begins again behind `start`, and `kept` of its stream is there: that is owed again. True if any of it was done.
  bool on_reset(const std::string& name, Sequence start, const std::set<Number>& kept);

  /// Its filters are about to change: what is confirmed by now belongs by the old ones.
  void on_changing(const std::string& name, const std::vector<std::string>& topics);
  /// Its consumer was told that they have: whatever is sent from now on, from `next` on, belongs by them.
  void on_changed(const std::string& name, Number next);

  // ---- the consumers; `session` names one life of one process
  struct Reader {
    std::string subscription;
    std::uint64_t session = 0;
    bool in_order = false;  ///< exclusive: first deliveries are in order, per topic
    bool strict = false;    ///< nothing is handed out while something older of its topic is unsettled
  };
  struct Handed {
    GrantId grant = 0;
    Sequence sequence = 0;
    std::string_view topic;
    std::string_view payload;
    std::uint32_t attempt = 1;
    core::Instant now = core::never;
  };
  void on_session(const std::string& subscription, std::uint64_t session) {
    sessions_[session].subscription = subscription;
  }
  /// The sidecar may have lost a session of it: what was handed out alone then has an attempt more.
  void on_session_lost(const std::string& subscription) { ++books_[subscription].lost; }
  void on_handed(const Reader& reader, const Handed& handed, bool again_allowed);
  /// To a replay, which is nobody's subscription: it is what was sent.
  void on_replayed(const Handed& handed) const;
  /// By a subscriber without a name: it is what was sent.
  void on_heard(const Handed& heard) const;
  void on_done(const std::string& subscription, Number number) { books_[subscription].done.insert(number); }
  /// It becomes a dead letter, if its store is not replaced by an older copy before.
  void on_rejected(const std::string& subscription, Number number) { books_[subscription].rejected.insert(number); }
  void on_given_back(std::uint64_t session, GrantId grant, Sequence sequence);
  void on_dead(const std::string& subscription, GrantId grant, Sequence sequence, std::string_view payload);
  /// A dead letter of it is one no more, and what was said of it does not count any more: it comes again.
  void on_raised(const std::string& subscription, Number number);
  /// Another message, for it alone, has taken the place of a dead letter.
  void on_edited(const std::string& subscription, Number number, Message message);
  /// The session was told that its node's store has forgotten what is from `from` on.
  void on_regress(std::uint64_t session, Sequence from);

  // ---- limits
  void on_limit(const std::string& subscription, const BacklogLimit& limit) {
    books_[subscription].may_be_cut = limit != BacklogLimit{} && limit.then == OnLimit::cut;
  }
  /// Its messages may expire. `judged`: by a clock that nobody sets, and nothing else takes any of them.
  void on_expiry(const std::string& subscription, bool judged) {
    books_[subscription].may_be_cut = true;
    books_[subscription].judges_age = judged;
  }
  void on_attempts_max(const std::string& subscription, std::int64_t most) { books_[subscription].attempts_max = most; }
  /// The application was told that of what it has not got in `range` the rest is gone: that is excused, if somebody
  /// chose a limit for it.
  void on_gap(const Reader& reader, std::uint64_t number, core::Range range, core::Instant now);

  // ---- what is taken away
  [[nodiscard]] const std::set<Number>& confirmed() const noexcept { return confirmed_; }
  [[nodiscard]] const std::map<Number, Message>& messages() const noexcept { return sent_; }
  [[nodiscard]] bool is_excused(GrantId grant, Sequence sequence) const;
  /// A store was put in the place of the present one. It was copied when `confirmed` was confirmed and has
  /// `subscriptions`: what was confirmed since may be gone, and what was settled since may come again.
  void on_store_replaced(const std::set<Number>& confirmed, const std::set<std::string>& subscriptions);
  /// A row was damaged or taken away.
  void on_row_gone(GrantId grant, Sequence first, Sequence last);

  // ---- bounds
  static void on_memory(std::uint64_t octets, std::uint64_t bound);

  /// After the heal: confirmed, and in a subscription that owns it neither worked off nor a dead letter.
  [[nodiscard]] std::vector<Number> missing() const;
  [[nodiscard]] std::size_t sent() const noexcept { return sent_.size(); }
  [[nodiscard]] std::size_t excused() const noexcept { return excused_.size(); }
  [[nodiscard]] std::size_t done() const noexcept;
  [[nodiscard]] std::size_t dead() const noexcept;
  /// Names of what is missing first, for people.
  [[nodiscard]] std::string text_of(Number number) const;

 private:
  using Id = std::pair<GrantId, Sequence>;
  /// Topics that it owns, empty: all; and for which messages that may be so.
  struct Version {
    std::set<std::string> topics;
    std::set<Number> before;     ///< belong by an earlier one
    std::optional<Number> from;  ///< belongs by this one or a later one, as all behind it; nullopt: nobody was told yet
  };
  struct Book {
    std::string stream;
    std::vector<Version> versions;
    std::vector<Version> former;  ///< of the one that was removed, for what its sessions have in hand
    std::optional<Number> from;   ///< owns what is sent from this number on; nullopt: nobody was told yet
    std::set<Number> never;       ///< confirmed before it was asked for
    std::set<Number> done, dead, rejected;
    std::set<Number> raised;  ///< were dead letters: what is behind them did not wait
    std::set<Number> gone;    ///< in a gap that was told
    std::set<Number> cut;     ///< what is behind it was handed out: it must be gone
    bool may_be_cut = false;
    bool judges_age = false;
    std::int64_t attempts_max = 0;           ///< 0: not judged
    std::map<Number, std::uint32_t> handed;  ///< how often
    std::size_t lost = 0;                    ///< sessions
    bool removed = false;                    ///< once; an older store may have it again
  };
  struct Session {
    std::string subscription;
    std::set<Id> seen;
    std::set<std::uint64_t> gaps;            // told, by number
    std::map<std::string, Sequence> newest;  // by topic
    bool is_over = false;                    // its subscription was removed: what it has in hand still comes out
    bool is_regressed = false;               // what it has queued since before that comes in front of a gap
    bool goes_back = false;                  // its subscription is made again and may begin before where it was
  };
  [[nodiscard]] Number check_octets(GrantId grant, Sequence sequence, std::string_view payload) const;
  void take_place(Session& session, const Book& book, core::Range range) const;
  void check_place_of_gap(const Session& session, const Book& book, core::Range range) const;
  void check_strict(const Reader& reader, Book& book, const Handed& handed, Number number) const;
  static void check_order(Session& session, const Reader& reader, const Handed& handed, bool is_first);
  /// Does it own it by all versions that may hold for it, or by any of them?
  [[nodiscard]] bool owns(const Book& book, const std::vector<Version>& versions, Number number, bool by_all) const;

  std::map<Number, Message> sent_;
  std::map<Id, Number> ids_;
  std::set<Number> confirmed_, excused_;
  std::map<std::string, Book> books_;
  std::map<Number, const Book*> only_of_;  // messages that an operator made for one subscription
  std::map<std::uint64_t, Session> sessions_;
};

}  // namespace restante::sim
