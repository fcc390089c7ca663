#pragma once
/// \file
/// One stream at the sidecar: the books that decide what is owed, what is written and what is confirmed.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/dead_tasks.h"
#include "core/history.h"
#include "core/listener.h"
#include "core/published_log.h"
#include "core/reader_group.h"
#include "core/replay.h"
#include "core/start.h"
#include "core/status.h"
#include "core/store_effects.h"
#include "core/subscription.h"
#include "core/turn.h"
#include "core/waiting_for_place.h"
#include "core/writer_seat.h"

namespace restante::core {

/// What all streams of a node have in common.
struct OutboxSettings {
  Duration store_delay = limits::store_delay;
  bool elision = true;  ///< false: every batch is written
  RetryPolicy retry;
};

/// Batches come from the writer in the order of its chain (W2), are owned by subscriptions, and leave by being settled
/// by all of them, or by being stored first. Order of effects is the durability contract: a confirm, a grant, an answer
/// to Subscribe that had to be written go out only with the CommitToken of their transaction. Pure; one thread at a
/// time.
///
/// After any input call finish(), which hands out work and says what was decided.
class Outbox {
 public:
  Outbox(const StreamRecord& record, const OutboxSettings& settings);

  // ---- what the store knew at start
  void restore_grant(const GrantRecord& grant) { grants_.push_back(grant); }
  void restore_subscription(const SubscriptionRecord& record, const CursorRecord& cursor,
                            const StoreImage::Parked& parked);
  void restore_gap(const GapRecord& gap);
  void restore_rows(const StoreImage::Rows& rows);
  void restore_pruned(Sequence to) { history_.pruned_to = to; }
  void restored(Instant now);

  // ---- getters
  [[nodiscard]] const StreamRecord& record() const noexcept { return record_; }
  [[nodiscard]] const WriterSeat& writer() const noexcept { return writer_; }
  [[nodiscard]] Sequence head() const noexcept { return head_; }
  [[nodiscard]] StreamStatus status(const Turn& turn) const;
  /// What was refused or ignored, by reason.
  void add_counters(std::map<std::string, std::uint64_t>& counters) const;
  [[nodiscard]] std::uint64_t tracked_octets() const;
  [[nodiscard]] std::uint64_t stored_octets() const noexcept { return stored_octets_; }
  [[nodiscard]] std::size_t sessions() const noexcept { return sessions_.size(); }
  [[nodiscard]] std::size_t listeners() const noexcept { return listeners_.size(); }
  [[nodiscard]] std::size_t replays() const noexcept { return replays_.size() + waiting_.size(); }
  [[nodiscard]] bool has_session(Token token) const {
    return sessions_.contains(token) || listeners_.contains(token) || replays_.contains(token) ||
           waits_for_place(token);
  }
  /// nullptr: there is none of this name.
  [[nodiscard]] const Subscription* subscription(const std::string& name) const;
  [[nodiscard]] bool has_subscription(const std::string& name) const { return subscription(name) != nullptr; }
  /// Its subscription was removed, and what it says since then was on its way.
  [[nodiscard]] bool is_removed(Token token) const { return removed_sessions_.contains(token); }
  /// Nobody has written to it or subscribed yet: what it is to be is still open.
  [[nodiscard]] bool is_blank() const noexcept { return record_.writer == 0 && subscriptions_.empty(); }
  [[nodiscard]] const std::map<SubscriptionId, Subscription>& subscriptions() const noexcept { return subscriptions_; }
  [[nodiscard]] Instant next_deadline(Instant now, bool store_is_busy) const;

  /// While it is blank.
  void set_kind(StreamKind kind);

  // ---- what an operator says of the stream
  /// With the next commit, also if nothing is said.
  void set_rules(const SetStream& wish);
  /// Answers `request` on `link` after that commit.
  void answer_retention(LinkId link, std::uint64_t request) { pending_retention_answers_.emplace_back(link, request); }
  /// The store has little room left: what is only kept makes way for what is owed.
  void set_pressed(bool pressed) { pressed_ = pressed; }

