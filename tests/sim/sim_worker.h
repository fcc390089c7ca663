#pragma once
/// \file
/// A simulated consumer: the Inbox of the library, its link, its application, its live path.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/inbox.h"
#include "tests/sim/checkers.h"
#include "tests/sim/client.h"

namespace restante::sim {

/// What the application may do to a message besides acking it; each is a chance in a hundred.
struct Temper {
  unsigned nack = 0;
  unsigned reject = 0;
  unsigned release = 0;
  unsigned hang = 0;         ///< holds it until long after its lease
  std::uint64_t poison = 0;  ///< a message whose number this divides kills its worker; 0: none
};

/// What a consumer subscribes to.
struct Role {
  std::string stream;
  std::string subscription;
  bool exclusive = false;
  bool strict = false;  ///< and exclusive
  std::vector<std::string> filters{};
  [[nodiscard]] bool hears_live() const noexcept { return exclusive && !strict; }
  bool is_changed = false;  ///< the filters are other ones than it was made with
  BacklogLimit limit{};
  RetryRule retry{};
};

/// One life of a working process, or of one that reads in order.
class SimWorker {
 public:
  struct Setup {
    std::uint64_t session = 0;
    std::uint32_t pid = 0;
    std::string endpoint;
    Duration lease{};
    std::uint64_t credit = 0;
  };
  SimWorker(const Role& role, const Setup& setup, core::Instant now);

  using Verdict = core::Inbox::Verdict;
  /// A message that the application has taken and not settled.
  struct Hand {
    core::Inbox::Item item;
    core::Instant taken{};
    core::Instant until{};      ///< hangs
    bool is_forgotten = false;  ///< its store was replaced: the core knows nothing of it
    bool is_long = false;       ///< the long job
  };
  struct Decision {
    Verdict verdict = Verdict::ack;
    Duration delay{-1};  ///< of a nack; below 0: by the retry policy
    std::string reason = "as the dice fell";
  };

  bool receive(core::Instant now);
  void on_live(const Buffer& frame, core::Instant now);
  void tick(core::Instant now);
  /// The application takes or settles one message. False if it died of it.
  bool work(Ledger& ledger, core::Random& random, const Temper& temper, core::Instant now);
  /// The parts of it. The application takes a message, which is then the last of hands(); false if there is none.
  bool take(Ledger& ledger, core::Instant now);
  /// Said to the sidecar by the next tick(), together with what is settled until then.
  void settle(Ledger& ledger, std::size_t hand, const Decision& decision, core::Instant now);
  void stop(core::Instant now);
  /// The next message that it takes is a long job: its lease is extended until it may end.
  void begin_long_job() noexcept { wants_long_job_ = true; }
  void end_long_job() noexcept { wants_long_job_ = false; }
  /// The number of its message, once it has one.
  [[nodiscard]] std::optional<Ledger::Number> long_job() const { return wants_long_job_ ? long_job_ : std::nullopt; }

  /// Called with a line for each thing that the application does.
  std::function<void(const std::string&)> tell;
  /// Called when the application is told that the store has forgotten what is from here on.
  std::function<void(Sequence)> on_regress;
  /// Called when the application is told of a gap.
  std::function<void(std::uint64_t number, core::Range range)> on_gap;
  /// Called for what a run should meet sometimes.
  std::function<void(const char*)> count;

  core::Instant frozen_until{};     ///< the process is stopped (SIGSTOP) until then
  std::uint64_t dialled_store = 0;  ///< which store the sidecar had when it dialled last

  [[nodiscard]] Client& client() noexcept { return client_; }
  [[nodiscard]] const core::Inbox& core() const noexcept { return core_; }
  [[nodiscard]] const std::string& endpoint() const noexcept { return setup_.endpoint; }
  [[nodiscard]] std::uint64_t session() const noexcept { return setup_.session; }
  [[nodiscard]] const Role& role() const noexcept { return role_; }
  [[nodiscard]] bool taken_over() const {
    return core_.trouble() && core_.trouble()->code == ErrorCode::held_elsewhere;
  }
  /// Its subscription was removed, and it was told so.
  [[nodiscard]] bool removed() const { return core_.trouble() && core_.trouble()->code == ErrorCode::bad_state; }
  /// The subscription that it was admitted to last.
  [[nodiscard]] std::int64_t made() const noexcept { return made_; }
  bool extend(std::size_t hand, core::Instant now) { return core_.extend(hands_[hand].item.hand, now); }
  [[nodiscard]] const std::vector<Hand>& hands() const noexcept { return hands_; }
  [[nodiscard]] bool idle() const { return hands_.empty() && core_.queued() == 0; }

 private:
  using Id = std::pair<GrantId, Sequence>;
  void perform(core::Instant now);
  void on_offer(GrantId grant, core::Range range);
  void check_words(const core::ControlMessage& message);
  void note_floor(const core::ControlMessage& told);
  void note_grants(const core::ControlMessage& told);
  [[nodiscard]] bool is_late(const Hand& hand, core::Instant now) const {
    return !hand.is_long && now >= core::after(hand.taken, setup_.lease);
  }
  [[nodiscard]] static Decision decide(core::Random& random, const Temper& temper);

  Role role_;
  Setup setup_;
  core::Inbox core_;
  Client client_;
  std::vector<Hand> hands_;
  std::set<Id> late_;     // settled after their lease: they may come again
  std::set<Id> offered_;  // live copies and what was owed to this session; nothing else may be handed out
  std::set<GrantId> announced_;
  std::int64_t made_ = 0;
  Sequence floor_ = 0;  // as told last: live copies below it are done, or come again by the control link (G1)
  bool wants_long_job_ = false;
  std::optional<Ledger::Number> long_job_;
  bool hangs_ = false;  // the core has seen that a lease is over, and nothing was said since
  bool asked_ = false;  // to catch up, and no checkpoint since
};

}  // namespace restante::sim
