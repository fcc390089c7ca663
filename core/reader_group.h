#pragma once
/// \file
/// The consumers of one subscription at the sidecar: workers that take parts of a stream, or the one reader of all of
/// it (PROTOCOL G1 to G3, B4, B5, T1, T4, X4).

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/backlog_count.h"
#include "core/consumer_session.h"
#include "core/cursor.h"
#include "core/drain_gate.h"
#include "core/loose_messages.h"
#include "core/messages.h"
#include "core/owed_gaps.h"
#include "core/retry_policy.h"
#include "core/store_effects.h"
#include "core/topic_turns.h"
#include "core/turn.h"

namespace restante::core {

/// Who reads, who holds what, what is owed. An unsettled message is in one of these states: held by a session (Hold),
/// loose (it has a history or a wait of its own), or owed: it goes to whoever has credit.
///
/// An exclusive subscription has one session at a time, which is *live* (what the writer copies is held by it at once,
/// for it comes on the live path; nothing is sent) or *catching up*: everything owed is sent in order, so that each
/// batch covers all below it. Whatever becomes owed while it is live makes it catch up: a gap that it tells, a live
/// copy that nobody reports, a release, a batch that did not fit the window. Pure; one thread at a time.
class ReaderGroup {
 public:
  /// Why a message is gone that was too old, for people.
  static constexpr const char* expired_text = "expired: it was older than it may get before anybody had it in hand";

  struct Counters {
    std::uint64_t acked = 0, redelivered = 0, attempts = 0, live_lost = 0, deaths = 0, alone = 0;
    std::uint64_t gone_live = 0, gaps = 0;  // of exclusive sessions
    std::uint64_t held_topics = 0;          // strict: times that one was not gone on with, as a message of it waits
  };
  /// A message that is to become a dead letter, or to be parked: the outbox puts it into a transaction.
  struct Aside {
    Sequence sequence = 0;
    GrantId grant = 0;
    BatchRef batch;  ///< may be empty for a parked message that is parked again
    std::uint32_t attempts = 0;
    std::string reason;
    std::string history;
    std::int64_t due_ms = 0;
    bool revived = false;  ///< as LooseMessages::Message
  };
  /// A parked message that is settled: its record is to go.
  struct Unparked {
    Sequence sequence = 0;
    GrantId grant = 0;
    friend bool operator==(const Unparked&, const Unparked&) = default;
  };

  ReaderGroup(Cursor cursor, const RetryPolicy& retry, SubscriptionMode mode = SubscriptionMode::shared)
      : cursor_(std::move(cursor)), retry_(retry), mode_(mode) {}

  void set_retry(const RetryPolicy& retry) { retry_ = retry; }
  void set_drain(const DrainRate& rate) { drain_.set_rate(rate); }

  [[nodiscard]] Cursor& cursor() noexcept { return cursor_; }
  [[nodiscard]] const Cursor& cursor() const noexcept { return cursor_; }
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
  [[nodiscard]] const std::map<Token, ConsumerSession>& sessions() const noexcept { return sessions_; }
  [[nodiscard]] const LooseMessages& loose() const noexcept { return loose_; }
  [[nodiscard]] bool anything_owed() const noexcept { return !owed_.empty() || turns_.anything_owed(); }
  [[nodiscard]] bool exclusive() const noexcept { return mode_ == SubscriptionMode::exclusive; }
  [[nodiscard]] bool strict() const noexcept { return mode_ == SubscriptionMode::strict; }
  /// Of several consumers the newest has the name (X7).
  [[nodiscard]] bool has_one_reader() const noexcept { return exclusive() || strict(); }
  /// Where the reader hears the writer; empty: it does not.
  void hear(Token token, const std::string& endpoint) {
    if (ConsumerSession* session = find(token)) session->endpoint = endpoint;
  }
  [[nodiscard]] bool live() const noexcept { return live_; }  ///< of an exclusive subscription
  /// Of an exclusive subscription: what is next to come although the floor may have passed it. 0: nothing.
  [[nodiscard]] Sequence first_untried() const { return exclusive() ? loose_.first_untried() : 0; }
  [[nodiscard]] Instant next_deadline(Instant now) const;

