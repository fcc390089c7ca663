#include "tests/disk/corruption.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>

#include <restante/error.h>

#include "core/batch.h"
#include "core/crc32c.h"
#include "tests/disk/crash.h"
#include "tests/disk/damage.h"
#include "tests/disk/digest.h"

namespace restante::disk {

namespace {

constexpr std::size_t stores_of_a_day = 300, steps_of_a_day = 5000;

using Lines = std::set<std::string>;

struct Text {
  Lines rows, records;
  std::vector<core::Range> left_out;
};

/// A line of a row but the number of the row before, which is not part of the message: a wrong one is told as a row
/// that is missing.
std::string without_prev(const std::string& row) {
  const std::size_t last = row.rfind(' ');
  return row.substr(0, row.rfind(' ', last - 1)) + row.substr(last);
}

Text parse(const std::string& text) {
  Text parsed;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("row ")) {
      parsed.rows.insert(without_prev(line));
    } else if (line.starts_with("damaged ")) {
      core::Range range;
      std::int64_t stream = 0;
      std::istringstream(line.substr(8)) >> stream >> range.first >> range.last;
      parsed.left_out.push_back(range);
    } else {
      parsed.records.insert(line);
    }
  }
  return parsed;
}

std::int64_t stream_of(const std::string& row) { return std::stoll(row.substr(row.find(' '))); }

/// First sequence of a line "row STREAM GRANT FIRST LAST ...".
core::Range range_of(const std::string& row) {
  std::string word;
  std::uint64_t stream = 0, grant = 0;
  core::Range range;
  std::istringstream(row) >> word >> stream >> grant >> range.first >> range.last;
  return range;
}

/// What all subscriptions of each stream have settled: what is told to be missing may begin behind it.
std::map<std::int64_t, Sequence> floors_of(const Lines& records) {
  std::map<std::int64_t, std::int64_t> streams;  // by subscription
  std::map<std::int64_t, Sequence> floors;
  for (const char* kind : {"subscription", "cursor"}) {
    for (const std::string& record : records) {
      std::string word;
      std::int64_t subscription = 0;
      std::uint64_t number = 0;
      if (!(std::istringstream(record) >> word >> subscription >> number) || word != kind) continue;
      if (word == "subscription") streams[subscription] = static_cast<std::int64_t>(number);
      else {
        Sequence& floor = floors.try_emplace(streams[subscription], number).first->second;
        floor = std::min(floor, number);
      }
    }
  }
  return floors;
}

/// Changes a message in a row and makes the checksum fit. False if there is no row.
bool forge_row(const Place& place) {
  SQLite::Database database(place.file(false).string(), SQLite::OPEN_READWRITE);
  SQLite::Statement find(database, "SELECT id, octets FROM batch ORDER BY id DESC LIMIT 1");
  if (!find.executeStep()) return false;
  std::string octets = find.getColumn(1).getString();
  std::string why;
  const auto batch = core::Batch::parse(core::Buffer::copy_of(octets), why);
  if (!batch) return false;
  const std::string_view payload = batch->message(batch->header().first).payload;
  octets[octets.find(payload)] ^= 1;
  const std::uint32_t crc =
      core::crc32c(std::string_view(octets).substr(16), core::crc32c(std::string_view(octets).substr(0, 8)));
  std::memcpy(octets.data() + 8, &crc, sizeof crc);
  SQLite::Statement change(database, "UPDATE batch SET octets = ?1 WHERE id = ?2");
  change.bind(1, octets.data(), static_cast<int>(octets.size()));
  change.bind(2, find.getColumn(0).getInt64());
  find.reset();
  return change.exec() == 1;
}

class Campaign {
 public:
  Campaign(std::uint64_t seed, bool planted) : random_(seed), planted_(planted) {}

  void run_day(std::uint64_t seed, std::uint64_t stores) {
    day_ = make_day(seed, steps_of_a_day);
    recording_ = record_day(day_, recorder_, place_);
    collect_rows();
    for (std::uint64_t number = 0; number < stores && !(planted_ && !figures.good()); ++number) {
      ++figures.stores;
      look_at(prepare(0), prepare(1), number);
    }
  }

  CorruptionFigures figures;

 private:
  void bad(std::uint64_t& counter, const std::string& what) {
    ++counter;
    if (figures.first.size() < 4000) figures.first += where_ + ": " + what + "\n";
  }

  void collect_rows() {
    known_rows_.clear();
    for (const core::Transaction& commit : day_.commits) {
      for (const core::RowRecord& row : commit.rows) {
        known_rows_.insert("row " + std::to_string(row.stream) + " " + std::to_string(row.grant) + " " +
                           std::to_string(row.first) + " " + std::to_string(row.last) + " " +
                           std::to_string(core::crc32c(row.octets.octets())));
      }
    }
  }

