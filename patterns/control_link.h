#pragma once
/// \file
/// One control link to a sidecar (docs/wire.md, The links).

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/batch.h"
#include "core/messages.h"
#include "core/random.h"
#include "core/time.h"
#include "patterns/link/link.h"
#include "patterns/node_context.h"

namespace restante::detail {

/// Dials, says hello, keeps the link alive, and begins anew with a new socket whenever it is lost: a cut, silence, an
/// Unknown, a jump in the numbering. Of the I/O thread, but for status().
class ControlLink {
 public:
  /// What the link tells. `on_link_up` and `on_link_down` alternate, beginning with up.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_link_up(const core::Welcome& welcome, core::Instant now) = 0;
    virtual void on_link_down(core::Instant now) = 0;
    virtual void on_control(const core::ControlMessage& message, core::Instant now) = 0;
    virtual void on_redelivery(const core::Redelivery& header, std::shared_ptr<const core::Batch> batch,
                               core::Instant now) = 0;
    /// The sidecar speaks another version; it is asked again now and then.
    virtual void on_refused(const core::Refused& refused, core::Instant now) = 0;
  };

  ControlLink(link::Context& context, link::Poller& poller, NodeContext& node, std::string endpoint, Listener& listener,
              core::Instant now);
  ~ControlLink();
  ControlLink(const ControlLink&) = delete;
  ControlLink& operator=(const ControlLink&) = delete;

  /// Reads what has come, up to a bound, and does what is due. True if there may be more to read.
  bool step(core::Instant now);
  [[nodiscard]] core::Instant next_deadline() const;

  /// Sends while the link is up; without one the words are dropped, since whoever spoke learns of the cut.
  void send(core::ControlMessage message, core::Instant now);
  void send_copy(const core::Buffer& batch, core::Instant now);

  /// Says Bye, and then asks something: the answer Unknown proves that the sidecar has read the Bye, which LINGER 0
  /// would throw away with the socket otherwise. Step until left().
  void leave(core::Instant now);
  [[nodiscard]] bool left() const noexcept { return phase_ == Phase::left; }

  [[nodiscard]] bool up() const noexcept { return phase_ == Phase::up; }
  [[nodiscard]] const std::string& endpoint() const noexcept { return endpoint_; }

  /// For people. Thread-safe.
  struct Status {
    bool up = false;
    std::string node;
    std::uint64_t times_up = 0;
  };
  [[nodiscard]] Status status() const;

 private:
  enum class Phase {
    resting,  // until rest_until_
    dialing,  // the socket connects, for as long as it takes
    greeted,  // Hello is on its way
    up,
    leaving,  // Bye is on its way
    left,
  };

  void dial(core::Instant now);
  void rest(core::Instant now);
  void lose(core::Instant now, const char* why);
  void on_event(link::Dealer::Event event, core::Instant now);
  void on_incoming(const link::Incoming& incoming, core::Instant now);
  void on_frame(const core::ControlFrame& frame, const link::Incoming& incoming, core::Instant now);
  void on_answer(const core::ControlMessage& message, core::Instant now);
  void on_redelivery(const core::Redelivery& header, const core::Buffer& frame, core::Instant now);
  void check_timers(core::Instant now);
  void complain(core::Instant now);
  void put(const core::Buffer& frame, core::Instant now);
  void say(core::ControlMessage message, core::Instant now);

  link::Context& context_;
  link::Poller& poller_;
  NodeContext& node_;
  const std::string endpoint_;
  Listener& listener_;
  core::Random random_;
  const std::uint64_t client_ = random_.next() | 1;  // Hello: who has dialled again
  std::uint64_t dials_ = 0;

  Phase phase_ = Phase::resting;
  std::unique_ptr<link::Dealer> dealer_;
  std::uint64_t said_ = 0;   // number of the last control frame sent on this socket
  std::uint64_t heard_ = 0;  // and received
  core::Instant last_said_{};
  core::Instant last_heard_{};
  core::Instant rest_until_{};
  core::Instant leave_until_ = core::never;
  unsigned failures_ = 0;  // since it was up
  core::Instant away_since_;
  bool complained_ = false;  // that nobody answers; again only after it was up in between
  bool refused_ = false;     // of another version

  mutable std::mutex status_mutex_;
  Status status_;  // guarded by status_mutex_
};

}  // namespace restante::detail
