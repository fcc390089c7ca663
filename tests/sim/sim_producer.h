#pragma once
/// \file
/// A simulated service that sends: the Producer of the library, its link, its application.

#include <deque>
#include <memory>
#include <string>

#include "core/producer.h"
#include "tests/sim/checkers.h"
#include "tests/sim/client.h"

namespace restante::sim {

/// One life of a producing process. A crash is its destruction; what was in its queues may still arrive.
class SimProducer {
 public:
  SimProducer(std::string stream, std::uint64_t handle, std::uint32_t pid, std::uint64_t window,
              core::StreamPattern pattern, const core::Retention& retention = {});

  /// What a batch is made of.
  struct Shape {
    std::string topic{};
    std::size_t messages = 1;
    std::size_t payload = 40;
    std::uint64_t marker = 0;
    core::DeliveryTimes times{};
    bool judges_delay = false;  ///< nobody sets the clock that it is counted by
  };
  /// Sends a batch with numbers from `next_number` on, if the window allows: its copy, which an exclusive consumer may
  /// get live as well; else an empty buffer.
  Buffer send(Ledger& ledger, std::uint64_t& next_number, const Shape& shape, core::Instant now,
              const core::Producer::TryLive& live);
  bool receive(Ledger& ledger, core::Instant now);
  void tick(core::Instant now);
  [[nodiscard]] Client& client() noexcept { return client_; }
  [[nodiscard]] const core::Producer& core() const noexcept { return core_; }
  [[nodiscard]] const std::string& stream() const noexcept { return stream_; }
  /// Where it publishes.
  [[nodiscard]] std::string endpoint() const { return endpoint_of(client_.pid()); }
  /// Nothing waits for a confirm, or ever will.
  [[nodiscard]] bool finished() const { return core_.idle() || fenced(); }
  [[nodiscard]] bool fenced() const { return core_.trouble() && core_.trouble()->final; }

  core::Instant frozen_until{};  ///< the process is stopped (SIGSTOP) until then

 private:
  static std::string endpoint_of(std::uint32_t pid) { return "ipc://simulated-" + std::to_string(pid); }
  static core::Producer::Options options_of(const std::string& stream, std::uint64_t handle, std::uint32_t pid,
                                            std::uint64_t window, core::StreamPattern pattern,
                                            const core::Retention& retention);
  void perform(Ledger& ledger, core::Instant now);

  core::Producer core_;
  Client client_;
  std::string stream_;
  std::deque<Ledger::Number> unconfirmed_;  // numbers by ordinal
  std::uint64_t confirmed_ = 0;
  std::uint64_t window_ = 0;  // as told last
};

}  // namespace restante::sim
