#pragma once
/// \file
/// The consumer's side of a subscription without a name: what is heard is delivered, and nothing is kept.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/delivery_queue.h"
#include "core/intake.h"
#include "core/known_grants.h"
#include "core/live_tail.h"
#include "core/messages.h"
#include "core/topic_trail.h"

namespace restante::core {

/// Hears one stream of one sidecar, which only tells where its writer publishes.
/// Each message is delivered at most once, the messages of a topic in their order. What is missed, because the live
/// path or the full queue here dropped it, is told as a gap at its place. An ack says nothing to anybody, and a nack
/// or a release brings nothing back. Pure; one thread at a time.
class LiveInbox final : public Intake {
 public:
  struct Options {
    std::uint64_t session = 0;  ///< random
    std::string stream;
    std::vector<std::string> filters;
    std::string host;
    std::uint64_t queue_octets = 0;  ///< of frames that wait for the application; 0: limits::consumer_credit
  };
  explicit LiveInbox(const Options& options);

  struct Counters {
    std::uint64_t again = 0;     ///< messages that were heard before
    std::uint64_t unwanted = 0;  ///< of another stream, or of a topic that no filter matches
    std::uint64_t overrun = 0;   ///< dropped because the queue was full
    std::uint64_t gaps = 0;      ///< places where something was missed
    std::uint64_t tails = 0;     ///< times that only the sidecar's word showed it
  };
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

  // ---- getters
  [[nodiscard]] bool ready() const override;
  [[nodiscard]] std::size_t queued() const override { return queue_.count(); }
  [[nodiscard]] std::size_t handed_out() const override { return 0; }
  [[nodiscard]] bool subscribed() const override { return token_ != 0; }
  [[nodiscard]] bool has_left() const override { return stopped_ && token_ == 0 && !awaiting_; }
  [[nodiscard]] Instant next_deadline() const override;
  [[nodiscard]] const std::optional<Trouble>& trouble() const override { return trouble_; }

  // ---- commands
  std::optional<Item> take(Instant now) override;
  bool settle(std::uint64_t hand, Verdict verdict, Duration delay, std::string reason, Instant now) override;
  bool extend(std::uint64_t hand, Instant now, Duration at_least = {}) override;
  void told(std::uint64_t, Instant now) override { now_ = now; }  // there is nobody to tell
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
  /// Something was missed before the next message after the first `after` ones.
  struct Gap {
    Range range;
    std::uint64_t after = 0;
    bool lost = false;  // on its way
    bool slow = false;  // here, for want of room
  };

  void subscribe();
  void miss(Range range, bool slow);
  void miss_chain(Range missed);
  void miss_tail(Sequence next);
  /// Messages that came into the queue, ever.
  [[nodiscard]] std::uint64_t pushed() const { return taken_ + queue_.count(); }
  [[nodiscard]] bool gap_is_next() const { return !gaps_.empty() && gaps_.front().after == taken_; }

  Options options_;
  bool wants_all_;  // then the chain of all topics shows what is missed, else that of each
  Token token_ = 0;
  bool awaiting_ = false;  // Subscribe was said on this link and not answered
  bool link_up_ = false;
  bool stopped_ = false;
  Instant now_{};
  Instant retry_at_ = never;  // after a refusal
  std::optional<Trouble> trouble_;
  KnownGrants grants_;
  TopicTrail trail_;
  LiveTail tail_;
  DeliveryQueue queue_;
  std::uint64_t taken_ = 0;  // messages, ever
  std::deque<Gap> gaps_;     // at most one between two messages of the queue
  std::vector<ControlMessage> control_;
  std::vector<Event> events_;
  Counters counters_;
};

}  // namespace restante::core