  // ---- batches
  /// Tracks a batch that was copied or loaded. `change` tells what early acks settled of it.
  void track(const BatchRef& batch, Cursor::Change& change, const Turn& turn);
  /// Forgets the newest batches that are on disk and in nobody's hand while there are more than `octets_max` of them.
  /// True if it did: pages bring them again.
  bool shrink(std::uint64_t octets_max, BacklogCount& beyond);
  /// Counts a copy that was sent live, tracked or not.
  void count_live(Token owner, const CopiedBatch& batch);

  // ---- sessions
  void join(const ConsumerSession& session, const std::vector<GrantRange>& held, const Turn& turn);
  /// `in_order`: it said goodbye; else its batches have lost a session, and what it had alone has lost an attempt.
  void admit(Token token, Turn& turn);
  void leave(Token token, bool in_order, const Turn& turn);
  void settle(const Settle& settle, Cursor::Change& change, const Turn& turn);

  /// Of an exclusive subscription: some of what is parked and due is not in memory yet, and what is behind it waits. Of
  /// a strict one: some of what is parked.
  void await_parked(bool awaited) noexcept { parked_awaited_ = awaited; }

  // ---- the passing of time, and work for those who have credit
  void on_time(const Turn& turn);
  void dispatch(Turn& turn);
  /// An exclusive session misses something: it catches up, until the copied head has reached `want` (T4).
  void catch_up(Sequence want);
  /// The copied head is `head`, and everything up to it is tracked (`hot`) or not. True if an exclusive session has
  /// caught up just now: it is live, and is to be told a checkpoint of `head` (T1). Follows dispatch().
  bool goes_live(Sequence head, bool hot, bool want_is_open);
  [[nodiscard]] Sequence want() const noexcept { return want_; }
  /// What a checkpoint may say between two changes of state: all that is owned up to here is settled, or the session
  /// has said that it has it. While it is catching up, and for workers, the floor.
  [[nodiscard]] Sequence covered_to(Sequence head) const;
  /// Tells the writer (on `link`, for `handle`) what it may send live, of topics that match `filters`; nothing while
  /// `allowed` is false. True if credit was taken back for what is owed: dispatch() may have work.
  bool lend(Turn& turn, LinkId link, std::uint64_t handle, const std::vector<std::string>& filters, bool allowed);
  /// A new link of the writer: all targets are announced again, from 0.
  void forget_lending();

  // ---- what a limit takes, and the gaps that are owed for it
  /// Takes the oldest that is in nobody's hand: so many messages, and so many octets, if there are. It is in the hand
  /// of the transaction that is put together now until on_cut() or on_not_cut() of each range.
  std::vector<Range> take_cut(std::uint64_t messages, std::uint64_t octets);
  /// Something that nobody has in hand is too old: a transaction is wanted.
  [[nodiscard]] bool wants_expiry() const noexcept { return expiry_due_; }
  /// What is asked for again is handed out however old it is.
  void ignore_age() { ages_ = false; }
  /// What is too old is said anew.
  void look_for_expired() { next_expiry_ = Instant{}; }
  /// Likewise what is too old of it; to the dead letters (then it is nobody's cut, and with take_burials()) or not.
  std::vector<Range> take_expired(bool to_dead, const Turn& turn);
  void on_cut(Range range, Cursor::Change& change);
  void on_not_cut(Range range);
  /// Nothing in it is still to come, but for what is being cut.
  [[nodiscard]] bool is_clear(Range between) const;
  [[nodiscard]] OwedGaps& gaps() noexcept { return gaps_; }
  [[nodiscard]] const OwedGaps& gaps() const noexcept { return gaps_; }
  /// Of an exclusive subscription: the first, message or gap, that is next to come although the floor may have passed
  /// it. 0: nothing.
  [[nodiscard]] Sequence first_in_order() const;

  // ---- what of the sessions' words is on the disk
  /// To be said to on_heard() when the transaction that is put together now is written; follows take_burials().
  [[nodiscard]] std::vector<std::pair<Token, std::uint64_t>> heard() const;
  void on_heard(Token token, std::uint64_t count);
  [[nodiscard]] bool has_unwritten_words() const;
  [[nodiscard]] bool has_heard_more() const;  ///< than a checkpoint has told
  std::uint64_t tell_heard(Token token);

