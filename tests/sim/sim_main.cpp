/// \file
/// Runs seeds of the simulated world: sim --seeds N --steps N [--first N] [--failures N], or one of them: sim --seed N
/// --steps N --trace.

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/sim/world.h"

namespace {

struct Arguments {
  std::uint64_t first = 1, seeds = 500, steps = 400;
  std::uint64_t failures = 10;  // then it is enough
  bool trace = false;
};

Arguments parse(int count, char** words) {
  Arguments arguments;
  for (int at = 1; at < count; ++at) {
    const std::string word = words[at];
    if (word == "--trace") {
      arguments.trace = true;
      continue;
    }
    const std::uint64_t value = at + 1 < count ? std::strtoull(words[at + 1], nullptr, 10) : 0;
    if (word == "--seeds") arguments.seeds = value;
    else if (word == "--steps") arguments.steps = value;
    else if (word == "--first") arguments.first = value;
    else if (word == "--failures") arguments.failures = value;
    else if (word == "--seed") arguments.first = value, arguments.seeds = 1;
    else {
      std::fprintf(stderr,
                   "usage: sim [--seeds N] [--steps N] [--first N] [--failures N] | --seed N [--steps N] [--trace]\n");
      std::exit(2);
    }
    ++at;
  }
  return arguments;
}

std::uint64_t present_seed = 0;

/// An assertion of the core has failed: which seed repeats it?
extern "C" void say_seed(int) { std::fprintf(stderr, "at seed %lu\n", present_seed); }

}  // namespace

int main(int count, char** words) {
  using namespace restante::sim;
  const Arguments arguments = parse(count, words);
  const char* const small = std::string_view(words[0]).ends_with("sim_small") ? "--small " : "";
  std::signal(SIGABRT, say_seed);
  Sometimes sometimes;
  std::uint64_t failed = 0, sent = 0, confirmed = 0, done = 0, dead = 0, excused = 0, ran = 0;
  std::chrono::duration<double> passed{};
  const auto begun = std::chrono::steady_clock::now();
  for (std::uint64_t seed = arguments.first; seed < arguments.first + arguments.seeds; ++seed) {
    present_seed = seed;
    const WorldOptions options = WorldOptions::draw(seed);
    World world(seed, options);
    if (arguments.trace) world.keep_trace();
    try {
      world.run(arguments.steps);
    } catch (const Violation& violation) {
      ++failed;
      std::printf("seed %lu: %s\n  options: %s\n  replay: ./dev sim %s--seed %lu --steps %lu --trace\n", seed,
                  violation.what(), options.text().c_str(), small, seed, arguments.steps);
    }
    if (arguments.trace) {
      for (const std::string& line : world.trace()) std::printf("%s\n", line.c_str());
      std::printf("trace hash %016lx\n", world.trace_hash());
    }
    for (const auto& [name, hits] : world.sometimes()) sometimes[name] += hits;
    sent += world.ledger().sent();
    confirmed += world.ledger().confirmed().size();
    excused += world.ledger().excused();
    passed += world.passed();
    done += world.ledger().done();
    dead += world.ledger().dead();
    ++ran;
    if (failed >= arguments.failures) break;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  for (const auto& [name, hits] : sometimes) std::printf("  %-45s %lu\n", name.c_str(), hits);
  const std::vector<std::string> never = arguments.seeds < 500 ? std::vector<std::string>{} : never_happened(sometimes);
  for (const std::string& name : never) std::printf("NEVER HAPPENED: %s\n", name.c_str());
  std::printf("seeds %lu, steps %lu each: sent %lu, confirmed %lu, excused %lu, done %lu, dead letters %lu, ", ran,
              arguments.steps, sent, confirmed, excused, done, dead);
  std::printf("violations %lu, counters at zero %zu; %.1f virtual days in %.1f s, %.0f seeds a minute\n", failed,
              never.size(), passed.count() / 86400, took.count(), 60 * static_cast<double>(ran) / took.count());
  return failed == 0 && never.empty() ? 0 : 1;
}
