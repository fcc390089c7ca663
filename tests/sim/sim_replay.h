#pragma once
/// \file
/// A simulated process that replays: the Inbox of the library in that mode, its link, its application.

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/inbox.h"
#include "tests/sim/checkers.h"
#include "tests/sim/client.h"

namespace restante::sim {

/// Throws Violation if it gets what was not sent, out of order or twice, if it ends without what was kept for it and
/// was told no gap, or is told a gap of what is there.
class SimReplay {
 public:
  struct Setup {
    std::string stream;
    std::vector<std::string> filters;
    std::set<std::string> topics;  ///< that the filters match; empty: all
    std::string start;
    Sequence until = 0;
    std::uint64_t session = 0;
    std::uint32_t pid = 0;
    std::uint64_t credit = 0;
    Duration lease{};
  };
  SimReplay(const Setup& setup, core::Instant now);

  using Id = std::pair<GrantId, Sequence>;
  /// The sidecar says that it has begun, over store `number`, in which `kept` is above its floor and not above its end.
  void on_begun(const std::set<Id>& kept, std::uint64_t number);
  bool receive(core::Instant now);
  void tick(core::Instant now);
  /// The application takes or settles a message, or is told of a gap; false if there was nothing to do.
  bool work(const Ledger& ledger, core::Random& random, bool healing, core::Instant now);
  /// It was told that there is no more, and has taken and settled everything. Judged then.
  [[nodiscard]] bool finished() const { return core_.has_ended() && !core_.ready() && hands_.empty(); }
  /// Was everything that was kept for it handed out, or told to be gone?
  void check_complete(const Ledger& ledger) const;
  [[nodiscard]] bool refused() const { return core_.trouble() && core_.trouble()->final; }

  [[nodiscard]] Client& client() noexcept { return client_; }
  [[nodiscard]] const core::Inbox& core() const noexcept { return core_; }
  [[nodiscard]] const Setup& setup() const noexcept { return setup_; }
  [[nodiscard]] bool has_begun() const noexcept { return under_way_; }
  [[nodiscard]] std::size_t got() const noexcept { return seen_.size(); }
  [[nodiscard]] std::size_t gaps() const noexcept { return gaps_; }

  std::function<void(const std::string&)> tell;
  std::function<void(Sequence)> on_regress;
  std::function<Sequence()> pruned_to;  ///< of its stream, on the disk as it is now

 private:
  struct Hand {
    core::Inbox::Item item;
    core::Instant taken{};
    bool is_forgotten = false;
  };
  void perform(core::Instant now);
  void on_gap(core::Range range);
  void take(const Ledger& ledger, const core::Inbox::Item& item, core::Instant now);
  void settle(core::Random& random, bool healing, core::Instant now);
  [[nodiscard]] bool is_late(const Hand& hand, core::Instant now) const {
    return now >= core::after(hand.taken, setup_.lease);
  }

  Setup setup_;
  core::Inbox core_;
  Client client_;
  std::vector<Hand> hands_;
  std::set<Id> owed_;                       // what the store had when it began
  std::set<Id> seen_, again_;               // handed out; of these what may come again
  std::map<std::string, Sequence> newest_;  // of the first time, by topic
  std::uint64_t store_ = 0;
  std::size_t gaps_ = 0;
  std::vector<std::pair<std::uint64_t, core::Range>> gone_;  // and in which store
  bool under_way_ = false;                                   // it knows that it has begun
  bool goes_on_ = false;                                     // on another link than it began on
  bool is_first_ = true;  // nothing came yet: of a start at what is kept, nothing is told of what goes until then
};

}  // namespace restante::sim
