#pragma once
/// \file
/// The sidecar's protocol side: links, and one Outbox a stream.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/outbox.h"
#include "core/status.h"
#include "core/store_effects.h"
#include "core/stream_rules.h"
#include "core/turn.h"

namespace restante::core {

/// Everything that the sidecar decides. Pure: the loop (or the simulated world) feeds it what arrived and what time it
/// is, and performs what it asks for, in order. One thread at a time.
///
/// Inputs `on_*`; outputs: take_outgoing(), next_transaction(), take_loads(), take_notices(), next_deadline(). At most
/// one transaction is under way; the answers of the store must come in the order in which the store worked.
class Office {
 public:
  struct Settings {
    OutboxSettings outbox;
    std::vector<StreamRules> rules;  ///< hold for those that are there, from the start on, and for those that are made
    std::string host;                ///< as Hello::host, to know whether a process can be looked up here
    std::uint64_t seed = 0;          ///< for tokens and jitter
    /// Does this process of this host still run? Unknown counts as yes.
    std::function<bool(std::uint32_t pid, std::uint64_t start_time)> is_alive;
    /// Turns an announced live endpoint into one that the producer can reach; empty if it cannot.
    std::function<std::string(const std::string& endpoint, const std::string& peer_address, bool same_host)> reachable;
  };

  Office(const StoreImage& image, const Settings& settings, Instant now);

  // ---- links
  void on_link_up(LinkId link, const std::string& peer_address, Instant now);
  /// `behind`: the batch that came with it, of an edit.
  void on_frame(LinkId link, const ControlFrame& frame, Instant now, std::optional<Batch> behind = std::nullopt);
  void on_copy(LinkId link, Batch batch, Instant now);
  /// A frame that could not be decoded: counted, and its link begins anew, as nobody knows what was lost with it.
  void on_garbage(LinkId link, Instant now);
  void on_link_down(LinkId link, Instant now);

  // ---- store
  void on_committed(const CommitToken& token, Instant now);
  void on_full(const std::string& text, Instant now);
  /// The store has made room by itself.
  void on_freed(const StoreUsage& usage, Instant now);
  void on_loaded(const LoadReply& reply, Instant now);
  void on_loaded(const ParkedReply& reply, Instant now);
  void on_loaded(const DeadReply& reply, Instant now);

  // ---- time
  /// The wall clock, for people. Parked messages wait by a clock that only begins with it: at the first call here, or
  /// at the highest time that the store has seen if that is later, and from there it runs with `now`. A wall clock that
  /// is set back, by however much, lets a message wait as long as it was told to from the next start on, never longer
  /// (R12); one that is set forward while no sidecar runs ends waits early.
  void set_wall(std::int64_t wall_ms);
  void on_time(Instant now);
  [[nodiscard]] Instant next_deadline() const noexcept { return next_deadline_; }

  // ---- outputs
  std::vector<Outgoing> take_outgoing() { return std::exchange(out_, {}); }
  /// The next commit, if one is due and none is under way.
  std::optional<Transaction> next_transaction(Instant now);
  std::vector<LoadRequest> take_loads() { return std::exchange(loads_, {}); }
  std::vector<ParkedRequest> take_parked_loads() { return std::exchange(parked_loads_, {}); }
  std::vector<DeadRequest> take_dead_loads() { return std::exchange(dead_loads_, {}); }
  std::vector<std::string> take_notices() { return std::exchange(notices_, {}); }
  /// Status questions, to be answered with a Report by whoever renders text.
  std::vector<std::pair<LinkId, Query>> take_queries() { return std::exchange(queries_, {}); }
  [[nodiscard]] NodeStatus status(Instant now);
  [[nodiscard]] std::uint64_t tracked_octets() const;
  [[nodiscard]] const std::map<std::string, Outbox>& streams() const noexcept { return streams_; }
  [[nodiscard]] const StoreUsage& usage() const noexcept { return usage_; }

 private:
  struct Link {
    std::string peer_address;
    bool greeted = false;
    bool superseded = false;  // its client has dialled again: what still comes by this link is late
    Hello hello;
    std::uint64_t in_number = 0;
    Instant heard{};
    Instant spoke{};
    std::map<std::uint64_t, std::string> handles;  // writer handles and their streams
    std::map<Token, std::string> sessions;
  };