  struct Whole {
    Files files;
    std::string text;
  };
  /// A store as it was at some moment: of a process that was killed, or (1 in 3) closed in good order.
  Whole prepare(int) {
    const std::size_t cut = recording_.returned[random_.below(recording_.returned.size())];
    CutDisk disk(recording_.before, false);
    for (std::size_t at = 0; at < cut; ++at) disk.take(recording_.operations[at]);
    Whole whole;
    whole.files = disk.image(Kept::all, random_);
    write_files(place_, whole.files);
    auto store = open_store(place_);
    whole.text = digest(*store);
    store->close();
    if (random_.chance(1, 3) || planted_) whole.files = read_files(place_);
    return whole;
  }

  void look_at(Whole whole, const Whole& other, std::uint64_t number) {
    Files files = whole.files;
    write_files(place_, files);
    if (planted_) {
      if (!forge_row(place_)) return;
      files = read_files(place_);
      where_ = "a forged row";
    } else {
      where_ = "store " + std::to_string(number) + ", " + damage(files, other.files, random_);
      write_files(place_, files);
    }
    std::unique_ptr<sidecar::SqliteStore> store;
    try {
      store = open_store(place_);
    } catch (const Error& error) {
      ++figures.refused;
      const Files left = read_files(place_);
      if (left.database != files.database) bad(figures.bad_files, std::string("changed, and refused: ") + error.what());
      return;
    }
    std::string warnings;
    is_index_told_ = false;
    for (const std::string& warning : store->warnings()) {
      if (warning.find("tmpfs") != std::string::npos) continue;
      if (warning.find("the index of the rows") != std::string::npos) is_index_told_ = true;
      else warnings += warning + "\n";
    }
    try {
      const std::string text = digest(*store);
      if (warnings.empty() && went_back(whole.text, text)) return;
      compare(parse(whole.text), parse(text), warnings);
    } catch (const core::StoreFailed&) {
      ++figures.stopped;
    }
  }

  [[nodiscard]] static std::uint64_t print_of(const std::string& text) {
    return text.find("\nstream") == std::string::npos ? 0 : fingerprint(text);
  }

  /// Is it just what it was some commits ago? By one, if the damage looks as if the last commit had been cut off. What
  /// is held does not tell the moment: some commits change nothing that shows.
  bool went_back(const std::string& held, const std::string& found) {
    const std::uint64_t now = print_of(held), then = print_of(found);
    if (now == then) return false;
    const auto begin = day_.prints.begin(), end = day_.prints.end();
    const auto first = std::find(begin, end, then);
    if (first == end) return false;
    const auto follows = [&](auto before) { return before + 1 != end && *before == then && *(before + 1) == now; };
    bool is_back = false;
    if (where_.find("older") != std::string::npos) is_back = true;  // of any other moment
    else if (where_.find("log: cut off") != std::string::npos) is_back = std::find(first, end, now) != end;
    else
      for (auto at = first; at != end; ++at) is_back = is_back || follows(at);
    figures.went_back += is_back;
    return is_back;
  }

  /// `held`: what was there before the damage.
  void compare(const Text& held, const Text& found, const std::string& warnings) {
    for (const std::string& row : found.rows) {
      if (!known_rows_.contains(row)) return bad(figures.bad_octets, row);
    }
    if (!warnings.empty()) {
      ++figures.logs_told;
      return;
    }
    for (const std::string& record : found.records) {
      if (!held.records.contains(record)) return bad(figures.bad_records, record);
    }
    for (const std::string& record : held.records) {
      if (!found.records.contains(record)) return bad(figures.bad_records, "missing: " + record);
    }
    auto floors = floors_of(held.records);
    for (const std::string& row : held.rows) {
      const core::Range range = range_of(row);
      const Sequence needed = std::max(range.first, floors[stream_of(row)] + 1);
      const bool told = std::any_of(found.left_out.begin(), found.left_out.end(), [&](const core::Range& one) {
        return one.first <= needed && range.last <= one.last;
      });
      if (!found.rows.contains(row) && !told && !is_index_told_) return bad(figures.lost, "missing: " + row);
    }
    ++(found.left_out.empty() ? figures.unhurt : figures.rows_left_out);
  }

  Recorder recorder_;
  Place place_;
  core::Random random_;
  bool planted_;
  Day day_;
  Recording recording_;
  Lines known_rows_;
  std::string where_;
  bool is_index_told_ = false;  // rows may be missing that are not named one by one
};

}  // namespace

CorruptionFigures corruption_campaign(std::uint64_t stores, std::uint64_t seed, bool planted) {
  Campaign campaign(seed, planted);
  for (std::uint64_t left = stores, day = seed; left > 0; ++day) {
    const std::uint64_t now = std::min<std::uint64_t>(left, stores_of_a_day);
    campaign.run_day(day, now);
    left -= now;
  }
  return campaign.figures;
}

}  // namespace restante::disk
