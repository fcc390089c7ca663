#pragma once
/// \file
/// One stream opened for writing: what its Pusher, its receipts and the I/O thread share.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <restante/error.h>
#include <restante/options.h>
#include <restante/types.h>

#include "core/producer.h"
#include "patterns/change_signal.h"
#include "patterns/json_text.h"
#include "patterns/link_member.h"
#include "patterns/node_context.h"
#include "patterns/public_outlet.h"
#include "patterns/send_queue.h"

namespace restante::detail {

/// Application threads put messages into a queue under mutex_; the I/O thread takes what has gathered, has
/// core::Producer number and chain it, and publishes what the sidecar confirmed. Lives as long as its node or longer,
/// since receipts point to it.
class WriterState final : public LinkMember {
  using Lock = std::unique_lock<std::mutex>;

 public:
  struct Options {
    std::uint64_t handle = 0;
    std::string stream;
    core::StreamKind kind = core::StreamKind::kept;
    std::size_t window = 0;
    core::StreamPattern pattern = core::StreamPattern::pipeline;
    std::string publish_at{};  ///< of a publisher
    bool keep_single = false;
    core::Retention retention{};
  };
  WriterState(const Options& options, std::shared_ptr<NodeContext> node);

  // ---- application threads
  /// The ordinal of the message. Throws as Pusher::send().
  std::uint64_t send(std::string_view topic, std::string_view payload, const Attributes& attributes);
  std::optional<std::uint64_t> try_send(std::string_view topic, std::string_view payload, const Attributes& attributes);
  /// As try_send(), of what was checked before: a payload, attributes as they travel, and in pub/sub a topic.
  std::optional<std::uint64_t> try_send_checked(std::string_view topic, std::string_view payload,
                                                std::string_view encoded, std::uint64_t marker,
                                                const core::DeliveryTimes& times) {
    return put(topic, payload, encoded, marker, times, false);
  }
  /// Why nothing that waits here will ever be confirmed. That the node was stopped is no reason.
  [[nodiscard]] std::optional<Error> refusal() const {
    const Lock lock(mutex_);
    return why_refused();
  }
  /// Told of all that may change for a sender: confirms, room, troubles.
  void watch(const std::shared_ptr<ChangeSignal>& signal) {
    const Lock lock(mutex_);
    watchers_.add(signal);
  }
  [[nodiscard]] std::string back_pressure() const;
  /// What keeps the sidecar from letting it in; empty once it has. Throws as send().
  [[nodiscard]] std::string why_not_admitted() const;
  bool flush(Duration timeout);
  [[nodiscard]] std::optional<std::uint64_t> last_marker(Duration timeout) const;
  std::size_t close(Duration timeout);
  [[nodiscard]] std::uint64_t accepted() const noexcept { return accepted_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t confirmed() const noexcept { return confirmed_.load(std::memory_order_acquire); }
  [[nodiscard]] Outcome outcome(std::uint64_t ordinal) const noexcept;
  bool wait_confirmed(std::uint64_t ordinal, Duration timeout) const;
  bool wait_settled(std::uint64_t ordinal, Duration timeout) const;
  [[nodiscard]] std::optional<MessageId> id(std::uint64_t ordinal) const;
  void status(JsonText& json) const;
  [[nodiscard]] const NodeContext& node() const noexcept { return *node_; }
  [[nodiscard]] const std::string& stream() const noexcept { return options_.stream; }
  [[nodiscard]] bool publishes() const noexcept { return options_.pattern == core::StreamPattern::pubsub; }

  // ---- I/O thread
  /// Before it is given to its link. A publisher gets its socket here.
  void open_outlet(link::Context& context, link::Poller& poller);
  [[nodiscard]] std::uint64_t id() const override { return options_.handle; }
  void on_link_up(const core::Welcome& welcome, core::Instant now) override;
  void on_link_down(core::Instant now) override;
  void on_message(const core::ControlMessage& message, core::Instant now) override;
  void on_redelivery(const core::Redelivery&, std::shared_ptr<const core::Batch>, core::Instant) override {}
  void on_live(std::shared_ptr<const core::Batch>, core::Instant) override {}
  bool step(LinkPort& port, core::Instant now) override;
  [[nodiscard]] core::Instant next_deadline() const override {
    return held_until_ == core::Instant{} ? producer_.next_deadline()
                                          : std::min(held_until_, producer_.next_deadline());
  }
  [[nodiscard]] bool ready() const override { return producer_.attached() || closed_; }
  [[nodiscard]] bool finished() const override { return closed_said_; }
  void on_stop(core::Instant now) override;
  void on_end(const std::string& why, bool failed) override;

 private:
  using Deadline = std::optional<std::chrono::steady_clock::time_point>;
  enum class Phase { open, closing, closed };

  std::optional<std::uint64_t> offer(std::string_view topic, std::string_view payload, const Attributes& attributes,
                                     bool wait);
  static Deadline deadline_after(Duration timeout);
  [[nodiscard]] bool has_room(std::size_t cost) const;
  [[nodiscard]] bool is_refused() const;
  void check_can_send() const;
  void check_can_wait() const;
  [[nodiscard]] std::optional<Error> why_hopeless() const;
  [[nodiscard]] std::optional<Error> why_refused() const;
  std::optional<std::uint64_t> put(std::string_view topic, std::string_view payload, std::string_view encoded,
                                   std::uint64_t marker, const core::DeliveryTimes& times, bool wait);
  template <typename Done>
  bool wait_for(Lock& lock, const Deadline& deadline, Done done) const;
  void mark_dirty();
  bool send_gathered(LinkPort& port);
  std::optional<SendQueue::Gathered> take_sendable();
  void perform(LinkPort& port);
  void publish();

  const Options options_;
  const std::shared_ptr<NodeContext> node_;

  // Of the I/O thread. It changes producer_ under producer_mutex_, which others need to read it.
  mutable std::mutex producer_mutex_;
  core::Producer producer_;
  core::Instant held_until_{};            // until then those who listen connect; nothing is published
  std::unique_ptr<PublicOutlet> outlet_;  // of the I/O thread, as its sockets are
  bool link_up_ = false;
  bool closed_ = false;       // by the application
  bool closed_said_ = false;  // and the sidecar was told
  bool changed_ = false;      // something to publish

  std::atomic<bool> dirty_{false};  // the application has something for the I/O thread

  // Guarded by mutex_. The atomics are written under it and read without.
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_signal_;
  mutable std::size_t waiters_ = 0;
  Watchers watchers_;
  Phase phase_ = Phase::open;
  SendQueue queue_;
  std::size_t taken_octets_ = 0;  // out of the queue, not yet in unconfirmed_octets_
  std::size_t unconfirmed_octets_ = 0;
  mutable std::size_t wanted_ = 0;  // cost of the message that try_send() refused last
  std::optional<core::Producer::Trouble> trouble_;
  std::string obstacle_ = "no sidecar yet";
  std::optional<std::uint64_t> last_marker_;
  std::string sidecar_node_;
  std::string ended_;  // why the I/O thread has ended; empty: it has not
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<std::uint64_t> confirmed_{0};
  std::atomic<std::uint64_t> settled_{0};
  core::Fates fates_;
};

/// What the destructor of a sending end does; what is lost is said, since nobody else will know.
void leave(WriterState& state) noexcept;

}  // namespace restante::detail
