#pragma once
/// \file
/// The simulated world: one node's sidecar, producers, a handful of workers and readers, faults, and a clock of its
/// own.

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/sim_listener.h"
#include "tests/sim/sim_producer.h"
#include "tests/sim/sim_replay.h"
#include "tests/sim/sim_sidecar.h"
#include "tests/sim/sim_worker.h"
#include "tests/sim/sometimes.h"
#include "tests/sim/world_options.h"

namespace restante::sim {

/// One node and what it serves. Several nodes would share nothing but their machine, so that one is enough: a consumer
/// has a session of its own with each.
class World {
 public:
  World(std::uint64_t seed, const WorldOptions& options);

  /// `steps` steps with faults, then the heal: everything must flow to its end in bounded time. Throws Violation.
  void run(std::size_t steps);

  [[nodiscard]] const std::vector<std::string>& trace() const noexcept { return trace_; }
  [[nodiscard]] std::uint64_t trace_hash() const noexcept { return hash_; }
  [[nodiscard]] const Ledger& ledger() const noexcept { return ledger_; }
  [[nodiscard]] const Sometimes& sometimes() const noexcept { return sometimes_; }
  /// Virtual time that has passed.
  [[nodiscard]] Duration passed() const;
  void keep_trace() { keep_trace_ = true; }

 private:
  // ---- world.cpp
  void step();
  void move();
  void dial_all();
  void send(std::size_t messages);
  void broadcast(const SimProducer& producer, const Buffer& batch);
  void check_wanted(const std::string& endpoint, const Buffer& batch) const;
  bool live_step(SimWorker& worker);
  void move(SimListener& listener);
  void tick_all();
  void start_sidecar();
  void note(const std::string& text);
  void check();
  void note_dead();
  [[nodiscard]] std::int64_t wall_ms() const;
  template <typename Process>
  [[nodiscard]] bool runs(const Process& process) const {
    return healing_ || process.frozen_until <= now_;
  }
  [[nodiscard]] bool sidecar_runs() const { return sidecar_.up() && !sidecar_.failed() && runs(sidecar_); }

  // ---- world_people.cpp: processes come and go
  void make_subscriptions();
  [[nodiscard]] std::string topic(std::size_t number) const;
  [[nodiscard]] BacklogLimit draw_limit();
  void draw_rules(core::StreamRecord& stream);
  void draw_rules(Role& role, bool has_limit);
  void on_rules(const Role& role);
  [[nodiscard]] std::unique_ptr<SimProducer> make_producer(const std::string& stream);
  [[nodiscard]] std::unique_ptr<SimWorker> make_consumer(const Role& role);
  void make_listeners(const std::string& stream);
  void crash_sidecar();
  void crash_producer(std::size_t at);
  void crash_worker(std::size_t at);
  void end_consumer(SimWorker& worker);
  void new_rival(std::size_t at);
  void new_subscription();
  void change_filters();
  void remove_subscription();
  void hear_of_removals();
  void end_removed();

  // ---- world_resets.cpp
  void reset_subscription();
  void on_reset(const core::SubscriptionRecord& record);
  [[nodiscard]] bool is_there(std::int64_t made) const;

  // ---- world_dead.cpp
  void change_dead();
  void on_raised(const core::DeadRecord& letter, const core::ParkedRecord* parked);

  void end_fenced();
  void end_taken_over();

  // ---- world_replays.cpp
  [[nodiscard]] std::set<SimReplay::Id> kept_for(const SimReplay::Setup& setup, core::Range range) const;
  void new_replay(const std::string& stream, bool whole);
  void on_replay(const core::Subscribed& told);
  void replay_fault();
  void move(SimReplay& replay);
  void end_replays();
  void set_stream();
  void note_retention();
  void check_retained() const;

  // ---- world_faults.cpp
  void fault();
  void process_fault(std::uint64_t kind);
  void link_fault(std::uint64_t kind);
  void machine_fault(std::uint64_t kind);
  void lose_frame(Client& client);
  void clog();
  void unclog_all();
  void freeze();
  void back_up();
  void replace_store();
  void damage_row();
  void jump();

  // ---- world_heal.cpp
  void heal();
  void last_replays();
  bool comes_to_rest();
  void heal_round();
  void begin_long_job();
  bool end_long_job();
  [[nodiscard]] bool settled_all() const;
  [[nodiscard]] bool all_listen() const;
  [[nodiscard]] bool all_are_told() const;
  void gather(const SimListener& listener);
  void gather();
  void gather(const SimWorker& worker);
  void describe();
  void describe(const core::ReaderGroup& group, const std::string& whose);

  /// A store as it once was.
  struct Backup {
    core::StoreContents contents;
    std::set<Ledger::Number> confirmed;
  };

  core::Random random_;
  WorldOptions options_;
  core::Instant now_{};
  std::int64_t wall_offset_ms_ = 0;
  core::MemoryStore disk_;
  std::uint64_t store_number_ = 1;  // another one when the store is replaced
  SimSidecar sidecar_;
  std::vector<std::unique_ptr<SimProducer>> producers_;
  std::vector<std::unique_ptr<SimWorker>> workers_;  // and readers behind them
  std::vector<std::unique_ptr<SimListener>> listeners_;
  std::vector<std::unique_ptr<SimReplay>> replays_;
  /// How long a stream keeps what nobody is owed, since which message; by stream.
  struct Keeping {
    core::Retention retention;
    Ledger::Number since = 1;
  };
  std::map<std::string, Keeping> keeping_;
  std::map<std::string, BacklogLimit> stream_limits_;
  std::map<Ledger::Number, std::int64_t> sent_ms_;
  bool wished_ = false;      // to keep more or less, and the sidecar may have begun with it
  std::vector<Role> roles_;  // those that must always have a consumer
  std::map<std::string, LivePath> paths_;
  std::vector<Backup> backups_;
  std::set<std::uint32_t> alive_;
  Ledger ledger_;
  std::uint64_t next_number_ = 1;
  std::uint32_t next_pid_ = 100;
  std::set<std::string> removed_and_told_;              // subscriptions whose consumer has ended beside a rival
  std::set<std::pair<GrantId, Sequence>> tried_again_;  // dead letters
  std::set<std::pair<core::SubscriptionId, Sequence>> dropped_;  // dead letters that somebody wanted to be gone
  std::size_t late_ = 0;                                         // subscriptions made on the way
  LinkRef tool_;                                                 // of who asked for the last removal
  bool healing_ = false;
  bool keep_trace_ = false;
  std::vector<std::string> trace_;
  std::uint64_t hash_ = 1469598103934665603ULL;
  Sometimes sometimes_;
};

}  // namespace restante::sim
