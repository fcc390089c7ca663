#include <algorithm>

#include "tests/disk/crash.h"

namespace restante::disk {

namespace {

constexpr std::size_t sector = 512;

void put(std::string& file, const Operation& operation) {
  const std::size_t at = operation.offset;
  if (operation.kind == Operation::Kind::truncate) {
    file.resize(at);
  } else if (operation.kind == Operation::Kind::remove) {
    file.clear();
  } else if (operation.kind == Operation::Kind::write) {
    if (file.size() < at + operation.octets.size()) file.resize(at + operation.octets.size());
    std::copy(operation.octets.begin(), operation.octets.end(), file.begin() + static_cast<std::ptrdiff_t>(at));
  }
}

/// Some sectors of a write are there, others are as they were.
void tear(std::string& file, const Operation& operation, core::Random& random) {
  if (operation.kind != Operation::Kind::write) return;
  for (std::size_t at = 0; at < operation.octets.size();) {
    const std::size_t to_boundary = sector - (static_cast<std::size_t>(operation.offset) + at) % sector;
    const std::string part = operation.octets.substr(at, to_boundary);
    if (random.chance(1, 2)) put(file, Operation{operation.kind, operation.is_log, operation.offset + at, part});
    at += part.size();
  }
}

/// Applies of `pending`, in this order, what the disk has kept.
void keep(std::string& file, std::vector<Operation> pending, Kept kept, core::Random& random) {
  if (kept == Kept::nothing) return;
  if (kept == Kept::shuffled) {
    for (std::size_t left = pending.size(); left > 1; --left)
      std::iter_swap(pending.begin() + static_cast<std::ptrdiff_t>(left - 1),
                     pending.begin() + static_cast<std::ptrdiff_t>(random.below(left)));
  }
  const std::size_t torn = kept == Kept::torn && !pending.empty() ? random.below(pending.size()) : pending.size();
  for (std::size_t at = 0; at < pending.size(); ++at) {
    const bool dropped = (kept == Kept::some || kept == Kept::shuffled) && random.chance(1, 2);
    if (dropped) continue;
    if (at == torn) tear(file, pending[at], random);
    else put(file, pending[at]);
  }
}

}  // namespace

void CutDisk::take(const Operation& operation) {
  std::vector<Operation>& pending = operation.is_log ? log_ : database_;
  std::string& file = operation.is_log ? synced_.log : synced_.database;
  const bool is_sync = operation.kind == Operation::Kind::sync;
  if (is_sync && operation.is_log && forgets_) return;
  if (!is_sync && operation.kind != Operation::Kind::remove) {
    pending.push_back(operation);
    return;
  }
  for (const Operation& one : pending) put(file, one);
  pending.clear();
  put(file, operation);
}

Files CutDisk::image(Kept kept, core::Random& random) const {
  Files files = synced_;
  keep(files.database, database_, kept, random);
  keep(files.log, log_, kept, random);
  return files;
}

}  // namespace restante::disk
