#include "tests/disk/day.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "core/memory_store.h"
#include "tests/disk/digest.h"
#include "tests/sim/world.h"

namespace restante::disk {

namespace {

constexpr std::size_t idle_every = 7, restart_every = 211;  // primes, so that they meet everything

}  // namespace

Day make_day(std::uint64_t seed, std::size_t steps) {
  Day day;
  sim::WorldOptions options = sim::WorldOptions::draw(seed);
  options.streams = 1 + seed % 2;
  options.readers = 1;
  options.payload = 60 + seed % 500;
  options.temper.nack = 12;
  options.temper.reject = 4;
  options.full_disk = options.bad_disk = options.damage = options.backups = false;
  options.commits = &day.commits;
  sim::World(seed, options).run(steps);

  core::MemoryStore store("simulated", {1, 2});
  day.prints.push_back(0);
  for (const core::Transaction& commit : day.commits) {
    store.commit(commit);
    day.prints.push_back(fingerprint(digest(store)));
    for (const core::RowRecord& row : commit.rows) day.messages += row.last - row.first + 1;
  }
  return day;
}

std::string text_after(const Day& day, std::size_t count) {
  core::MemoryStore store("simulated", {1, 2});
  for (std::size_t at = 0; at < count; ++at) store.commit(day.commits[at]);
  return digest(store);
}

Place::Place() {
  std::string name = "/dev/shm/restante-disk-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a directory in /dev/shm");
  path_ = name;
}

Place::~Place() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path Place::file(bool is_log) const { return path_ / (is_log ? "restante.db-wal" : "restante.db"); }

void Place::clear() const {
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    if (entry.path().filename().string().starts_with("restante.db")) std::filesystem::remove(entry.path());
  }
}

bool Place::kept_a_damaged_log() const {
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    if (entry.path().filename().string().find(".damaged-") != std::string::npos) return true;
  }
  return false;
}

std::unique_ptr<sidecar::SqliteStore> open_store(const Place& place) {
  sidecar::StoreOptions options;
  options.directory = place.path().string();
  options.node = "simulated";
  options.quota = sidecar::quota_min;
  return std::make_unique<sidecar::SqliteStore>(options);
}

namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::filesystem::path& path, const std::string& octets) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(octets.data(), static_cast<std::streamsize>(octets.size()));
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path.string());
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

}  // namespace

Files read_files(const Place& place) { return {read_file(place.file(false)), read_file(place.file(true))}; }

void write_files(const Place& place, const Files& files) {
  place.clear();
  write_file(place.file(false), files.database);
  if (!files.log.empty()) write_file(place.file(true), files.log);
}

Recording record_day(const Day& day, Recorder& recorder, const Place& place) {
  place.clear();
  std::filesystem::remove(place.path() / "restante.ballast");  // else a database would be missed
  open_store(place)->close();
  Recording recording;
  recording.before = read_files(place);
  recorder.forget();
  recorder.record(true);
  auto store = open_store(place);
  for (std::size_t at = 0; at < day.commits.size(); ++at) {
    core::Transaction commit = day.commits[at];
    if (at == 0) commit.incarnation = core::Incarnation{1, 2};
    store->commit(commit);
    recording.returned.push_back(recorder.operations().size());
    if (at % idle_every == 0) store->idle_work();
    if (at % restart_every == restart_every - 1) {
      store->close();
      store = open_store(place);
    }
  }
  recorder.record(false);
  recording.operations = recorder.operations();
  recorder.forget();
  recording.after = read_files(place);
  store->close();
  return recording;
}

}  // namespace restante::disk
