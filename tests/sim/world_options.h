#pragma once
/// \file
/// What a run of the simulated world is made of, drawn from its seed.

#include <cstdint>
#include <string>
#include <vector>

#include "core/outbox.h"
#include "tests/sim/sim_worker.h"

namespace restante::sim {

struct WorldOptions {
  std::size_t streams = 1;
  std::size_t workers = 2;    ///< of each stream
  std::size_t readers = 0;    ///< exclusive subscriptions of each stream; the second one has a filter
  std::size_t listeners = 0;  ///< subscribers without a name, of the second stream
  std::size_t topics = 1;
  std::size_t payload = 40;
  std::size_t batch = 4;
  std::uint64_t window = 4096;  ///< of a producer, octets
  std::uint64_t credit = 2048;  ///< of a worker, octets
  Duration lease = std::chrono::seconds{3};
  Temper temper;
  core::OutboxSettings outbox;
  Sequence next = 1;  ///< the first sequence that a stream grants
  bool live = true;
  core::Retention retention{};  ///< of each stream, when it is first written to

  // ---- faults
  bool crashes = true;
  bool cuts = true;
  bool rivals = false;     ///< second processes that take the name of an exclusive one
  bool late = false;       ///< subscriptions that are made while all is under way
  bool changes = false;    ///< of the filters of subscriptions
  bool replays = false;    ///< sessions that read what is kept; with retention also its changes
  bool limits = false;     ///< subscriptions have small ones, and are cut
  bool expiry = false;     ///< some messages may get too old
  bool drains = false;     ///< what waits of the streams is handed out at a limited rate
  bool delays = false;     ///< some messages of the pipeline are to be handed out later
  bool strict = false;     ///< some of the exclusive ones are
  bool resets = false;     ///< subscriptions begin again at another place
  bool undead = false;     ///< dead letters are tried again, dropped, and replaced by others
  bool clogs = false;      ///< a path stands still in one direction, and goes on later
  bool freezes = false;    ///< processes that stop for a while, sidecars too
  bool zombies = false;    ///< producers that freeze, are replaced, and wake up
  bool jumps = false;      ///< of the wall clock, and sleep of the machine
  bool backups = false;    ///< older stores, clones and new ones are put in the place of the store
  bool damage = false;     ///< rows change or vanish on the disk
  bool full_disk = false;  ///< it fills and is freed
  bool bad_disk = false;   ///< commits fail, and may hold all the same

  std::vector<core::Transaction>* commits = nullptr;  ///< gets a copy of each commit that holds

  static WorldOptions draw(std::uint64_t seed);
  static core::Retention draw_retention(core::Random& random);
  [[nodiscard]] std::string text() const;
};

}  // namespace restante::sim
