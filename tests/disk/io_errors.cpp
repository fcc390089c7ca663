#include "tests/disk/io_errors.h"

#include <algorithm>
#include <array>
#include <exception>

#include <restante/error.h>

#include "tests/disk/digest.h"

namespace restante::disk {

namespace {

using Kind = Fault::Kind;
constexpr std::size_t steps_of_a_day = 5000, restart_every = 17, tries_when_full = 3;
constexpr std::array kinds{Kind::read, Kind::write, Kind::full, Kind::sync, Kind::truncate, Kind::open};
constexpr std::array names{"nothing", "read", "write", "write for want of space", "sync", "truncate", "open"};

class Campaign {
 public:
  Campaign(std::size_t commits, std::uint64_t seed, bool planted)
      : day_(make_day(seed, steps_of_a_day)), commits_(std::min(commits, day_.commits.size())), planted_(planted) {
    open_store(place_)->close();
    begin_ = read_files(place_);
  }

  void run() {
    for (const Kind kind : kinds) {
      if (planted_ && kind != Kind::write) continue;
      for (const bool for_good : {false, true}) {
        for (std::uint64_t at = 1; run_with({kind, at, for_good, planted_}); ++at) {
          if (planted_ && !figures.good()) return;
        }
      }
    }
  }

  IoFigures figures;

 private:
  void bad(std::uint64_t& counter, const std::string& what) {
    ++counter;
    if (figures.first.empty()) figures.first = where_ + ": " + what;
  }

  /// False if there was no such call any more.
  bool run_with(const Fault& fault) {
    where_ = std::string(names[static_cast<std::size_t>(fault.kind)]) + " " + std::to_string(fault.at) +
             (fault.for_good ? " and all behind it" : "");
    write_files(place_, begin_);
    done_ = 0;
    recorder_.fail(fault);
    try {
      work(fault);
    } catch (const core::StoreFailed&) {
      ++figures.stops;
    } catch (const Error&) {
      ++figures.refused_starts;
    } catch (const core::StoreFull&) {
    }
    const bool has_failed = recorder_.has_failed();
    recorder_.fail({});
    figures.commits += done_;
    figures.faults += has_failed;
    look();
    return has_failed;
  }

  void work(const Fault& fault) {
    auto store = open_store(place_);
    for (; done_ < commits_; ++done_) {
      commit(*store, fault);
      if (done_ % 3 == 0) calling(fault, "idle work", [&] { store->idle_work(); });
      if (done_ % 4 == 0) static_cast<void>(store->load(core::LoadRequest{1, 1, 0, ~Sequence{0} >> 1, 1U << 20, 16}));
      if (done_ % restart_every == restart_every - 1) {
        calling(fault, "closing", [&] { store->close(); });
        ++done_;  // should the next open fail
        store = open_store(place_);
        --done_;
      }
    }
    calling(fault, "closing", [&] { store->close(); });
  }

  void commit(sidecar::SqliteStore& store, const Fault& fault) {
    core::Transaction commit = day_.commits[done_];
    if (done_ == 0) commit.incarnation = core::Incarnation{1, 2};
    for (std::size_t tries = 1;; ++tries) {
      try {
        calling(fault, "a commit", [&] { store.commit(commit); });
        return;
      } catch (const core::StoreFull&) {
        if (tries == tries_when_full) throw;
      } catch (const core::StoreFailed&) {
        expect_failed(store);
        throw;
      }
    }
  }

  /// After a sync that failed nobody knows what is on the disk.
  template <typename Call>
  void calling(const Fault& fault, const char* what, Call call) {
    const bool before = recorder_.has_failed();
    call();
    const bool failed_here = recorder_.has_failed() && !before;
    if (fault.kind == Kind::sync && failed_here) bad(figures.bad_confirms, std::string(what) + " did not say so");
  }

  void expect_failed(sidecar::SqliteStore& store) {
    try {
      store.commit(core::Transaction{});
    } catch (const core::StoreFailed&) {
      return;
    }
    bad(figures.bad_stops, "a store that had failed took a commit");
  }

  /// The next start, on a disk that is well again.
  void look() try {
    auto store = open_store(place_);
    const std::string text = digest(*store);
    const auto holds = [&](std::size_t count) {
      return count <= day_.commits.size() &&
             (count == 0 ? text.find("stream") == std::string::npos : fingerprint(text) == day_.prints[count]);
    };
    if (holds(done_) || holds(done_ + 1)) return;
    const auto end = day_.prints.begin() + static_cast<std::ptrdiff_t>(done_);
    const bool is_older = std::find(day_.prints.begin(), end, fingerprint(text)) != end;
    bad(is_older ? figures.lost : figures.bad_states, "after " + std::to_string(done_) + " commits the store holds\n" +
                                                          text + "and should hold\n" + text_after(day_, done_));
  } catch (const std::exception& error) {
    bad(figures.bad_states, error.what());
  }

  Recorder recorder_;
  Place place_;
  Day day_;
  std::size_t commits_;
  bool planted_;
  Files begin_;
  std::size_t done_ = 0;  // commits that have returned
  std::string where_;
};

}  // namespace

IoFigures io_campaign(std::size_t commits, std::uint64_t seed, bool planted) {
  Campaign campaign(commits, seed, planted);
  campaign.run();
  return campaign.figures;
}

}  // namespace restante::disk
