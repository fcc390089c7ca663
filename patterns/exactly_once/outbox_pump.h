#pragma once
/// \file
/// The thread that sends what the application has committed.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "patterns/exactly_once/outbox_lane.h"
#include "patterns/exactly_once/outbox_reader.h"
#include "patterns/node_state.h"

namespace restante::detail {

/// Looks for commits on a connection of its own, about ten times a second, and each millisecond after an expect(). Its
/// public members are thread-safe.
class OutboxPump {
 public:
  /// Throws SQLite::Exception.
  OutboxPump(const std::string& path, std::shared_ptr<NodeState> node, unsigned instance);
  ~OutboxPump();  ///< rows that are under way stay in the table
  OutboxPump(const OutboxPump&) = delete;
  OutboxPump& operator=(const OutboxPump&) = delete;

  /// Something was added, and may be committed soon.
  void expect();
  /// True once every committed row up to `id` is confirmed. False: after `timeout`, or the node was stopped.
  bool wait_clear(std::int64_t id, Duration timeout);
  /// Rows that are confirmed and still in the table, for the application to remove. `generation`: what the caller has
  /// seen, is set; empty if that is the newest.
  std::vector<std::int64_t> done(std::uint64_t& generation) const;
  [[nodiscard]] std::string obstacle() const;

 private:
  void run();
  void pass();
  void send();
  OutboxLane* lane_of(const std::string& stream);
  void collect();
  void drop_removed();
  void publish();
  void rest();

  const std::shared_ptr<NodeState> node_;
  const unsigned instance_;

  // Of the thread.
  OutboxReader reader_;
  std::map<std::string, std::unique_ptr<OutboxLane>> lanes_;
  std::int64_t scanned_to_ = 0;
  std::map<std::string, std::int64_t> sent_to_;  // of streams whose lane was given up, while their rows are there
  bool dirty_ = true;                            // not all was read since the last change
  bool left_out_ = false;                        // a stream had no lane
  int fast_polls_ = 0;
  std::string trouble_;  // of the database

  mutable std::mutex mutex_;
  std::condition_variable changed_;  // for the thread
  std::condition_variable cleared_;  // for those who wait
  bool ending_ = false;
  bool expecting_ = false;
  std::int64_t clear_to_ = 0;
  std::deque<std::int64_t> done_;
  std::uint64_t generation_ = 0;  // rises when done_ grows
  std::string obstacle_;
  bool drained_ = false;  // the node was stopped, and nothing is under way

  std::thread thread_;
};

}  // namespace restante::detail
