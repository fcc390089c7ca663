#pragma once
/// \file
/// The rows of one stream, on their way through its writer.

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "patterns/exactly_once/outbox_reader.h"
#include "patterns/node_state.h"
#include "patterns/writer_state.h"

namespace restante::detail {

/// Sends rows in their order as far as the writer's window takes them. Whatever stands against it, the rows stay where
/// they are and it tries again. Of the pump's thread.
class OutboxLane {
 public:
  using Clock = std::chrono::steady_clock;

  OutboxLane(std::shared_ptr<NodeState> node, std::string stream, unsigned instance, std::int64_t sent_to);
  ~OutboxLane();
  OutboxLane(const OutboxLane&) = delete;
  OutboxLane& operator=(const OutboxLane&) = delete;

  /// Sends what there is behind what it has sent. Throws SQLite::Exception.
  void send(OutboxReader& reader, Clock::time_point now);
  /// Adds the rows that are confirmed by now to `done`.
  void collect(std::vector<std::int64_t>& done);
  /// Notices that what is under way will never be confirmed, and sends it again.
  void check(Clock::time_point now);
  /// Whether wait() is likely to see something happen.
  [[nodiscard]] bool is_worth_waiting_for(Clock::time_point now) const noexcept;
  /// Until the oldest row under way is confirmed, or the writer is let in, or for `timeout`.
  void wait(Duration timeout) const;

  [[nodiscard]] const std::string& stream() const noexcept { return stream_; }
  [[nodiscard]] bool is_sending() const noexcept { return !under_way_.empty(); }
  [[nodiscard]] std::int64_t sent_to() const noexcept { return sent_to_; }
  [[nodiscard]] bool has_more() const noexcept { return has_more_; }  ///< rows that it could not take yet
  /// All its rows up to there, as of the last send(), are confirmed. INT64_MAX: all.
  [[nodiscard]] std::int64_t clear_to() const noexcept;
  /// Empty: nothing. `is_grave`: it needs somebody.
  [[nodiscard]] std::string obstacle() const;
  [[nodiscard]] bool is_grave() const noexcept { return !trouble_.empty(); }

 private:
  struct UnderWay {
    std::int64_t id;
    std::uint64_t ordinal;
  };
  bool take(const OutboxRow& row);
  bool open_for(const OutboxRow& row);
  void close() noexcept;
  void fail(const Error& error, Clock::time_point now);

  const std::shared_ptr<NodeState> node_;
  const std::string stream_;
  const unsigned instance_;
  std::shared_ptr<WriterState> writer_;
  bool publishes_ = false;
  bool admitted_ = false;
  Clock::time_point opened_at_{};
  std::string refusal_;  // why it is not admitted
  std::int64_t sent_to_ = 0;
  bool has_more_ = false;
  std::deque<UnderWay> under_way_;
  std::string trouble_;
  Clock::time_point again_at_{};
  Duration pause_{};
};

}  // namespace restante::detail