  void supersede(Link& link);
  void on_message(LinkId id, Link& link, const Hello& hello);
  void on_message(LinkId id, Link& link, const OpenWriter& open);
  void on_message(LinkId id, Link& link, const RequestGrant& request);
  void on_message(LinkId id, Link& link, const CloseWriter& close);
  void on_message(LinkId id, Link& link, const Subscribe& subscribe);
  void on_message(LinkId id, Link& link, const Settle& settle);
  void on_message(LinkId id, Link& link, const CatchUp& request);
  void on_message(LinkId id, Link& link, const Unsubscribe& unsubscribe);
  void on_message(LinkId id, Link& link, const Query& query);
  void on_message(LinkId id, Link& link, const RemoveSubscription& wish);
  void on_message(LinkId id, Link& link, const ResetSubscription& wish);
  void on_message(LinkId id, Link& link, const SetStream& wish);
  void on_message(LinkId id, Link& link, const SetSubscription& wish);
  void on_message(LinkId id, Link& link, const ReadDead& wish);
  void on_message(LinkId id, Link& link, const ChangeDead& wish);
  [[nodiscard]] static std::string who_of(const Link& link);
  void begin(Instant now);
  [[nodiscard]] static std::optional<std::string> problem_of(const Subscribe& subscribe);
  /// Why it cannot be removed, for people.
  [[nodiscard]] std::optional<std::string> problem_of(const RemoveSubscription& wish, const Outbox* outbox) const;
  [[nodiscard]] std::optional<std::string> problem_of(const ResetSubscription& wish, const Outbox* outbox) const;
  [[nodiscard]] std::optional<std::string> problem_of_change(const std::string& stream, const std::string& name,
                                                             const Outbox* outbox) const;
  [[nodiscard]] static std::string problem_of_start(const std::string& start);
  [[nodiscard]] std::string consumers_of(const Subscription& subscription) const;
  bool has_room(LinkId id, Link& link, const Subscribe& subscribe, const Outbox& outbox);
  Token new_session(Link& link, const std::string& stream);
  void listen(LinkId id, Link& link, const Subscribe& subscribe);
  void replay(LinkId id, Link& link, const Subscribe& subscribe);
  /// `in_order`: nothing that its sessions held is suspect. `closes_writers`: it said goodbye, and will not come back.
  void end_link(LinkId id, bool in_order, bool closes_writers = false);
  void renew_incarnation(const std::string& stream);
  Outbox* stream(const std::string& name, StreamKind kind, StreamPattern pattern, LinkId refuse_to, Side side,
                 std::uint64_t id);
  Outbox* written_stream(const OpenWriter& open, LinkId id);
  void add_workers(Outbox& outbox);
  void apply_rules(Outbox& outbox, bool is_new);
  void warn_of_other_rules(const OpenWriter& open, const Outbox& outbox);
  bool is_pipeline(Outbox& outbox, StreamPattern wanted);
  Outbox* find(const std::string& name);
  void finish(Outbox& outbox);
  void refuse(LinkId link, Side side, std::uint64_t id, ErrorCode code, const std::string& text);
  /// A process of this host that is known to have ended.
  [[nodiscard]] bool is_dead(const std::string& host, std::uint32_t pid, std::uint64_t start_time) const;
  [[nodiscard]] WriterSeat::Holder holder_of(LinkId id, const Link& link, std::uint64_t handle) const;
  [[nodiscard]] std::string live_endpoint(const Link& link, const Subscribe& subscribe) const;
  void set_windows();
  void collect_due(Transaction& transaction);
  void end_empty_commit();
  void share_memory();

  Settings settings_;
  std::string node_;
  Incarnation incarnation_;
  bool is_renewed_ = false;           // in this run
  bool pending_incarnation_ = false;  // is to be written
  bool incarnation_in_commit_ = false;
  Instant retry_at_{};  // after a full disk
  Random random_;
  Instant now_{};
  std::int64_t wall_ms_ = 0;
  std::vector<Outgoing> out_;
  std::vector<std::string> notices_;
  std::vector<LoadRequest> loads_;
  std::vector<ParkedRequest> parked_loads_;
  std::vector<DeadRequest> dead_loads_;
  std::optional<Batch> behind_;  // the frame that is being taken
  std::vector<std::pair<LinkId, Query>> queries_;
  Turn turn_;
  Instant started_;
  std::int64_t clock_base_ms_;  // of turn_.clock_ms, at started_
  bool has_wall_ = false;
  std::map<LinkId, Link> links_;
  std::map<std::string, Outbox> streams_;
  StreamId next_stream_id_ = 1;
  SubscriptionId next_subscription_id_ = 1;
  std::uint64_t transaction_number_ = 0;
  bool in_commit_ = false;
  bool must_free_ = false;   // the last commit met a full disk: first what frees space
  bool only_frees_ = false;  // the transaction that is with the store
  std::string next_stream_;  // whose turn it is to be collected first
  std::uint64_t load_number_ = 0;
  StoreUsage usage_;
  std::string full_text_;
  Instant next_deadline_{};
  Instant next_tick_{};
  std::uint64_t commits_ = 0;
  std::map<std::string, std::uint64_t> counters_;
};

}  // namespace restante::core