  // ---- the writer
  void open_writer(const OpenWriter& open, const WriterSeat::Holder& holder, Turn& turn);
  void request_grant(std::uint64_t handle, LinkId link, Turn& turn);
  void close_writer(std::uint64_t handle, LinkId link);
  void on_copy(LinkId link, Batch batch, Turn& turn);
  void on_writer_gone() { writer_.holder.is_gone = true; }
  void on_writer_away(LinkId link, Instant now);
  /// Octets each writer may have unconfirmed from now on, and what holds it back.
  void set_window(std::uint64_t octets, const std::string& limit);

  // ---- a store that is older than its peers (X6)
  /// Grants of this stream that a peer has seen. True if one of them was not made here: the store is a restored copy.
  /// Then the next blocks begin well above it. A peer can bring this about a bounded number of times.
  bool note_known(const std::vector<Grant>& known);

  // ---- sessions
  /// Durable with the next commit.
  void add_subscription(const SubscriptionRecord& record);
  /// Adds the subscription if it is new (`id` names it then); the answer goes out once that is durable.
  void subscribe(const Subscribe& subscribe, SubscriptionId id, const ConsumerSession& session, Turn& turn);
  /// A session that only listens. It is answered at once: there is nothing to write.
  void listen(Token token, const Listener& listener, Turn& turn);
  /// A session that reads what is kept (core/replay.h).
  void replay(const Subscribe& subscribe, const ConsumerSession& session, Turn& turn);
  /// There is nothing to hear, for good.
  void dismiss_listeners(const std::string& why, Turn& turn);
  void settle(const Settle& settle, Turn& turn);
  void catch_up(const CatchUp& request);
  void leave(Token token, bool in_order, Turn& turn);

  // ---- removal of a subscription; it stays what it is until the commit that removes it
  /// What removing `name`, which is there, would free, by the books.
  [[nodiscard]] Removed would_free(const std::string& name, const Turn& turn) const;
  [[nodiscard]] bool is_leaving(const std::string& name) const;
  /// Removes the subscription, which is there and not leaving yet, with the next commit, which is answered on `link`.
  void remove(const std::string& name, LinkId link, std::uint64_t request, Turn& turn);

  // ---- its reset; likewise it stays what it is until the commit, and nobody joins or removes it before
  [[nodiscard]] bool is_being_reset(const std::string& name) const;
  /// Has the subscription, which is there, begin again; answered on `link`, after the commit if there is one. `made`
  /// tells it from what it was.
  void reset(const ResetSubscription& wish, LinkId link, std::int64_t made, Turn& turn);

  /// Sets what is said; answered on `link` after its commit.
  void set_subscription(const SetSubscription& wish, LinkId link, Turn& turn);

  // ---- dead letters (outbox_dead.cpp)
  void read_dead(const ReadDead& wish, LinkId link, Turn& turn) { dead_.add(link, wish, dead_books(), turn); }
  void change_dead(const ChangeDead& wish, std::optional<Batch> edited, LinkId link, Turn& turn);
  void next_dead_load(std::uint64_t& number, std::vector<DeadRequest>& loads) { dead_.next_load(number, loads); }
  void on_loaded(const DeadReply& reply, Turn& turn);

  // ---- store
  /// Octets of batches that each subscription may have in memory; what is above it and on disk leaves.
  void set_share(std::uint64_t octets);
  [[nodiscard]] bool wants_commit(Instant now) const;
  /// Puts what is due into `transaction`; at most about `octets_left` of rows, which is reduced.
  void collect(Transaction& transaction, std::uint64_t& octets_left, Turn& turn);
  /// The same on a full disk: only what frees space.
  void collect_freeing(Transaction& transaction, Turn& turn);
  void on_committed(const CommitToken& token, Turn& turn);
  void on_not_committed(Instant retry_at);
  /// What was collected came to nothing: what waited for it may go. True if it did: then finish() has work.
  bool on_nothing_to_commit(Turn& turn);
  void next_loads(std::uint64_t& number, std::vector<LoadRequest>& loads, std::vector<ParkedRequest>& parked,
                  const Turn& turn);
  void on_loaded(const LoadReply& reply, Turn& turn);
  void on_loaded(const ParkedReply& reply, Turn& turn);

  // ---- time
  void on_time(Turn& turn);
  /// Tells each session how far the floor has come on disk (T1, X9): what a consumer may forget must not come again
  /// after a restart of the sidecar. Has cursors written that have fallen behind.
  void checkpoint(Turn& turn);
  void finish(Turn& turn);