  // ---- aside: dead letters and parking
  /// Something is to be buried or parked, or to leave the parked: a transaction is wanted.
  [[nodiscard]] bool wants_commit() const noexcept { return aside_wanted_; }
  std::vector<Aside> take_burials();
  void on_buried(Sequence sequence, Cursor::Change& change);
  std::vector<Aside> take_parkings(const Turn& turn);
  /// When it is due, if there was no room to keep it in memory: then it is to be loaded in time.
  std::optional<Instant> on_parked(Sequence sequence, Cursor::Change& change);
  /// A burial or a parking could not be written (disk full): it is offered again.
  void on_not_written(Sequence sequence);
  [[nodiscard]] bool leaves_parked(const Unparked& message) const {
    return std::find(unparked_.begin(), unparked_.end(), message) != unparked_.end();
  }
  /// A message that it knows apart from its block, which may be closed by now.
  [[nodiscard]] bool knows(const GrantRange& id) const {
    const auto at = loose_.all().find(id.range.first);
    return id.range.first == id.range.last && at != loose_.all().end() && at->second.grant == id.grant;
  }
  [[nodiscard]] bool has_unparked() const noexcept { return !unparked_.empty(); }
  std::vector<Unparked> take_unparked() { return std::exchange(unparked_, {}); }
  /// Parked messages from the store; their rows are asked for by next_fetch() when they are due. How many are new.
  std::size_t on_parked_loaded(const std::vector<ParkedRecord>& parked, const Turn& turn);
  /// One at a time, and no more than a few ahead of the credit that they wait for: a row may be large (C5).
  [[nodiscard]] std::optional<Sequence> next_fetch(Instant now) const;
  /// The row of a parked message, or nothing if it is damaged: then the message is lost and said to be.
  void on_fetched(Sequence sequence, const BatchRef& batch);

 private:
  void hold(Cursor::Entry& entry, Range range, ConsumerSession& session, bool reported, const Turn& turn);
  void unhold(Cursor::Entry& entry, Range part, Token only_of);
  bool settle_range(const GrantRange& ids, Cursor::Change& change);
  void reject(const Reject& reject, ConsumerSession& session, const Turn& turn);
  void drop_loose(Sequence sequence, bool settled);
  void end_attempt(Sequence sequence, GrantId grant, ConsumerSession& session, const std::string& reason,
                   std::optional<Duration> delay, const Turn& turn);
  void end_attempt(Sequence sequence, LooseMessages::Message& message, const std::string& who,
                   const std::string& reason, std::optional<Duration> delay, const Turn& turn);
  void bury(Sequence sequence, const std::string& reason);
  void report(Token token, Range range, const Turn& turn);
  void release(Token token, const GrantRange& ids);
  void park_old(const Turn& turn);
  [[nodiscard]] std::size_t loose_max() const noexcept {
    return strict() ? limits::loose_messages_max / 2 : limits::loose_messages_max;
  }
  [[nodiscard]] bool is_expired(const CopiedBatch& batch, const Turn& turn);
  [[nodiscard]] bool is_expired(const LooseMessages::Message& message, const Turn& turn) const {
    return ages_ && message.batch->expires <= turn.now;
  }
  void note_expiry(const Cursor::Entry& entry) {
    if (entry.batch != nullptr && ages_) next_expiry_ = std::min(next_expiry_, entry.batch->expires);
  }
  void cut_out(Cursor::Entry& entry, Range part);
  /// Delayed, and not due yet. What has to come in order is not delayed.
  [[nodiscard]] bool is_early(const CopiedBatch& batch, const Turn& turn) const noexcept {
    return mode_ == SubscriptionMode::shared && batch.deliverable > turn.now;
  }
  bool set_aside(Cursor::Entry& entry);
  [[nodiscard]] bool is_crowded() const noexcept { return cursor_.settled_entries() > limits::tracked_batches_max / 2; }
  void loosen(Cursor::Entry& entry, Sequence sequence, Token holder);
  [[nodiscard]] std::vector<Range> owed_ranges(const Cursor::Entry& entry) const;
  ConsumerSession* find(Token token);
  ConsumerSession* most_free(std::uint64_t octets);
  [[nodiscard]] bool holds_below(Token token, Sequence sequence) const;
  ConsumerSession* idle_or_drain(Sequence suspect);
  ConsumerSession* live_session(const CopiedBatch& batch);
  bool deliver_alone(Cursor::Entry& entry, Sequence sequence, Turn& turn);
  void deliver(Cursor::Entry& entry, const std::vector<Range>& ranges, Sequence covers, ConsumerSession& session,
               Turn& turn);
  bool deliver_owed(Turn& turn);
  std::vector<Sequence> let_go_of(Range range);
  bool send_gaps(Sequence end, Turn& turn);
  bool deliver_untried(Turn& turn);
  void deliver_loose(Turn& turn);

