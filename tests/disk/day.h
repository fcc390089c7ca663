#pragma once
/// \file
/// A day of a sidecar: the commits of a run of the simulated world, and what a store holds after each of them.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sidecar/store/sqlite_store.h"
#include "tests/disk/recorder.h"

namespace restante::disk {

/// The commits, in order, of sidecar, producers, workers and exclusive readers that crash, nack, park and bury.
struct Day {
  std::vector<core::Transaction> commits;
  std::vector<std::uint64_t> prints;  ///< [m]: fingerprint of a store after m commits
  std::uint64_t messages = 0;         ///< in all rows
};
Day make_day(std::uint64_t seed, std::size_t steps);
/// What a store holds after `count` commits of the day, as digest() says it.
std::string text_after(const Day& day, std::size_t count);

/// A directory in memory, removed at the end.
class Place {
 public:
  Place();
  ~Place();
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::filesystem::path file(bool is_log) const;
  /// The files of the store and what was kept of damaged ones go; lock and ballast stay.
  void clear() const;
  [[nodiscard]] bool kept_a_damaged_log() const;

 private:
  std::filesystem::path path_;
};

[[nodiscard]] std::unique_ptr<sidecar::SqliteStore> open_store(const Place& place);

/// The two files of a store.
struct Files {
  std::string database, log;
};
[[nodiscard]] Files read_files(const Place& place);
void write_files(const Place& place, const Files& files);

/// The day on a real store, with all that the storage thread does beside: idle work, and now and then an end in good
/// order and a new start.
struct Recording {
  Files before;                       ///< when the day began
  std::vector<Operation> operations;  ///< what was asked of the disk
  std::vector<std::size_t> returned;  ///< [i]: how many operations there were when commit i had returned
  Files after;
};
[[nodiscard]] Recording record_day(const Day& day, Recorder& recorder, const Place& place);

}  // namespace restante::disk
