/// \file
/// What goes wrong in the simulated world.

#include <algorithm>
#include <limits>

#include "tests/sim/world.h"

namespace restante::sim {

void World::fault() {
  const std::uint64_t kind = random_.below(19);
  if (kind >= 17) {
    if (options_.changes) change_filters();
  } else if (kind < 6) process_fault(kind);
  else if (kind < 12) link_fault(kind - 6);
  else machine_fault(kind - 12);
}

void World::process_fault(std::uint64_t kind) {
  const std::size_t at = random_.below(workers_.size());
  if (kind == 0 && options_.crashes && sidecar_.up()) crash_sidecar();
  if (kind == 1 && options_.crashes) crash_producer(random_.below(producers_.size()));
  if (kind == 2 && options_.crashes) crash_worker(at);
  if (kind == 3 && options_.rivals) new_rival(at);
  if (kind == 4 && options_.late) new_subscription();
  if (kind >= 3 && options_.late && late_ > 0 && random_.chance(1, 2)) remove_subscription();
  if (kind == 5 && options_.freezes) freeze();
  if (kind >= 4 && options_.resets && random_.chance(1, 2)) reset_subscription();
}

/// SIGSTOP, for longer than a link may be silent or for less.
void World::freeze() {
  const core::Instant until = now_ + std::chrono::milliseconds(random_.below(random_.chance(1, 2) ? 600 : 8000));
  ++sometimes_["process stopped for a while"];
  const std::uint64_t who = random_.below(4);
  if (who == 0 && sidecar_.up()) {
    note("THE SIDECAR IS STOPPED FOR A WHILE");
    sidecar_.frozen_until = until;
  } else if (who == 1) {
    note("A PRODUCER IS STOPPED FOR A WHILE");
    producers_[random_.below(producers_.size())]->frozen_until = until;
  } else {
    SimWorker& worker = *workers_[random_.below(workers_.size())];
    note("A CONSUMER OF " + worker.role().subscription + " IS STOPPED FOR A WHILE");
    worker.frozen_until = until;
  }
}

void World::link_fault(std::uint64_t kind) {
  SimWorker& worker = *workers_[random_.below(workers_.size())];
  SimProducer& producer = *producers_[random_.below(producers_.size())];
  if (kind == 0 && options_.cuts && producer.client().dialled()) {
    note("PRODUCER'S LINK CUT");
    producer.client().link()->cut(random_);
  } else if (kind == 1 && options_.cuts && worker.client().dialled()) {
    note("WORKER'S LINK CUT");
    worker.client().link()->cut(random_);
    ++sometimes_["control link cut"];
  } else if (kind == 2 && options_.cuts) {
    note("LIVE PATH CUT");
    paths_[worker.endpoint()].cut(random_);
  } else if (kind == 3 && options_.cuts) {
    lose_frame(random_.chance(1, 2) ? producer.client() : worker.client());
  } else if (kind >= 4 && options_.clogs) {
    clog();
  }
}

/// One frame of a link that stays: what a full pipe does.
void World::lose_frame(Client& client) {
  if (!client.dialled()) return;
  auto& queue = random_.chance(2, 3) ? client.link()->up : client.link()->down;
  if (queue.empty()) return;
  note("A FRAME IS LOST");
  ++sometimes_["frame lost on a link that stays"];
  queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(random_.below(queue.size())));
}

/// Swizzle: paths are stopped one by one, each in one direction, and let go in another order.
void World::clog() {
  std::vector<bool*> open, clogged;
  const auto add = [&](bool& path) { (path ? clogged : open).push_back(&path); };
  for (const auto& producer : producers_) {
    if (!producer->client().dialled()) continue;
    add(producer->client().link()->clogged_up);
    add(producer->client().link()->clogged_down);
  }
  for (const auto& worker : workers_) {
    add(paths_[worker->endpoint()].clogged);
    if (!worker->client().dialled()) continue;
    add(worker->client().link()->clogged_up);
    add(worker->client().link()->clogged_down);
  }
  std::vector<bool*>& chosen = clogged.empty() || (!open.empty() && random_.chance(3, 5)) ? open : clogged;
  bool& path = *chosen[random_.below(chosen.size())];
  path = !path;
  note(path ? "A PATH STANDS STILL" : "A PATH GOES ON");
  ++sometimes_[path ? "path clogged" : "path unclogged"];
}