  // reader_turns.cpp
  static constexpr std::size_t fetched_ahead_max = 8;
  enum class TurnResult { over, later, waits, no_credit };  // over: until something of its topic changes
  [[nodiscard]] static const std::string& topic_of(const Cursor::Entry& entry) {
    return entry.batch->batch.header().topic;
  }
  void owe(Sequence first);
  [[nodiscard]] bool is_held(Sequence first) const;
  [[nodiscard]] bool is_draining() const {
    return std::any_of(sessions_.begin(), sessions_.end(), [](const auto& known) { return known.second.draining; });
  }
  void forget_rows();
  [[nodiscard]] bool is_free(TopicTurns::Books& books) const;
  std::vector<Range> first_owed(TopicTurns::Books& books);
  TurnResult send_first_loose(Sequence sequence, Turn& turn);
  TurnResult take_turn(TopicTurns::Books& books, TopicTurns::Place& place, Turn& turn);
  void deliver_in_turn(Turn& turn);
  void touch(const LooseMessages::Message& message) {
    if (message.topic) turns_.touch(*message.topic);
  }
  void place(Sequence sequence, const CopiedBatch& batch);
  bool place_all(Sequence sequence, const CopiedBatch& batch);
  [[nodiscard]] std::optional<Sequence> next_fetch_in_turn(bool wanted) const;
  void forget_owed(Sequence first, const std::string& topic);

  void drained(std::uint64_t messages, std::uint64_t octets, const Turn& turn);
  void send_loose(Sequence sequence, LooseMessages::Message& message, ConsumerSession& session, Sequence covers,
                  Turn& turn);

  Cursor cursor_;
  RetryPolicy retry_;
  DrainGate drain_;
  bool drains_ = true;  // its gate is open
  SubscriptionMode mode_;
  bool live_ = false;  // exclusive: the session is, else it catches up
  Sequence want_ = 0;  // exclusive: it stays so until the copied head is there
  std::map<Token, ConsumerSession> sessions_;
  LooseMessages loose_;
  OwedGaps gaps_;
  Sequence cutting_from_ = ~Sequence{0};  // exclusive: what is being cut; what is behind it waits
  IntervalSet reported_early_;            // received by a worker before the copy came; bounded
  std::set<Sequence> owed_;               // first sequences of entries that may have something owed; not strict
  TopicTurns turns_;                      // strict
  std::set<Sequence> unplaced_;           // strict: parked ones whose topic is not known yet
  std::set<Sequence> fetches_;            // strict: those whose turn it is, without their rows
  std::set<Sequence> fetched_;            // strict: those whose rows are in memory for their turn
  Instant woken_to_{};                    // strict: what was due until then has been looked at
  std::vector<Sequence> burials_;
  std::vector<Unparked> unparked_;
  Counters counters_;
  Instant next_scan_ = never;
  Instant next_expiry_ = never;
  bool expiry_due_ = false;
  bool ages_ = true;
  bool parked_awaited_ = false;
  bool aside_wanted_ = false;
  bool buries_parked_ = false;  // the transaction under way does; then the parked record goes with the next one
  bool loose_waits_ = false;    // a loose message is due and nobody had credit for it
  bool suspect_waits_ = false;  // a session is being drained for it
};

}  // namespace restante::core
