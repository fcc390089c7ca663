/// \file
/// The campaigns of the disk: disk crash|io_errors|corruption N SEED [--planted]. Prints the figures, a name and a
/// value a line; tests/campaigns reads them.

#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/disk/corruption.h"
#include "tests/disk/crash.h"
#include "tests/disk/io_errors.h"

namespace {

using namespace restante::disk;

void print(const char* name, std::uint64_t value) { std::printf("%s %lu\n", name, value); }

void run_crash(std::uint64_t n, std::uint64_t seed, bool planted) {
  const CrashFigures figures = crash_campaign(n, seed, planted);
  print("images", figures.images);
  print("second_cuts", figures.second_cuts);
  print("commits", figures.commits);
  print("messages", figures.messages);
  print("operations", figures.operations);
  print("lost", figures.lost);
  print("bad_states", figures.bad_states);
  print("bad_refusals", figures.bad_refusals);
  print("bad_alarms", figures.bad_alarms);
  if (!figures.first.empty()) std::fprintf(stderr, "%s\n", figures.first.c_str());
}

void run_io_errors(std::uint64_t n, std::uint64_t seed, bool planted) {
  const IoFigures figures = io_campaign(n, seed, planted);
  print("faults", figures.faults);
  print("stops", figures.stops);
  print("refused_starts", figures.refused_starts);
  print("commits", figures.commits);
  print("lost", figures.lost);
  print("bad_states", figures.bad_states);
  print("bad_confirms", figures.bad_confirms);
  print("bad_stops", figures.bad_stops);
  if (!figures.first.empty()) std::fprintf(stderr, "%s\n", figures.first.c_str());
}

void run_corruption(std::uint64_t n, std::uint64_t seed, bool planted) {
  const CorruptionFigures figures = corruption_campaign(n, seed, planted);
  print("stores", figures.stores);
  print("unhurt", figures.unhurt);
  print("rows_left_out", figures.rows_left_out);
  print("logs_told", figures.logs_told);
  print("went_back", figures.went_back);
  print("refused", figures.refused);
  print("stopped", figures.stopped);
  print("lost", figures.lost);
  print("bad_octets", figures.bad_octets);
  print("bad_records", figures.bad_records);
  print("bad_files", figures.bad_files);
  if (!figures.first.empty()) std::fprintf(stderr, "%s\n", figures.first.c_str());
}

}  // namespace

int main(int count, char** words) {
  const std::string what = count > 1 ? words[1] : "";
  const std::uint64_t n = count > 2 ? std::strtoull(words[2], nullptr, 10) : 0;
  const std::uint64_t seed = count > 3 ? std::strtoull(words[3], nullptr, 10) : 1;
  const bool planted = count > 4 && words[4] == std::string("--planted");
  if (what == "crash" && n > 0) {
    run_crash(n, seed, planted);
    return 0;
  }
  if (what == "io_errors" && n > 0) {
    run_io_errors(n, seed, planted);
    return 0;
  }
  if (what == "corruption" && n > 0) {
    run_corruption(n, seed, planted);
    return 0;
  }
  std::fprintf(stderr, "usage: disk crash|io_errors|corruption N SEED [--planted]\n");
  return 2;
}
