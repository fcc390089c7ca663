/// \file
/// Somebody reads again what is kept, and somebody else changes how much that is.

#include <algorithm>
#include <iterator>

#include "core/wire.h"
#include "tests/sim/world.h"

namespace restante::sim {

namespace {

const core::StoreContents::StreamBook* book_of(const core::StoreContents& contents, const std::string& stream) {
  const auto at = std::find_if(contents.streams.begin(), contents.streams.end(),
                               [&](const auto& known) { return known.second.record.name == stream; });
  return at == contents.streams.end() ? nullptr : &at->second;
}

}  // namespace

/// All that it is owed: rows above what was pruned, as far as its filters want them.
std::set<SimReplay::Id> World::kept_for(const SimReplay::Setup& setup, core::Range range) const {
  std::set<SimReplay::Id> kept;
  const auto* book = book_of(disk_.contents(), setup.stream);
  if (book == nullptr) return kept;
  for (const auto& [number, message] : ledger_.messages()) {
    if (message.stream != setup.stream || message.sequence < range.first || message.sequence > range.last) continue;
    if (message.sequence <= book->pruned_to) continue;
    if (!setup.topics.empty() && !setup.topics.contains(message.topic)) continue;
    const auto row = book->rows.upper_bound(message.sequence);
    if (row == book->rows.begin()) continue;
    const core::RowRecord& below = std::prev(row)->second;
    if (below.grant == message.grant && message.sequence <= below.last) kept.insert({message.grant, message.sequence});
  }
  return kept;
}

/// From the beginning, a sequence or a time; of a topic or of all; to the newest, or not so far.
void World::new_replay(const std::string& stream, bool whole) {
  SimReplay::Setup setup{stream,          {"#"},         {}, "beginning", 0, random_.next() | 1, next_pid_,
                         options_.credit, options_.lease};
  alive_.insert(next_pid_++);
  std::vector<Sequence> sequences;
  for (const auto number : ledger_.confirmed()) {
    const Ledger::Message& message = ledger_.messages().at(number);
    if (message.stream == stream) sequences.push_back(message.sequence);
  }
  if (!whole && !sequences.empty()) {
    const std::uint64_t kind = random_.below(4);
    if (kind == 0) setup.start = std::to_string(sequences[random_.below(sequences.size())]);
    if (kind == 1) setup.start = "1";
    if (kind == 2) setup.start = "@" + std::to_string(wall_ms() - static_cast<std::int64_t>(random_.below(10'000)));
    if (random_.chance(1, 4)) setup.until = sequences[random_.below(sequences.size())];
    if (options_.topics > 1 && random_.chance(1, 3)) {
      setup.topics = {topic(0), topic(1)};
      setup.filters.assign(setup.topics.begin(), setup.topics.end());
    }
  }
  note("A REPLAY OF " + stream + " FROM " + setup.start + " as session " + std::to_string(setup.session % 10000));
  ++sometimes_["replay begun"];
  replays_.push_back(std::make_unique<SimReplay>(setup, now_));
  replays_.back()->tell = [this](const std::string& line) { note(line); };
  replays_.back()->pruned_to = [this, stream] {
    const auto* book = book_of(disk_.contents(), stream);
    return book == nullptr ? Sequence{0} : book->pruned_to;
  };
  replays_.back()->on_regress = [this](Sequence from) {
    if (store_number_ == 1)
      throw Violation("regress in a replay of a store that was never replaced: from " + std::to_string(from));
  };
}

void World::on_replay(const core::Subscribed& told) {
  const auto at = std::find_if(replays_.begin(), replays_.end(),
                               [&](const auto& replay) { return replay->setup().session == told.session; });
  if (at == replays_.end()) return;
  if ((*at)->has_begun()) ++sometimes_["replay went on after a cut"];
  (*at)->on_begun(kept_for((*at)->setup(), {told.floor + 1, told.until}), store_number_);
}

/// It comes, its link is cut, or its process dies.
void World::replay_fault() {
  if (random_.chance(1, 5)) return set_stream();
  if (replays_.size() < 2 && random_.chance(1, 2)) {
    new_replay(producers_[random_.below(producers_.size())]->stream(), false);
    return;
  }
  if (replays_.empty()) return;
  const std::size_t at = random_.below(replays_.size());
  SimReplay& replay = *replays_[at];
  if (options_.cuts && replay.client().dialled() && random_.chance(3, 4)) {
    note("A REPLAY'S LINK CUT");
    replay.client().link()->cut(random_);
  } else if (options_.crashes && random_.chance(1, 4)) {
    note("A REPLAY'S PROCESS CRASHES");
    if (replay.client().dialled()) replay.client().link()->cut(random_);
    alive_.erase(replay.setup().pid);
    replays_.erase(replays_.begin() + static_cast<std::ptrdiff_t>(at));
  }
}

/// On a link of its own, as with removals: whether it was done shows on the disk.
void World::set_stream() {
  if (!sidecar_runs()) return;
  note("SOMEBODY SETS HOW LONG A STREAM KEEPS");
  wished_ = true;
  tool_ = sidecar_.accept(now_, 0);
  core::Hello hello;
  hello.process = "tool";
  hello.host = "simulated";
  const core::SetStream wish{random_.next(), producers_[random_.below(producers_.size())]->stream(),
                             WorldOptions::draw_retention(random_)};
  tool_->up.push_back({core::encode(core::ControlFrame{1, hello})});
  tool_->up.push_back({core::encode(core::ControlFrame{2, wish})});
}

/// What is sent from now on is kept by it. A wish holds in the sidecar's memory before it is on the disk, and comes to
/// nothing in a crash.
void World::note_retention() {
  const bool undone = wished_ && !sidecar_.up();
  if (undone) wished_ = false;
  for (const auto& [id, book] : disk_.contents().streams) {
    Keeping& known = keeping_[book.record.name];
    if (known.retention == book.record.retention && !undone) continue;
    if (!(known.retention == book.record.retention)) ++sometimes_["retention changed"];
    known = {book.record.retention, next_number_};
  }
}

/// The newest of what was confirmed is there, as far as it is to be kept. Not where room was short, nor where the clock
/// was set and the age says nothing.
void World::check_retained() const {
  if (options_.full_disk || options_.backups || options_.damage) return;
  for (const auto& [id, book] : disk_.contents().streams) {
    const Keeping& keeping = keeping_.at(book.record.name);
    const core::Retention& keep = keeping.retention;
    if (!keep.any() || keep.octets != 0 || (keep.age_ms != 0 && options_.jumps)) continue;
    std::map<Sequence, Ledger::Number> newest;
    for (const auto& [number, message] : ledger_.messages()) {
      // Only what its producer sent is in the stream, not what an operator put in the place of a dead letter.
      if (message.stream == book.record.name && sent_ms_.contains(number)) newest[message.sequence] = number;
    }
    std::uint64_t rank = 0;
    for (auto at = newest.rbegin(); at != newest.rend(); ++at) {
      const auto& [sequence, number] = *at;
      const auto row = book.rows.upper_bound(sequence);
      const bool is_there = row != book.rows.begin() && std::prev(row)->second.last >= sequence;
      const bool is_confirmed = ledger_.confirmed().contains(number);
      if (is_there || is_confirmed) ++rank;
      if (is_there || !is_confirmed || number < keeping.since) continue;
      if (keep.messages != 0 && rank > keep.messages) break;
      if (keep.age_ms != 0 && sent_ms_.at(number) < wall_ms() - keep.age_ms) break;
      throw Violation("not kept: " + ledger_.text_of(number) + ", the " + std::to_string(rank) + ". from the end");
    }
  }
}

void World::move(SimReplay& replay) {
  if (random_.chance(1, 2)) replay.receive(now_);
  else replay.work(ledger_, random_, false, now_);
}

void World::end_replays() {
  std::erase_if(replays_, [this](const auto& replay) {
    const bool is_over = replay->finished() && (replay->core().has_left() || !replay->client().dialled());
    if (!is_over && !replay->refused()) return false;
    if (replay->refused()) {
      // What a store that was put back does not have, it may be refused.
      // What was settled in time has no row: a sidecar that was killed knows of it when its writer is back.
      const bool knows_all = store_number_ == 1 && sometimes_["sidecar crashed"] == 0;
      if (knows_all) throw Violation("replay refused: " + replay->core().trouble()->text);
      ++sometimes_["replay refused"];
    } else {
      note("the replay of session " + std::to_string(replay->setup().session % 10000) + " has ended");
      replay->check_complete(ledger_);
      ++sometimes_["replay ended"];
      sometimes_["replay: messages"] += replay->got();
      sometimes_["gap told to a replay"] += replay->gaps();
    }
    if (replay->client().dialled()) replay->client().link()->cut(random_);
    alive_.erase(replay->setup().pid);
    return true;
  });
}

}  // namespace restante::sim
