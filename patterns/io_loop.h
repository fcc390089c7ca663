#pragma once
/// \file
/// The thread of a node.

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <restante/types.h>

#include "patterns/json_text.h"
#include "patterns/link_hub.h"
#include "patterns/live_inlet.h"
#include "patterns/node_context.h"
#include "patterns/reader_state.h"
#include "patterns/writer_state.h"

namespace restante::detail {

/// All sockets of a node and the one thread that uses them: waits, reads, lets writers and sessions speak. run() is the
/// thread; everything public is for any thread.
class IoLoop {
 public:
  explicit IoLoop(std::shared_ptr<NodeContext> node);
  ~IoLoop();
  IoLoop(const IoLoop&) = delete;
  IoLoop& operator=(const IoLoop&) = delete;

  /// Until end(). Nothing is thrown: what goes wrong ends all waiting with its text.
  void run() noexcept;
  /// Makes run() say good-bye to the sidecars and return.
  void end() noexcept;

  void add(std::shared_ptr<WriterState> writer);
  void add(std::shared_ptr<ReaderState> reader);
  bool wait_ready(Duration timeout);
  void links_status(JsonText& json) const;

 private:
  void turn();
  void wait_for_work(bool busy, core::Instant now);
  void adopt(core::Instant now);
  std::shared_ptr<ReaderSession> add_session(ReaderState& reader, const std::string& upstream, core::Instant now);
  LinkHub& hub(const std::string& endpoint, core::Instant now);
  bool read_live(core::Instant now);
  void handle_stop(core::Instant now);
  void tell_ready();
  void say_good_bye();
  void end_all(const std::string& why, bool failed) noexcept;

  const std::shared_ptr<NodeContext> node_;

  // Of the I/O thread. The order is that of construction: sockets go before the poller and the context.
  link::Context context_;
  link::Poller poller_;
  std::unique_ptr<LiveInlet> inlet_;
  bool busy_ = false;  // there was more to do than one turn did
  bool stop_handled_ = false;

  std::atomic<bool> ending_{false};
  std::atomic<bool> adoption_waits_{false};

  // Guarded by mutex_; the hubs themselves are the I/O thread's, but for their status().
  mutable std::mutex mutex_;
  std::condition_variable ready_signal_;
  std::vector<std::unique_ptr<LinkHub>> hubs_;
  std::vector<std::shared_ptr<WriterState>> new_writers_;
  std::vector<std::shared_ptr<ReaderState>> new_readers_;
  std::atomic<std::size_t> ready_waiters_{0};
  bool ready_ = false;
  std::string ended_;    // why run() has returned; empty: it has not
  bool failed_ = false;  // and not in good order
};

}  // namespace restante::detail
