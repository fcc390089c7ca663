#pragma once
/// \file
/// The library's side of one writer handle: the send window.

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <restante/error.h>

#include "core/batch.h"
#include "core/fates.h"
#include "core/granted_blocks.h"
#include "core/live_targets.h"
#include "core/messages.h"
#include "core/sent_runs.h"
#include "core/time.h"
#include "core/topic_table.h"

namespace restante::core {

/// One stream opened by one process for writing (PROTOCOL W1 to W7). It numbers batches, chains them, chooses the
/// worker of each live copy by free credit, keeps every batch until it is confirmed, and sends all unconfirmed ones
/// again, byte for byte, on a new link. Pure: no clock, socket or thread; one thread at a time.
///
/// Getters; commands (send, close); inputs `on_*`; outputs: take_effects(), to be performed in order. A message's
/// ordinal is 1, 2, … in the order in which it was put into batches; sequences follow when a batch is sealed.
class Producer {
 public:
  struct Options {
    std::uint64_t handle = 0;  ///< random
    std::string stream;        ///< valid by names.h
    StreamKind kind = StreamKind::kept;
    std::uint64_t window = 0;  ///< octets it would like to have unconfirmed
    StreamPattern pattern = StreamPattern::pipeline;
    std::vector<std::string> live_endpoints{};  ///< where it publishes
    Retention retention{};                      ///< of the stream, if it is made now
  };
  explicit Producer(const Options& options);

  /// What is to be done, in order: a control message to the sidecar, or (if `batch` is not empty) a copy.
  struct Effect {
    ControlMessage message;
    Buffer batch;
  };

  /// Queues a live copy for the worker at `endpoint` without waiting; false if it could not be queued, and then nothing
  /// of `batch` is kept.
  using TryLive = std::function<bool(Token target, const std::string& endpoint, const Buffer& batch)>;

  // ---- getters
  /// May a batch of `octets` with `messages` be sent now: attached, sequences granted, and room in the window. A window
  /// that is empty takes one batch of any size as long as the told window is above 0.
  [[nodiscard]] bool can_send(std::size_t octets, std::size_t messages = 1) const;
  /// Why a batch of one octet cannot be sent now, for people; empty if it can.
  [[nodiscard]] std::string obstacle() const { return obstacle(1, 1); }
  [[nodiscard]] std::string obstacle(std::size_t octets, std::size_t messages) const;
  /// How many messages the next batch should hold at most, so that it fits the granted block and live copies spread
  /// over the workers.
  [[nodiscard]] std::size_t batch_hint() const;
  [[nodiscard]] bool attached() const { return phase_ == Phase::attached; }
  [[nodiscard]] bool idle() const { return unconfirmed_.empty(); }           ///< nothing is unconfirmed
  [[nodiscard]] std::uint64_t confirmed() const { return confirmed_; }       ///< ordinals up to here are confirmed
  [[nodiscard]] std::uint64_t settled() const { return settled_; }           ///< … are settled by every subscription
  [[nodiscard]] const Fates& fates() const { return fates_; }                ///< … of what did not end well
  [[nodiscard]] std::uint64_t sent() const { return runs_.last_ordinal(); }  ///< ordinals up to here have a sequence
  [[nodiscard]] std::optional<MessageId> id(std::uint64_t ordinal) const;    ///< without the node; nullopt if not sent
  /// Told by the sidecar or confirmed since; 0: none; nullopt: the sidecar was never there.
  [[nodiscard]] std::optional<std::uint64_t> last_marker() const { return last_marker_; }
  /// Set when the handle has ended for good (fenced) or is refused for now (held elsewhere): the text and the code.
  struct Trouble {
    ErrorCode code;
    std::string text;
    bool final;
  };
  [[nodiscard]] const std::optional<Trouble>& trouble() const { return trouble_; }
  [[nodiscard]] std::size_t unconfirmed_octets() const { return unconfirmed_octets_; }
  [[nodiscard]] std::size_t targets() const { return targets_.size(); }  ///< workers that are live

  // ---- commands
  /// Where it publishes; told with the next OpenWriter.
  void publish_at(std::vector<std::string> endpoints) { options_.live_endpoints = std::move(endpoints); }
  /// Numbers, seals and sends what `builder` holds: a live copy through `live` if a worker has credit, and the copy to
  /// the sidecar as an effect. When `live` says no, the batch is sealed again without an owner and that worker gets
  /// nothing until its next LiveTarget. can_send(builder.size(), builder.count()) must hold. `marker` is the highest
  /// marker in it. Returns the sealed batch, for who publishes it.
  Buffer send(BatchBuilder& builder, std::uint64_t marker, std::int64_t source_time_us, const TryLive& live);
  /// Leaves: what is unconfirmed is given up, nothing is sent from now on. Without a link it is told on the next one.
  void close();

  // ---- inputs
  void on_link_up();  ///< after Welcome
  void on_link_down();
  void on_message(const ControlMessage& message);  ///< those that name this handle; others are ignored
  void on_time(Instant now);                       ///< asks again after a refusal
  [[nodiscard]] Instant next_deadline() const;     ///< the past if it has just been refused and must learn the time

  // ---- outputs
  std::vector<Effect> take_effects();

 private:
  enum class Phase {
    away,      // no link
    opening,   // OpenWriter is on its way
    attached,  // may send
    refused,   // asks again at ask_again_
    ended,     // closed, fenced, or refused for good
  };
  struct Unconfirmed {
    Range range;
    std::uint64_t last_ordinal;
    std::uint64_t marker;
    Buffer frame;
  };

  void open();
  void ask_for_grant();
  void ask_for_grant_if_low();
  [[nodiscard]] bool asks_again() const { return phase_ == Phase::refused || grant_refused_; }
  void copy_all_after(Sequence after);
  void end(Trouble trouble);
  void note_marker(std::uint64_t marker);
  Buffer seal_and_send_live(BatchBuilder& builder, BatchHeader& header, const TryLive& live);

  void on(const Granted& granted);
  void on(const Attached& attached);
  void on(const Confirmed& confirmed);
  void on(const Resend& resend);
  void on(const Fenced& fenced);
  void on(const Refused& refused);
  void on(const LiveTarget& target);

  Options options_;
  Phase phase_ = Phase::away;
  bool link_up_ = false;
  bool closed_ = false;  // by close()
  std::optional<Trouble> trouble_;
  bool grant_refused_ = false;        // the next block is; what is left of the present one serves until then
  std::optional<Instant> ask_again_;  // after a refusal; nullopt until on_time has told the time

  GrantedBlocks blocks_;
  bool grant_under_way_ = false;
  TopicTable topics_;
  Sequence before_ = 0;  // last sequence sent, the end of the chain (W2)
  Sequence confirmed_to_ = 0;

  std::deque<Unconfirmed> unconfirmed_;
  std::size_t unconfirmed_octets_ = 0;
  std::uint64_t window_ = 0;  // newest told
  std::string limit_;         // what holds it back, told by the sidecar
  LiveTargets targets_;

  SentRuns runs_;
  Fates fates_;
  std::uint64_t confirmed_ = 0;
  std::uint64_t settled_ = 0;
  std::optional<std::uint64_t> last_marker_;
  std::vector<Effect> effects_;
};

}  // namespace restante::core