void World::unclog_all() {
  for (auto& [endpoint, path] : paths_) path.clogged = false;
  const auto open = [](Client& client) {
    if (client.dialled()) client.link()->clogged_up = client.link()->clogged_down = false;
  };
  for (const auto& producer : producers_) open(producer->client());
  for (const auto& worker : workers_) open(worker->client());
  sidecar_.unclog();
}

void World::machine_fault(std::uint64_t kind) {
  if (kind == 0 && options_.full_disk) {
    const bool fill = random_.chance(1, 2);
    note(fill ? "DISK FILLS" : "DISK IS FREED");
    constexpr std::uint64_t unlimited = std::uint64_t{1} << 60;
    disk_.set_capacity(fill ? std::max<std::uint64_t>(1, disk_.contents().used) : unlimited);
  } else if (kind == 1 && options_.bad_disk && sidecar_.up()) {
    note("THE NEXT COMMIT FAILS");
    sidecar_.fail_next_commit(random_.chance(1, 2));
  } else if (kind == 2 && options_.damage) {
    damage_row();
  } else if (kind == 3 && options_.jumps) {
    jump();
  } else if (kind == 4 && options_.backups) {
    if (backups_.empty() || random_.chance(1, 2)) back_up();
    else replace_store();
  }
}

/// The wall clock is set by up to ten years, to both sides, or the machine sleeps for hours.
void World::jump() {
  if (random_.chance(1, 3)) {
    note("THE MACHINE SLEEPS");
    ++sometimes_["machine slept"];
    now_ += std::chrono::minutes(random_.below(200));
    return;
  }
  constexpr std::int64_t ten_years_ms = std::int64_t{3652} * 86'400'000;
  wall_offset_ms_ = static_cast<std::int64_t>(random_.below(2 * ten_years_ms)) - ten_years_ms;
  note("THE WALL CLOCK IS SET");
  ++sometimes_["wall clock set"];
}

void World::back_up() {
  if (backups_.size() == 4) backups_.erase(backups_.begin() + static_cast<std::ptrdiff_t>(random_.below(4)));
  note("THE STORE IS COPIED");
  backups_.push_back({disk_.snapshot(), ledger_.confirmed()});
}

/// An older copy takes the place of the store (a backup put back, a machine cloned: the present one may come back the
/// same way), or an empty one (the disk was lost).
void World::replace_store() {
  if (sidecar_.up()) crash_sidecar();
  for (const auto& producer : producers_) {  // a confirm of the old store that arrives later would promise too much
    if (producer->client().dialled()) producer->client().link()->down.clear();
  }
  for (const auto& replay : replays_) {  // likewise a gap of the old store
    if (replay->client().dialled()) replay->client().link()->down.clear();
  }
  Backup next;
  if (random_.chance(2, 5)) {
    note("THE STORE IS LOST");
    ++sometimes_["store lost"];
    next.contents.node = "simulated";
    next.contents.incarnation = {random_.next(), random_.next()};
  } else {
    note("A COPY OF THE STORE IS PUT BACK");
    ++sometimes_["store put back"];
    next = backups_[random_.below(backups_.size())];
  }
  if (random_.chance(1, 2)) back_up();
  disk_.restore(next.contents);
  ++store_number_;
  std::set<std::string> subscriptions;
  for (const auto& [id, subscription] : next.contents.subscriptions) subscriptions.insert(subscription.name);
  ledger_.on_store_replaced(next.confirmed, subscriptions);
}

/// What was in the row is excused, and nothing else.
void World::damage_row() {
  std::vector<core::RowRecord> rows;
  for (const auto& [id, stream] : disk_.contents().streams) {
    for (const auto& [first, row] : stream.rows) rows.push_back(row);
  }
  if (rows.empty()) return;
  const core::RowRecord& row = rows[random_.below(rows.size())];
  const bool is_lost = random_.chance(1, 2);
  note((is_lost ? "LOST ON THE DISK: " : "DAMAGED ON THE DISK: ") + std::to_string(row.first) + " to " +
       std::to_string(row.last));
  ++sometimes_[is_lost ? "row lost" : "row damaged"];
  if (is_lost) disk_.lose_row(row.stream, row.first);
  else disk_.damage_row(row.stream, row.first);
  ledger_.on_row_gone(row.grant, row.first, row.last);
}

}  // namespace restante::sim
