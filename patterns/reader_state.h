#pragma once
/// \file
/// One stream opened for reading: what its Puller, its deliveries and the I/O thread share.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <restante/error.h>
#include <restante/options.h>
#include <restante/types.h>

#include "core/inbox.h"
#include "core/live_inbox.h"
#include "patterns/change_signal.h"
#include "patterns/json_text.h"
#include "patterns/node_context.h"
#include "patterns/reader_session.h"

namespace restante::detail {

/// The sessions of one reader, one an upstream, under one mutex. The I/O thread feeds them and carries off what they
/// say; application threads take and settle, and wake it only when a session has something to say earlier than it knew.
/// Lives as long as anything of it is in use, also after the node: then nothing comes and nothing goes.
class ReaderState : public std::enable_shared_from_this<ReaderState> {
 public:
  struct Options {
    std::string stream;
    std::vector<std::string> from;  ///< endpoints of sidecars
    std::size_t credit = 0;
    Duration lease{};
    Duration handler_max{};
    std::function<void(const Gap&)> on_gap;
    std::string subscription{core::pipeline_subscription};
    bool exclusive = false;
    bool strict = false;  ///< exclusive, and of each topic one unsettled message at a time
    bool live = false;    ///< without a name; the three above say nothing then
    std::vector<std::string> filters{};
    std::string start = "new";
    bool replays = false;  ///< without a name too: reads what is kept, and ends
    Sequence until = 0;    ///< of a replay
    BacklogLimit limit{};
    RetryRule retry{};
  };
  ReaderState(Options options, std::shared_ptr<NodeContext> node);
  ~ReaderState();
  ReaderState(const ReaderState&) = delete;
  ReaderState& operator=(const ReaderState&) = delete;

  struct Taken {
    core::Intake::Item item;
    ReaderSession* session = nullptr;
    const std::string* node = nullptr;  ///< name of the node it came from; lives as long as this reader
  };

  // ---- application threads
  /// Waits for the next message; nullopt on time-out, when stopped, or when `stop` is requested and interrupt() called.
  std::optional<Taken> receive(Duration timeout, const std::stop_token& stop = {});
  void interrupt() noexcept;
  /// Told when it is stopped.
  void watch(const std::shared_ptr<ChangeSignal>& signal);
  bool settle(ReaderSession& session, std::uint64_t hand, core::Intake::Verdict verdict, Duration delay,
              std::string reason);
  bool extend(ReaderSession& session, std::uint64_t hand, Duration at_least);
  void stop() noexcept;
  /// The I/O thread has ended. If it failed, receive() throws from now on.
  void end(const std::string& why, bool failed) noexcept;
  [[nodiscard]] bool stopped() const noexcept;
  [[nodiscard]] int ready_fd();
  void status(JsonText& json) const;
  [[nodiscard]] const NodeContext& node() const noexcept { return *node_; }
  [[nodiscard]] const Options& options() const noexcept { return options_; }

  // ---- I/O thread
  /// A session with the sidecar at `upstream`, for its hub. Keeps this reader alive. `listener`: of one that hears a
  /// PUB.
  std::shared_ptr<ReaderSession> add_session(const std::string& upstream, std::vector<std::string> live_endpoints,
                                             std::unique_ptr<LiveListener> listener, core::Instant now);

 private:
  friend class ReaderSession;
  using Lock = std::unique_lock<std::mutex>;

  [[nodiscard]] core::LiveInbox::Options live_options(std::uint64_t session) const;
  [[nodiscard]] core::Inbox::Options inbox_options(std::uint64_t session, std::vector<std::string> live_endpoints,
                                                   bool listens) const;
  std::optional<Taken> take();
  core::Instant advance(core::Instant now);
  void tell_events(Lock& lock);
  [[nodiscard]] bool has_something() const;
  [[nodiscard]] bool has_ended() const;
  /// Why nothing will ever come, if no sidecar will have this reader.
  [[nodiscard]] std::optional<Error> why_hopeless() const;
  void show_ready();
  void wake_waiters();

  const Options options_;
  const std::shared_ptr<NodeContext> node_;

  // Everything below and every session's inbox is guarded by mutex_.
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::size_t waiters_ = 0;
  std::vector<std::unique_ptr<ReaderSession>> sessions_;
  core::Instant now_{};   // the latest that any thread has read
  std::size_t turn_ = 0;  // the session that is asked first
  bool stopped_ = false;
  Watchers watchers_;
  std::string failure_;  // why nothing will come any more, though nobody stopped it
  struct Untold {
    Gap gap;
    ReaderSession* session;
    std::uint64_t number;  // 0: nobody waits for the word that it was told
  };
  std::deque<Untold> gaps_;  // to be told
  int ready_fd_ = -1;
  bool ready_shown_ = false;
  std::deque<std::string> nodes_;  // names that were seen; never shrinks, so that views stay valid
};

}  // namespace restante::detail
