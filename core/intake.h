#pragma once
/// \file
/// What the library needs of a consumer's side of a session, whatever kind of subscription it is.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <restante/error.h>

#include "core/batch.h"
#include "core/batch_reader.h"
#include "core/messages.h"
#include "core/time.h"

namespace restante::core {

/// An Inbox (remembered by its name) or a LiveInbox (nothing is kept for it). Pure; one thread at a time.
class Intake {
 public:
  virtual ~Intake() = default;

  /// A message for the application.
  struct Item {
    std::shared_ptr<const Batch> batch;
    MessageView view;  ///< into the batch; payload at an 8-octet aligned address
    GrantId grant = 0;
    Sequence sequence = 0;
    std::uint32_t attempt = 1;
    std::uint64_t hand = 0;  ///< names this handing out; an id that comes again has another one
  };
  enum class Verdict { ack, nack, reject, release };
  struct Event {  ///< for the application, in order with the items
    enum class Kind { regressed, gap, taken_over } kind = Kind::gap;
    Sequence from = 0, to = 0;
    std::string text;
    std::uint64_t number = 0;  ///< of a gap that is owed: told() has to say that the application knows of it; 0: none
  };
  struct Trouble {
    ErrorCode code;
    std::string text;
    bool final;
  };

  // ---- getters
  [[nodiscard]] virtual bool ready() const = 0;          ///< take() would give something, or an event
  [[nodiscard]] virtual std::size_t queued() const = 0;  ///< messages not handed out
  [[nodiscard]] virtual std::size_t handed_out() const = 0;
  [[nodiscard]] virtual bool subscribed() const = 0;
  [[nodiscard]] virtual bool has_left() const = 0;                ///< it was stopped, and the sidecar knows or need not
  [[nodiscard]] virtual bool has_ended() const { return false; }  ///< a replay is over: nothing will come any more
  [[nodiscard]] virtual Instant next_deadline() const = 0;        ///< of leases, reports, pending settlements
  [[nodiscard]] virtual const std::optional<Trouble>& trouble() const = 0;  ///< refused, taken over

  // ---- commands
  /// Hands out the next message. Nothing although ready(): an event comes before it.
  virtual std::optional<Item> take(Instant now) = 0;
  /// False if the hold had ended. `delay` (of a nack; below 0: by the retry policy) and `reason` (of a reject) as the
  /// verdict needs.
  virtual bool settle(std::uint64_t hand, Verdict verdict, Duration delay, std::string reason, Instant now) = 0;
  /// It is held for the lease from now on, or for `at_least`, if that is longer. False as of settle().
  virtual bool extend(std::uint64_t hand, Instant now, Duration at_least = {}) = 0;
  /// The application was told of the gap with this number. Until then the sidecar owes it, to this consumer or another.
  virtual void told(std::uint64_t number, Instant now) = 0;
  /// Asks for nothing more; when everything is settled the session is ended in good order (Unsubscribe).
  virtual void stop(Instant now) = 0;

  // ---- inputs
  virtual void on_link_up(Instant now) = 0;  ///< after Welcome: subscribes
  virtual void on_link_down(Instant now) = 0;
  virtual void on_message(const ControlMessage& message, Instant now) = 0;  ///< for this session or token
  /// Batches were parsed from a Buffer that was aligned(), so that payloads are at aligned addresses.
  virtual void on_redelivery(const Redelivery& header, std::shared_ptr<const Batch> batch, Instant now) = 0;
  virtual void on_live(std::shared_ptr<const Batch> batch, Instant now) = 0;
  virtual void on_time(Instant now) = 0;

  // ---- outputs
  virtual std::vector<ControlMessage> take_effects() = 0;  ///< to the sidecar
  virtual std::vector<Event> take_events() = 0;

 protected:
  Intake() = default;
  Intake(const Intake&) = default;  // by its own type only
  Intake(Intake&&) = default;
  Intake& operator=(const Intake&) = default;
  Intake& operator=(Intake&&) = default;
};

/// Will asking a sidecar again change nothing?
[[nodiscard]] inline bool is_final(ErrorCode code) noexcept {
  return code == ErrorCode::bad_argument || code == ErrorCode::misconfigured || code == ErrorCode::denied ||
         code == ErrorCode::incompatible_version;
}

}  // namespace restante::core
