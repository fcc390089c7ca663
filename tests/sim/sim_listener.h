#pragma once
/// \file
/// A simulated subscriber without a name: the LiveInbox of the library, its link, its application, its live path.

#include <deque>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "core/live_inbox.h"
#include "tests/sim/checkers.h"
#include "tests/sim/client.h"

namespace restante::sim {

/// Never crashes, for nothing would be lost with it. Throws Violation if it gets what was not published to it, or in
/// another order or twice, if it is not told what it missed, or told what it did not miss.
class SimListener {
 public:
  struct Setup {
    std::string stream;
    std::vector<std::string> filters;
    std::uint64_t session = 0;
    std::uint32_t pid = 0;
    std::uint64_t queue = 0;  ///< octets
    bool judges_gaps = true;  ///< false: more topics than the limits of this world remember
  };
  explicit SimListener(const Setup& setup);

  /// What the writer at `endpoint` publishes. It gets there, if this is where it listens and it is not `lost`.
  void on_published(const std::string& endpoint, const Buffer& frame, bool lost);
  bool receive(core::Instant now);
  bool live_step(core::Instant now);
  void tick(core::Instant now);
  /// The application takes a message or is told of a gap; false if there is neither.
  bool take(const Ledger& ledger, core::Instant now);

  /// Was it told of all that it missed, the last too? Of what was published before it was at this sidecar it may not
  /// be.
  [[nodiscard]] bool told_all() const;

  [[nodiscard]] Client& client() noexcept { return client_; }
  [[nodiscard]] const core::LiveInbox& core() const noexcept { return core_; }
  [[nodiscard]] const std::string& stream() const noexcept { return setup_.stream; }
  [[nodiscard]] const std::string& source() const noexcept { return source_; }
  [[nodiscard]] LivePath& path() noexcept { return path_; }

  std::function<void(const std::string&)> tell;

 private:
  /// A message that was published where it listens and that its filters want. Only what comes on the same chain shows
  /// that one is missing: that of its topic, or of all for who wants all.
  struct Published {
    std::string chain;
    GrantId grant = 0;
    Sequence sequence = 0;
    bool is_told = false;     // in a gap
    bool is_excused = false;  // that it was missed is told by what follows only
  };
  void perform(core::Instant now);
  void note(const core::ControlMessage& told);
  void check_late(const core::BatchHeader& header) const;
  void excuse_up_to(Sequence last);
  void on_gap(core::Range gap);
  void on_heard(GrantId grant, Sequence sequence);
  void check_missed(std::size_t heard) const;

  Setup setup_;
  core::LiveInbox core_;
  Client client_;
  LivePath path_;
  std::string source_;
  std::deque<Published> published_;  // since it has heard something there, in order
  Sequence since_ = 0;               // the first that it heard there; 0: none
  Sequence word_to_ = 0;             // so far the sidecar has said what was published
  std::set<GrantId> announced_;
  std::set<GrantId> unjudged_;  // batches of it came before it was announced
};

}  // namespace restante::sim
