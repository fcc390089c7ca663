#include "tests/sim/world_options.h"

#include <array>
#include <initializer_list>
#include <utility>

namespace restante::sim {

/// None, a few messages, or some seconds.
core::Retention WorldOptions::draw_retention(core::Random& random) {
  switch (random.below(4)) {
    case 0: return {};
    case 1: return {static_cast<std::int64_t>(500 + random.below(20'000)), 0, 0};
    case 2: return {static_cast<std::int64_t>(500 + random.below(20'000)), 5 + random.below(60), 0};
    default: return {0, 1 + random.below(60), 0};
  }
}

WorldOptions WorldOptions::draw(std::uint64_t seed) {
  core::Random random(seed * 2654435761U + 17);
  WorldOptions options;
  options.streams = random.chance(1, 3) ? 2 : 1;
  options.workers = 1 + random.below(4);
  options.readers = random.chance(1, 2) ? 1 + random.below(2) : 0;
  options.topics = 1 + random.below(4);
  options.payload = 20 + random.below(200);
  options.batch = 1 + random.below(8);
  options.window = std::uint64_t{512} << random.below(6);
  options.credit = std::uint64_t{256} << random.below(7);
  options.lease = std::chrono::milliseconds(500 + random.below(4000));
  if (random.chance(1, 2)) options.temper.nack = static_cast<unsigned>(random.below(30));
  if (random.chance(1, 3)) options.temper.reject = static_cast<unsigned>(random.below(8));
  if (random.chance(1, 3)) options.temper.release = static_cast<unsigned>(random.below(20));
  if (random.chance(1, 3)) options.temper.hang = static_cast<unsigned>(random.below(10));
  if (random.chance(1, 6)) options.temper.poison = 20 + random.below(60);
  options.outbox.elision = random.chance(7, 8);
  options.outbox.retry.attempts_max = 4;
  options.outbox.store_delay = std::chrono::milliseconds(5U << (3 * random.below(3)));  // 5, 40, 320
  options.live = random.chance(7, 8);
  options.crashes = random.chance(7, 8);
  options.cuts = random.chance(7, 8);
  options.rivals = random.chance(1, 2);
  // Few at a time: a run with all of them is mostly healing.
  for (bool* const fault : {&options.late, &options.clogs, &options.freezes, &options.zombies}) {
    *fault = random.chance(1, 3);
  }
  for (bool* const fault : {&options.jumps, &options.damage, &options.full_disk, &options.bad_disk}) {
    *fault = random.chance(1, 6);
  }
  options.backups = random.chance(1, 3);
  // R13: just below where numbers of 31, 32, 53 and 62 bits end. What a run grants ends above.
  constexpr std::array ends{31U, 32U, 53U, 62U};
  if (random.chance(1, 3)) options.next = (Sequence{1} << ends[random.below(4)]) - 1 - random.below(1000);
  options.changes = random.chance(1, 2);
  options.listeners = options.streams > 1 ? random.below(3) : 0;
  options.replays = random.chance(1, 2);
  if (options.replays) options.retention = draw_retention(random);
  options.limits = random.chance(1, 3);
  options.strict = random.chance(1, 3);
  options.expiry = random.chance(1, 4);
  options.undead = random.chance(1, 2) && (options.temper.reject > 0 || options.temper.nack > 0);
  if (options.undead) options.temper.reject += 8;  // so that some die again
  // The judge of each is about what the other one changes.
  options.resets = random.chance(1, 2) && !options.changes && !options.backups;
  options.delays = random.chance(1, 4);
  // What waits for long holds earlier filters fast, and of those a subscription may have only so many.
  options.drains = random.chance(1, 6) && !options.changes;
  return options;
}

std::string WorldOptions::text() const {
  std::string text =
      "streams " + std::to_string(streams) + ", workers " + std::to_string(workers) + ", readers " +
      std::to_string(readers) + ", listeners " + std::to_string(listeners) + ", topics " + std::to_string(topics) +
      ", payload " + std::to_string(payload) + ", batch " + std::to_string(batch) + ", window " +
      std::to_string(window) + ", credit " + std::to_string(credit) + ", nack " + std::to_string(temper.nack) +
      ", reject " + std::to_string(temper.reject) + ", release " + std::to_string(temper.release) + ", hang " +
      std::to_string(temper.hang) + ", poison " + std::to_string(temper.poison) + ", next " + std::to_string(next) +
      ", keeps " + std::to_string(retention.messages) + " messages and " + std::to_string(retention.age_ms) + " ms";
  for (const auto& [name, on] : std::initializer_list<std::pair<const char*, bool>>{
           {"live", live},           {"elision", outbox.elision}, {"crashes", crashes},
           {"cuts", cuts},           {"rivals", rivals},          {"late", late},
           {"changes", changes},     {"replays", replays},        {"limits", limits},
           {"strict", strict},       {"expiry", expiry},          {"resets", resets},
           {"undead", undead},       {"delays", delays},          {"drains", drains},
           {"clogs", clogs},         {"freezes", freezes},        {"zombies", zombies},
           {"jumps", jumps},         {"backups", backups},        {"damage", damage},
           {"full disk", full_disk}, {"bad disk", bad_disk}}) {
    if (on) text += std::string(", ") + name;
  }
  return text;
}

}  // namespace restante::sim
