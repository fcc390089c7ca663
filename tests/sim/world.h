#pragma once
/// \file
/// The simulated world: one node's sidecar, a producer at a time, a handful of workers, faults, and a clock of its own.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/sim_producer.h"
#include "tests/sim/sim_sidecar.h"
#include "tests/sim/sim_worker.h"

namespace restante::sim {

/// What a run is made of, drawn from its seed.
struct WorldOptions {
  std::size_t workers = 2;
  std::size_t readers = 0;  ///< exclusive subscriptions; the second one has a filter
  std::size_t topics = 1;
  bool rivals = false;  ///< second processes that take the name of an exclusive one
  bool crashes = true;
  bool cuts = true;
  bool live = true;
  bool elision = true;
  bool full_disk = false;
  std::uint64_t window = 4096;  ///< of the producer, octets
  std::uint64_t credit = 2048;  ///< of a worker, octets
  std::size_t payload = 40;
  std::size_t batch = 4;
  Duration lease = std::chrono::seconds{3};
  Temper temper;

  static WorldOptions draw(std::uint64_t seed);
  [[nodiscard]] std::string text() const;
};

/// Counts that should not stay zero over many seeds: they say that the run met what it is for.
using Sometimes = std::map<std::string, std::uint64_t>;

class World {
 public:
  World(std::uint64_t seed, const WorldOptions& options);

  /// `steps` steps with faults, then the heal: everything must flow to its end in bounded time. Throws Violation.
  void run(std::size_t steps);

  [[nodiscard]] const std::vector<std::string>& trace() const noexcept { return trace_; }
  [[nodiscard]] std::uint64_t trace_hash() const noexcept { return hash_; }
  [[nodiscard]] const Ledger& ledger() const noexcept { return ledger_; }
  [[nodiscard]] Sometimes sometimes() const;
  void keep_trace() { keep_trace_ = true; }

 private:
  void step();
  void fault();
  void move();
  void heal();
  [[nodiscard]] bool settled_all() const;
  void new_producer();
  void make_subscriptions();
  [[nodiscard]] std::string topic(std::size_t number) const;
  [[nodiscard]] std::unique_ptr<SimWorker> make_consumer(const Role& role);
  void crash_worker(std::size_t at);
  void new_rival(std::size_t at);
  void end_taken_over();
  void broadcast(const Buffer& batch);
  void send(std::size_t messages);
  void dial_all();
  bool live_step();
  void tick_all();
  void note(const std::string& text);
  void check();
  void gather();
  void describe();

  core::Random random_;
  WorldOptions options_;
  core::Instant now_{};
  core::MemoryStore disk_;
  SimSidecar sidecar_;
  std::unique_ptr<SimProducer> producer_;
  std::vector<std::unique_ptr<SimWorker>> workers_;  // and readers behind them
  std::vector<Role> roles_;                          // those that must always have a consumer
  std::map<std::string, LivePath> paths_;
  Ledger ledger_;
  core::OutboxSettings settings_;
  std::uint64_t next_number_ = 1;
  std::uint32_t next_pid_ = 100;
  bool healing_ = false;
  bool keep_trace_ = false;
  std::vector<std::string> trace_;
  std::uint64_t hash_ = 1469598103934665603ULL;
  Sometimes sometimes_;
};

}  // namespace restante::sim