 private:
  struct PendingGrant {
    WriterSeat::Holder holder;
    Grant grant;
    bool first = false;
  };
  /// A subscription that goes, and who asked for it.
  struct Removal {
    SubscriptionId subscription = 0;
    LinkId link = 0;
    std::uint64_t request = 0;
  };
  struct Reset {
    SubscriptionId subscription = 0;
    Sequence start = 0;
    LinkId link = 0;
    std::int64_t made = 0;
    WasReset told;
    OwedGaps::Change gaps{};  ///< what comes again is not gone
  };
  struct SettingAnswer {
    LinkId link = 0;
    SubscriptionSet told;
  };
  /// What a limit takes from a subscription, and the gaps that are owed for it.
  struct Cut {
    SubscriptionId subscription = 0;
    std::vector<Range> ranges;
    OwedGaps::Change gaps;
    bool is_expiry = false;
  };
  /// What the transaction under way will have made durable.
  struct InCommit {
    bool active = false;
    std::vector<BatchRef> rows;
    std::vector<Token> admissions;
    Sequence last_row = 0;  ///< before it
    std::optional<PendingGrant> grant;
    std::vector<SubscriptionRecord> subscriptions;
    std::vector<std::pair<SubscriptionId, Sequence>> buried, parked, floors;
    std::vector<std::pair<Token, std::uint64_t>> heard;  ///< Settle messages of each session
    std::vector<Unpark> unparked;
    std::vector<GrantRecord> closed_grants;
    std::vector<Removal> removals;
    std::vector<std::pair<LinkId, std::uint64_t>> retention_answers;
    std::vector<SettingAnswer> setting_answers;
    std::vector<Reset> resets;
    std::vector<Cut> cuts;
    std::vector<GapRecord> gone;  ///< before the first message of a new subscription
    std::vector<ToldGap> told;
    bool pruned = false;
    bool has_record = false;
  };

  void attach(const OpenWriter& open, const WriterSeat::Holder& holder, Turn& turn);
  void grant_block(const WriterSeat::Holder& holder, bool first);
  void seat_writer(const PendingGrant& granted, Turn& turn);
  void leave_seat();
  [[nodiscard]] bool refuse_grant(std::size_t reserve, std::uint64_t handle, LinkId link, Turn& turn) const;
  void raise_head(Sequence head);
  [[nodiscard]] std::vector<Grant> grant_list() const;
  [[nodiscard]] Sequence first_of_other_store(const std::vector<Grant>& known) const;
  void announce_grants(Turn& turn) const;
  [[nodiscard]] bool has_parked(Range range) const;
  [[nodiscard]] bool is_granted(const GrantRange& range) const;
  [[nodiscard]] bool has_block(std::uint64_t handle, const Grant& block) const;
  [[nodiscard]] bool is_open(Sequence sequence) const;

  void admit(Token token, Turn& turn);
  void tell_sources(Turn& turn);
  void tell_published(Turn& turn);
  [[nodiscard]] std::string source_for(const std::string& host) const;
  [[nodiscard]] std::uint32_t listening() const;
  [[nodiscard]] std::optional<std::string> refusal(const Subscribe& subscribe, const SubscriptionRecord& record) const;
  void draw_claim(std::uint64_t presented, Subscription& subscription, Turn& turn);
  void replace_sessions(const ConsumerSession& session, Subscription& subscription, Turn& turn);
  void write_record(const SubscriptionRecord& record);
  void note_heard(const InCommit& done);
  static void tell_checkpoint(Subscription& subscription, Sequence to, Turn& turn);
  [[nodiscard]] static bool owns(const Subscription& subscription, const CopiedBatch& batch);
  std::optional<std::string> change_filters(const std::vector<std::string>& filters, std::uint64_t session,
                                            Subscription& subscription);
  void undo_changes();
  void refuse_undone(Turn& turn);
  void own(const BatchRef& batch, bool hot, bool again, Subscription& subscription, const Turn& turn);
  void ask_for_missing(LinkId link, bool is_out_of_chain, Sequence first, Turn& turn);
  [[nodiscard]] bool clashes(Range range) const;
  [[nodiscard]] BatchRef in_memory(Sequence first) const;
  static void let_go(Subscription& subscription, Instant due, const Turn& turn);
  void apply(const Cursor::Change& change, Subscription& subscription, Instant now);
  [[nodiscard]] bool is_safe(const CopiedBatch& batch) const;
  void confirm(Turn& turn);
  [[nodiscard]] Sequence settled_to() const;
  [[nodiscard]] Sequence durable_floor() const;
  void take_fresh(Subscription& subscription, const Turn& turn);
  bool take_rows(const LoadReply& reply, Cursor& cursor, const std::function<bool(const CopiedBatch&)>& is_owned,
                 const std::function<void(const BatchRef&)>& track, const Turn& turn);
  [[nodiscard]] BatchRef parse_row(const RowRecord& row, const Turn& turn);
  [[nodiscard]] bool leaves_parked(const Subscription& subscription, const ParkedRecord& parked) const;
  void note_damage(const LoadReply& reply, const Turn& turn);

