#pragma once
/// \file
/// What a story is played on: one node's sidecar with its disk, producers, consumers, and paths that can be held.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/scenarios/party.h"
#include "tests/scenarios/words.h"
#include "tests/sim/sim_sidecar.h"

namespace restante::scenarios {

/// Everything happens at once and in a fixed order, until nothing is under way that is not held: then the next command
/// is done. Time passes only by tick(). The objects are those of production, put together as in tests/sim, and the
/// ledger of tests/sim watches every story.
class Stage {
 public:
  struct ConsumerSetup {
    std::string subscription = "workers";
    std::size_t hands = SIZE_MAX;
    Duration lease = limits::lease;
    std::uint64_t credit = 0;  ///< octets; 0: the default
  };
  /// A place where something can be under way.
  struct Path {
    enum class Kind { live, up, down, disk, answers } kind = Kind::disk;
    std::string name;  ///< of a process
  };

  Stage();

  // ---- processes (stage.cpp)
  /// Before anything is started: the stream has these subscriptions, and not the one that is made by itself.
  void add_subscription(const sim::Role& role);
  void start_sidecar(const core::OutboxSettings& settings);
  void start_producer(const std::string& name);
  void start_consumer(const std::string& name, const ConsumerSetup& setup);
  void crash(const std::string& name);
  void stop(const std::string& name);
  void freeze(const std::string& name, bool frozen) { party(name).frozen = frozen; }

  // ---- what applications do
  void send(const std::string& name, std::size_t count, std::size_t batch, sim::SimProducer::Shape shape);
  void settle(const std::string& name, core::Range range, const sim::SimWorker::Decision& decision);
  void extend(const std::string& name, core::Range range);

  // ---- paths (stage_paths.cpp)
  void hold(const Path& path, bool held);
  /// Lets through what waits there now, or of a live path the copies in `range`.
  void deliver(const Path& path, const std::optional<core::Range>& range);
  void drop(const Path& path, const std::optional<core::Range>& range);
  void cut_link(const std::string& name);
  void mend_link(const std::string& name) { party(name).is_cut = false; }
  void settle_down();
  void tick(Duration duration);

  // ---- the disk
  void set_capacity(std::uint64_t octets) { disk_.set_capacity(octets); }
  void save_store();
  void restore_store();

  // ---- what is told
  Shown shown;
  void tell_status();
  void tell_status(const std::string& name);
  std::vector<std::string> take_trace() { return std::exchange(trace_, {}); }

 private:
  struct Backup {
    core::StoreContents contents;
    std::set<sim::Ledger::Number> confirmed;
  };

  void note(const std::string& line) { trace_.push_back(line); }
  void note(const std::string& who, const std::string& what) {
    if (!what.empty()) note(who + ": " + what);
  }
  Party& party(const std::string& name);
  Party& consumer(const std::string& name);
  Party& add_party(const std::string& name);
  void require_free(const std::string& name) const;
  std::size_t hand(Party& party, Sequence sequence);
  void write_stream();

  // ---- stage_paths.cpp
  bool round();
  void learn_names();
  void tick_all();
  void dial(Party& party);
  bool arrive_up(Party& party);
  bool arrive_down(Party& party);
  bool arrive_live(Party& party);
  bool disk_step();
  bool take(Party& party);
  void lose(Party& party);
  void lose_up(Party& party);
  void lose_down(Party& party);
  [[nodiscard]] std::string text_up(const sim::Frames& frames);
  [[nodiscard]] std::string text_down(const sim::Frames& frames);
  [[nodiscard]] std::string way_of_live(const Party& party, const core::Buffer& frame) const;

  core::Instant now_;
  core::MemoryStore disk_;
  sim::SimSidecar sidecar_;
  core::OutboxSettings settings_;
  std::vector<std::unique_ptr<Party>> parties_;
  std::vector<sim::Role> roles_;
  sim::Ledger ledger_;
  Names names_;
  std::vector<core::Transaction> commits_;
  std::optional<Backup> backup_;
  std::uint64_t next_number_ = 1;
  std::uint64_t next_random_ = 1;
  std::uint32_t next_pid_ = 100;
  bool was_started_ = false;
  bool holds_disk_ = false;
  bool holds_answers_ = false;
  std::vector<std::string> trace_;
};

}  // namespace restante::scenarios
