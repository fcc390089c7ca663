#pragma once
/// \file
/// The consumer's side of one session with one sidecar: what is delivered, what is held, what is settled.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <restante/limits.h>

#include "core/ack_batch.h"
#include "core/batch.h"
#include "core/credit_window.h"
#include "core/delivery_queue.h"
#include "core/handed_out.h"
#include "core/id_set.h"
#include "core/intake.h"
#include "core/known_grants.h"
#include "core/messages.h"
#include "core/names.h"
#include "core/order_gate.h"
#include "core/received_report.h"
#include "core/settled_ids.h"
#include "core/time.h"
#include "core/told_gaps.h"
#include "core/topics_in_hand.h"

namespace restante::core {

/// One subscription at the consumer, shared (workers) or exclusive (PROTOCOL X1 to X9, G1 to G3, T1 to T5). Each id is
/// held (queued or handed out), settled, or absent; nothing but settle() ever makes it settled. Pure; one thread at a
/// time.
///
/// The sidecar lends work by credit, which follows how fast the application settles (CreditWindow). In shared mode a
/// lease that ends gives back what is queued, and nothing is asked for until that handler returns (G3); an exclusive
/// queue has no other worker to go to and stays, in order. In strict mode one message of a topic is in hand at a time,
/// and when it goes back, what is queued of its topic goes back with it (X8). Memory is bounded by credit, the hold
/// buffer and limits::settled_ranges_max; where the sidecar passes the bounds, copies are dropped or given back, and
/// counted.
///
/// Getters; commands of the application (take, settle, extend, stop); inputs `on_*`; outputs take_effects(), in order.
class Inbox final : public Intake {
 public:
  struct Options {
    std::uint64_t session = 0;  ///< random
    std::string stream;
    std::string subscription{pipeline_subscription};
    SubscriptionMode mode = SubscriptionMode::shared;
    std::vector<std::string> filters;
    std::string start = "new";
    Sequence until = 0;  ///< of a replay: the last that it wants; 0: the newest there is
    BacklogLimit limit{};
    RetryRule retry{};
    std::vector<std::string> live_endpoints;  ///< of a shared one: where it takes live copies
    bool listens = false;                     ///< of an exclusive one: it wants to be told where the writer publishes
    std::string host;
    std::uint64_t credit_octets = 0;  ///< upper bound of what it asks for; 0: limits::consumer_credit
    Duration lease{};                 ///< 0: limits::lease
  };
  Inbox(const Options& options, Instant now);

  // ---- getters
  [[nodiscard]] bool ready() const override;
  [[nodiscard]] std::size_t queued() const override;
  [[nodiscard]] std::size_t handed_out() const override;
  [[nodiscard]] std::size_t held_back() const noexcept { return gate_.waiting(); }  ///< live copies ahead of a gap
  [[nodiscard]] bool subscribed() const override;
  [[nodiscard]] bool has_left() const override { return left_; }
  [[nodiscard]] bool has_ended() const override { return ended_; }
  [[nodiscard]] Token token() const;  ///< of the present link; 0: none
  [[nodiscard]] Instant next_deadline() const override;
  [[nodiscard]] const std::optional<Trouble>& trouble() const override;

  /// Messages that arrived and were not delivered, by reason (C6).
  struct Counters {
    std::uint64_t again = 0;         ///< held or settled already
    std::uint64_t below_floor = 0;   ///< live copies of what the sidecar has passed
    std::uint64_t unannounced = 0;   ///< live copies of a grant that the sidecar has not told
    std::uint64_t unwanted = 0;      ///< of another stream, or of a topic that no filter matches
    std::uint64_t stale = 0;         ///< control frames of another link
    std::uint64_t refused = 0;       ///< given back or dropped: stopped, a handler hangs, or more than was asked for
    std::uint64_t gate_refused = 0;  ///< live copies dropped because too many topics or copies wait for catching up
  };
  [[nodiscard]] Counters counters() const;

  // ---- commands
  /// Hands out the next message and starts its lease.
  std::optional<Item> take(Instant now) override;
  /// False if the hold had ended (lease, regress): the message may come again; a late ack or reject still counts while
  /// it is unsettled and in no other hand. `delay` (of a nack; below 0: by the retry policy) and `reason` (of a reject)
  /// as the verdict needs.
  bool settle(std::uint64_t hand, Verdict verdict, Duration delay, std::string reason, Instant now) override;
  bool extend(std::uint64_t hand, Instant now, Duration at_least = {}) override;
  void told(std::uint64_t number, Instant now) override;
  /// Releases what is queued and asks for nothing more; what is handed out may still be settled. When that is done the
  /// session is ended in good order (Unsubscribe).
  void stop(Instant now) override;