  [[nodiscard]] bool elides() const noexcept { return settings_.elision && !record_.retention.any(); }
  [[nodiscard]] Prune next_prune(Sequence to, const Turn& turn) const;
  void note_pruned(const CommitToken& token);
  [[nodiscard]] Sequence closable_to(Sequence to) const;
  [[nodiscard]] bool wants_prune() const;
  void prune_by_age(const Turn& turn);
  void estimate_backlog(Subscription& subscription) const;
  static void count_backlog(Subscription& subscription);
  void collect_rows(Transaction& transaction, std::uint64_t& octets_left, const Turn& turn);
  void collect_asides(Transaction& transaction, const Turn& turn);
  void collect_unparked(Transaction& transaction);
  void collect_cursors(Transaction& transaction);
  void collect_prune(Transaction& transaction, const Turn& turn);
  void collect_removals(Transaction& transaction);
  [[nodiscard]] Sequence prunable_to() const;
  [[nodiscard]] const Subscription& named(const std::string& name) const;
  [[nodiscard]] std::optional<Refused> removal_refusal(const Subscribe& subscribe) const;
  [[nodiscard]] Removed would_free(const Subscription& leaving, const Turn& turn) const;
  void end_subscription(const Removal& removal, Turn& turn);
  void disown(Subscription& subscription, const Removed& told, Instant now);
  void dismiss(Subscription& subscription, const std::string& why, Turn& turn);
  void remember_removed(std::int64_t made);
  void own_line(Subscription& subscription);

  // outbox_starts.cpp, outbox_reset.cpp, outbox_replay.cpp
  [[nodiscard]] std::optional<std::string> problem_of(const Start& start) const;
  [[nodiscard]] Sequence place_of(const Start& start) const;
  void next_load(WaitingForPlace& waiting, std::uint64_t& number, std::vector<LoadRequest>& loads) const;
  bool load_place(const LoadReply& reply, Turn& turn);
  bool make_subscription(const Subscribe& subscribe, SubscriptionId id, const ConsumerSession& session, Turn& turn);
  void collect_gone(Transaction& transaction, Random& random);
  void stop_waiting(Token token);
  [[nodiscard]] bool waits_for_place(Token token) const;
  [[nodiscard]] std::optional<std::string> problem_of(const ResetSubscription& wish) const;
  void collect_resets(Transaction& transaction, Random& random);
  [[nodiscard]] SubscriptionRecord reset_record(const Reset& reset) const;
  void begin_again(const Reset& reset, Turn& turn);
  [[nodiscard]] Settle known_of(const Settle& settle, Sequence floor, const ReaderGroup* group = nullptr);
  void settle_replay(const Settle& settle, Replay& replay, const Turn& turn);
  void next_load(Replay& replay, std::uint64_t& number, std::vector<LoadRequest>& loads) const;
  bool load_replay(const LoadReply& reply, Turn& turn);
  void finish_replays(Turn& turn);
  void tell_checkpoint(Token token, Replay& replay, Turn& turn);

  [[nodiscard]] DeadTasks::Books dead_books() const;
  void on_raised(Turn& turn);

