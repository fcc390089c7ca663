#include "tests/disk/crash.h"

#include <algorithm>
#include <array>
#include <exception>
#include <optional>

#include <SQLiteCpp/SQLiteCpp.h>

#include <restante/error.h>

#include "tests/disk/digest.h"

namespace restante::disk {

namespace {

constexpr std::size_t images_of_a_day = 5000, steps_of_a_day = 5000;
constexpr std::array all_kept{Kept::nothing, Kept::all, Kept::some, Kept::torn, Kept::shuffled};

/// The commits that an image may hold: all that had returned, and perhaps the one that was under way.
struct Allowed {
  std::size_t least = 0, most = 0;
};

class Campaign {
 public:
  Campaign(std::uint64_t seed, bool planted) : random_(seed), planted_(planted) {}

  void run_day(std::uint64_t seed, std::uint64_t images) {
    const Day day = make_day(seed, steps_of_a_day);
    Place place;
    const Recording recording = record_day(day, recorder_, place);
    figures.commits += day.commits.size();
    figures.messages += day.messages;
    figures.operations += recording.operations.size();
    CutDisk disk(recording.before, planted_);
    std::size_t cut = 0;
    for (std::uint64_t number = 0; number < images && !is_over(); ++number) {
      const std::size_t next = recording.operations.size() * number / images + 1;
      for (; cut < next; ++cut) disk.take(recording.operations[cut]);
      const auto at = std::upper_bound(recording.returned.begin(), recording.returned.end(), cut);
      const auto done = static_cast<std::size_t>(at - recording.returned.begin());
      const Kept kept = all_kept[random_.below(all_kept.size())];
      where_ = "day " + std::to_string(seed) + ", cut " + std::to_string(cut) + ", kept " +
               std::to_string(static_cast<int>(kept));
      ++figures.images;
      look_at(day, place, disk.image(kept, random_), {done, std::min(done + 1, day.commits.size())},
              random_.chance(1, 8));
    }
  }

  [[nodiscard]] bool is_over() const { return planted_ && figures.lost > 0; }

  CrashFigures figures;

 private:
  void bad(std::uint64_t& counter, const std::string& what) {
    ++counter;
    if (figures.first.empty()) figures.first = where_ + ": " + what;
  }

  /// `again`: the power is cut a second time, while the store is opened and goes on.
  void look_at(const Day& day, const Place& place, const Files& files, const Allowed& allowed, bool again) {
    write_files(place, files);
    recorder_.forget();
    recorder_.record(again);
    std::optional<std::size_t> held;
    try {
      held = recover(day, place, allowed);
    } catch (const Error& error) {
      bad(figures.bad_refusals, error.what());
    } catch (const std::exception& error) {
      bad(figures.bad_states, error.what());
    }
    recorder_.record(false);
    if (!again || !held) return;
    ++figures.second_cuts;
    const std::vector<Operation> operations = recorder_.operations();
    CutDisk disk(files, planted_);
    const std::size_t cut = random_.below(operations.size() + 1);
    for (std::size_t at = 0; at < cut; ++at) disk.take(operations[at]);
    const Kept kept = all_kept[random_.below(all_kept.size())];
    where_ += ", again at " + std::to_string(cut) + ", kept " + std::to_string(static_cast<int>(kept));
    const std::size_t most = std::min(*held + 1, day.commits.size());
    look_at(day, place, disk.image(kept, random_), {std::min(allowed.least, *held), most}, false);
  }

  /// How many commits the image holds, if it is as it should be.
  std::optional<std::size_t> recover(const Day& day, const Place& place, const Allowed& allowed) {
    auto store = open_store(place);
    if (place.kept_a_damaged_log()) bad(figures.bad_alarms, "a power cut was told as damage");
    for (const std::string& warning : store->warnings()) {
      if (warning.find("tmpfs") == std::string::npos) bad(figures.bad_alarms, warning);
    }
    const std::string text = digest(*store);
    std::optional<std::size_t> held;
    for (std::size_t count = allowed.least; count <= allowed.most && !held; ++count) {
      // A store without a commit has an incarnation of its own.
      if (count == 0 ? text.find("stream") == std::string::npos : fingerprint(text) == day.prints[count]) held = count;
    }
    if (!held) {
      bad(is_older(day, text, allowed.least) ? figures.lost : figures.bad_states,
          "after " + std::to_string(allowed.least) + " commits the store holds\n" + text + "and should hold\n" +
              text_after(day, allowed.least));
      return std::nullopt;
    }
    go_on(day, *store, *held);
    store.reset();
    check_integrity(place);
    return held;
  }

  static bool is_older(const Day& day, const std::string& text, std::size_t least) {
    const auto end = day.prints.begin() + static_cast<std::ptrdiff_t>(least);
    return std::find(day.prints.begin(), end, fingerprint(text)) != end || text.find("stream") == std::string::npos;
  }

  void go_on(const Day& day, sidecar::SqliteStore& store, std::size_t held) {
    if (held == day.commits.size()) return;
    core::Transaction commit = day.commits[held];
    if (held == 0) commit.incarnation = core::Incarnation{1, 2};
    store.commit(commit);
    if (fingerprint(digest(store)) != day.prints[held + 1]) bad(figures.bad_states, "the next commit is not whole");
  }

  void check_integrity(const Place& place) {
    SQLite::Database database(place.file(false).string(), SQLite::OPEN_READONLY);
    const std::string answer = database.execAndGet("PRAGMA integrity_check").getString();
    if (answer != "ok") bad(figures.bad_states, "integrity_check: " + answer);
  }

  Recorder recorder_;
  core::Random random_;
  bool planted_;
  std::string where_;
};

}  // namespace

CrashFigures crash_campaign(std::uint64_t images, std::uint64_t seed, bool planted) {
  Campaign campaign(seed, planted);
  for (std::uint64_t left = images, day = seed; left > 0 && !campaign.is_over(); ++day) {
    const std::uint64_t now = std::min<std::uint64_t>(left, images_of_a_day);
    campaign.run_day(day, now);
    left -= now;
  }
  return campaign.figures;
}

}  // namespace restante::disk