  // ---- inputs
  void on_link_up(Instant now) override;
  void on_link_down(Instant now) override;
  void on_message(const ControlMessage& message, Instant now) override;
  void on_redelivery(const Redelivery& header, std::shared_ptr<const Batch> batch, Instant now) override;
  void on_live(std::shared_ptr<const Batch> batch, Instant now) override;
  void on_time(Instant now) override;

  // ---- outputs
  std::vector<ControlMessage> take_effects() override;
  std::vector<Event> take_events() override;

 private:
  using BatchRef = std::shared_ptr<const Batch>;

  /// One consumer, in the order of the stream: a replay too.
  [[nodiscard]] bool exclusive() const noexcept {
    return options_.mode == SubscriptionMode::exclusive || options_.mode == SubscriptionMode::replay;
  }
  [[nodiscard]] bool strict() const noexcept { return options_.mode == SubscriptionMode::strict; }
  [[nodiscard]] bool replays() const noexcept { return options_.mode == SubscriptionMode::replay; }
  /// A replay pins no block: what it has not reached may be gone by now, with blocks that another's parked message
  /// keeps below it, and is told as a gap. Of another store the sidecar tells it.
  [[nodiscard]] Sequence pinned_from(Sequence floor) const noexcept { return replays() ? limits::sequence_max : floor; }
  [[nodiscard]] bool session_may_hold() const noexcept { return token_ != 0 || awaiting_; }
  [[nodiscard]] bool refuses(bool live) const;
  /// Octets of frames in the queue from which on nothing more is asked for. Credit counts payloads; a frame is longer,
  /// and a redelivery may keep one alive for a single message of it.
  [[nodiscard]] std::size_t queue_octets() const noexcept { return options_.credit_octets + limits::hold_octets; }
  [[nodiscard]] Credit credit() const;
  [[nodiscard]] bool has_words() const;

  // inbox_arrivals.cpp
  enum class Arrival { live, held_back, control };  // held_back: live, and the gate let it wait
  void accept(const BatchRef& batch, Range range, std::uint32_t attempt, Arrival arrival, Instant now);
  [[nodiscard]] std::vector<Range> absent(GrantId grant, Range range, bool live) const;
  void accept_passed(Instant now);
  void forget_held(GrantId grant, Range range);
  void give_back(GrantId grant, Range range);
  void give_back_queue();
  void give_back_topic(const std::string& topic);

  // inbox.cpp
  void settle_late(const HandedOut::Hand& hand, Verdict verdict, const std::string& reason);
  void say_settled(const HandedOut::Hand& hand, Verdict verdict, const std::string& reason);
  void end_leases(Instant now);

  // inbox_link.cpp
  void subscribe();
  [[nodiscard]] std::vector<GrantRange> list_held();
  void on(const Subscribed& subscribed, Instant now);
  void on(const Grants& grants);
  void on(const Checkpoint& checkpoint, Instant now);
  void on(const Missed& missed, Instant now);
  void on(const Refused& refused, Instant now);
  void on(const TakenOver& taken);
  void end_taken_over(const std::string& text);
  void end(Trouble trouble);
  void regress(Sequence first);
  void drop_below_floor();

  Options options_;
  Token token_ = 0;
  bool awaiting_ = false;  // Subscribe was said on this link and not answered
  bool link_up_ = false;
  bool stopped_ = false;
  bool introduced_ = false;  // Subscribe was said on any link, so that the sidecar may know the session
  bool left_ = false;        // Unsubscribe was
  bool ended_ = false;       // a replay: everything was delivered and settled
  bool under_way_ = false;   // a replay: it goes on where it was
  std::uint64_t claim_ = 0;
  Sequence floor_ = 0;          // as told on this link
  Sequence filters_since_ = 0;  // likewise
  Instant now_;                 // of the last call
  Instant retry_at_ = never;    // after a refusal
  std::int64_t made_ = 0;       // the subscription that it was admitted to; another one of its name is not its own
  std::optional<Trouble> trouble_;

  KnownGrants grants_;
  OrderGate gate_;  // exclusive only
  DeliveryQueue queue_;
  HandedOut handed_;
  TopicsInHand topics_;  // strict only
  IdSet held_;           // what is in queue_ or has a running lease in handed_
  IdSet returned_;       // nacked, ended or released: only the sidecar's word brings it again, no live copy
  SettledIds settled_;
  ToldGaps gaps_;
  ReceivedReport report_;
  CreditWindow window_;
  Credit told_;
  AckBatch pending_;
  std::uint64_t said_ = 0;  // Settle messages of token_
  std::vector<ControlMessage> control_;
  std::vector<Event> events_;
  Counters counters_;
};

}  // namespace restante::core