  // outbox_limits.cpp
  [[nodiscard]] static Credit certain_backlog(const Subscription& subscription);
  [[nodiscard]] static bool is_over(const Credit& backlog, const BacklogLimit& limit);
  [[nodiscard]] const BacklogLimit& limit_of(const Subscription& subscription) const noexcept;
  [[nodiscard]] bool is_over_perhaps(const Subscription& subscription) const;
  [[nodiscard]] std::string limit_text(const Subscription& subscription, const Credit& backlog) const;
  [[nodiscard]] bool wants_cut(const Subscription& subscription) const;
  [[nodiscard]] bool wants_expiry(const Subscription& subscription) const;
  [[nodiscard]] bool is_steady(const Subscription& subscription) const;
  void set_age(CopiedBatch& batch, Instant accepted) const;
  void set_expiry(const Expiry& expiry);
  void set_drain(const DrainRate& rate);
  void note_fate(const Fate& fate);
  void collect_cuts(Transaction& transaction, const Turn& turn);
  void collect_told(Transaction& transaction);
  void next_count(Subscription& subscription, std::uint64_t& number, std::vector<LoadRequest>& loads) const;
  void on_cuts(const InCommit& done, Instant now);
  void on_not_cut(InCommit& failed);
  void on_told(const std::vector<std::uint64_t>& numbers, Subscription& subscription, Instant now);
  void count_page(const LoadReply& reply, Subscription& subscription);
  void note_limits();
  [[nodiscard]] std::uint64_t open_window() const noexcept { return at_limit_.empty() ? window_ : 0; }
  [[nodiscard]] const std::string& held_by() const noexcept { return at_limit_.empty() ? limit_ : at_limit_; }
  Subscription* find(Token token);
  [[nodiscard]] SubscriptionStatus status(const Subscription& subscription, const Turn& turn) const;
  [[nodiscard]] static std::string why_behind(const Subscription& subscription, bool hot);

  StreamRecord record_;
  const OutboxSettings& settings_;
  std::vector<GrantRecord> grants_;
  WriterSeat writer_;
  Sequence head_ = 0;          // copied head (B2, B8)
  Sequence restart_head_ = 0;  // what was copied before this process
  Sequence confirmed_to_ = 0;
  std::deque<BatchRef> line_;  // accepted and not yet confirmed, in order
  std::size_t collected_ = 0;  // so many of the line are in a transaction or needed none
  std::map<SubscriptionId, Subscription> subscriptions_;
  std::map<Token, SubscriptionId> sessions_;
  std::map<Token, Listener> listeners_;
  std::map<Token, Replay> replays_;
  std::vector<WaitingForPlace> waiting_;
  bool keeps_log_ = false;  // somebody who only listens was there in this run, and may come back
  PublishedLog log_;
  Instant published_at_{};         // the last copy came
  bool published_is_due_ = false;  // to be told: the writer went, or another came

  std::optional<PendingGrant> pending_grant_;
  std::vector<SubscriptionRecord> pending_subscriptions_;
  std::vector<Token> pending_admissions_;  // sessions whose subscription is not durable yet
  std::vector<Token> undone_;              // sessions that waited for a change which was undone
  std::vector<Unpark> pending_unparked_;
  std::vector<ToldGap> pending_told_;
  std::vector<Removal> pending_removals_;
  std::vector<std::pair<LinkId, std::uint64_t>> pending_retention_answers_;
  std::vector<SettingAnswer> pending_setting_answers_;
  std::vector<Reset> pending_resets_;
  DeadTasks dead_;
  History history_;
  bool pressed_ = false;
  bool prune_forced_ = false;  // whatever the bounds say
  std::int64_t next_age_prune_ms_ = 0;
  InCommit in_commit_;
  bool record_dirty_ = true;
  bool is_on_disk_ = false;  // the stream is known there
  bool prune_needed_ = false;
  Instant cursor_due_ = never;
  Instant retry_at_{};
  std::uint64_t share_ = limits::tracked_octets_max;
  std::uint64_t window_ = limits::writer_window;
  std::string limit_;
  std::string at_limit_;     // which subscription's limit the publisher waits for
  std::vector<Fate> fates_;  // that the writer was not told of; bounded
  std::uint64_t copied_ = 0, stored_ = 0, elided_ = 0, rows_ = 0, row_octets_ = 0, damaged_ = 0, stored_octets_ = 0;
  std::uint64_t ignored_copies_ = 0, ignored_acks_ = 0;
  std::uint32_t regresses_ = 0;
  std::set<std::int64_t>
      removed_;  // SubscriptionRecord::made, in this run: who was in one of them is told, and begins none anew
  std::set<Token> removed_sessions_;
  std::vector<Range> never_granted_;  // skipped for the sake of peers that knew more, in this run
};

}  // namespace restante::core
