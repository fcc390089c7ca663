#pragma once
/// \file
/// The simulated sidecar process and its disk.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>

#include "core/memory_store.h"
#include "core/office.h"
#include "tests/sim/client_link.h"
#include "tests/sim/witness.h"

namespace restante::sim {

/// The office over a disk that keeps what was committed and nothing else. A crash at any step loses the office, the
/// requests that the disk had not begun, and the answers on their way; a commit that had begun may have happened.
class SimSidecar {
 public:
  explicit SimSidecar(core::MemoryStore& disk) : disk_(disk) {}

  void start(const core::OutboxSettings& settings, std::uint64_t seed, core::Instant now, std::int64_t wall_ms);
  void crash(core::Random& random);
  /// The crash between two steps: nothing of what was asked of the disk happens, nothing on the links arrives.
  void kill();
  /// Throws Violation.
  void check_books() { witness_.check_books(*office_); }
  [[nodiscard]] bool up() const noexcept { return office_ != nullptr; }
  [[nodiscard]] core::Office& office() { return *office_; }

  LinkRef accept(core::Instant now, std::uint32_t pid);
  /// One frame of a link that has one; false if there is none.
  bool receive(core::Random& random, core::Instant now);
  void receive_all(core::Instant now);
  /// One frame of this link; false if it has none.
  bool receive_from(const LinkRef& link, core::Instant now);
  void notice_cuts(core::Random* random, core::Instant now);
  /// The disk works off one request; false if it had none.
  bool disk_step();
  /// The loop gets one answer of the disk; false if there is none.
  bool answer_step(core::Instant now);
  void tick(core::Instant now, std::int64_t wall_ms);
  /// Performs what the office asks for.
  void perform(core::Instant now);

  [[nodiscard]] bool quiet() const;                                                ///< nothing under way
  [[nodiscard]] std::size_t asked() const noexcept { return requests_.size(); }    ///< of the disk, not begun
  [[nodiscard]] std::size_t answered() const noexcept { return answers_.size(); }  ///< by the disk, not heard yet
  void unclog();  ///< all links, those that their clients have given up as well

  /// The disk refuses the next commit for good, as after a failed sync: the process ends. `kept`: what was written is
  /// on the disk all the same.
  void fail_next_commit(bool kept) noexcept { failing_ = kept ? Failing::kept : Failing::lost; }
  /// A commit has failed: there is nothing left to do but crash().
  [[nodiscard]] bool failed() const noexcept { return failed_; }

  core::Instant frozen_until{};  ///< the process is stopped (SIGSTOP) until then

  /// Does this process still run?
  std::function<bool(std::uint32_t pid)> is_alive;
  /// Called for what a run should meet sometimes.
  std::function<void(const std::string&)> count;
  /// Called with a line for each frame in and out.
  std::function<void(const std::string&)> tell;
  /// Called when a session that replays is told that it has begun.
  std::function<void(const core::Subscribed&)> on_replay;
  /// Called with the name of each subscription that is removed on the disk.
  std::function<void(const std::string&)> on_removed;
  std::function<void(const core::SubscriptionRecord&)> on_reset;
  /// Called for each dead letter that is one no more, on the disk: what it was, and the message that is parked instead,
  /// or nullptr if it was dropped.
  std::function<void(const core::DeadRecord&, const core::ParkedRecord*)> on_raised;
  std::vector<core::Transaction>* commits = nullptr;    ///< gets a copy of each commit that holds
  std::function<void(const core::LoadReply&)> on_load;  ///< if set, called for each page of rows

 private:
  void on_frames(const LinkRef& link, const Frames& frames, core::Instant now);
  void count_early(const core::ControlMessage& message);
  void commit(const core::Transaction& transaction);
  void tell_raised(const core::Transaction& transaction, const std::vector<core::DeadRecord>& letters) const;

  using Request = std::variant<core::Transaction, core::LoadRequest, core::ParkedRequest, core::DeadRequest>;
  struct Full {
    std::string text;
  };
  using Answer = std::variant<core::CommitToken, Full, core::LoadReply, core::ParkedReply, core::DeadReply>;

  core::MemoryStore& disk_;
  std::unique_ptr<core::Office> office_;
  std::map<core::LinkId, LinkRef> links_;
  core::LinkId next_link_ = 1;
  std::deque<Request> requests_;
  std::deque<Answer> answers_;
  enum class Failing { no, kept, lost } failing_ = Failing::no;
  bool failed_ = false;
  Witness witness_;
  std::uint64_t starts_ = 0;
  std::map<std::uint64_t, std::uint64_t> gaps_told_;  // by number: in which life first
  std::map<GrantId, Sequence> copied_;                // highest of each block, in this life
};

}  // namespace restante::sim
