#include "tests/disk/recorder.h"

#include <sqlite3.h>

#include <cerrno>
#include <stdexcept>
#include <string_view>

namespace restante::disk {

namespace {

Recorder* recorder = nullptr;
sqlite3_vfs* below = nullptr;

/// SQLite's handle of a file: ours in front, that of the layer below behind it.
struct File {
  sqlite3_file base;
  bool is_watched;
  bool is_log;
};

File& own(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<sqlite3_file*>(reinterpret_cast<File*>(file) + 1); }

bool ends_with(const char* name, std::string_view end) {
  return name != nullptr && std::string_view(name).ends_with(end);
}

bool fails(sqlite3_file* file, Fault::Kind kind) { return own(file).is_watched && recorder->fails(kind); }

void note(sqlite3_file* file, Operation::Kind kind, std::uint64_t offset = 0, std::string octets = {}) {
  if (own(file).is_watched) recorder->note({kind, own(file).is_log, offset, std::move(octets)});
}

int on_close(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }

int on_read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  if (fails(file, Fault::Kind::read)) return SQLITE_IOERR_READ;
  return real(file)->pMethods->xRead(real(file), to, size, offset);
}

int on_write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  if (fails(file, Fault::Kind::write)) return recorder->is_silent() ? SQLITE_OK : SQLITE_IOERR_WRITE;
  if (fails(file, Fault::Kind::full)) return SQLITE_FULL;
  note(file, Operation::Kind::write, static_cast<std::uint64_t>(offset),
       std::string(static_cast<const char*>(from), static_cast<std::size_t>(size)));
  return real(file)->pMethods->xWrite(real(file), from, size, offset);
}

int on_truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (fails(file, Fault::Kind::truncate)) return SQLITE_IOERR_TRUNCATE;
  note(file, Operation::Kind::truncate, static_cast<std::uint64_t>(size));
  return real(file)->pMethods->xTruncate(real(file), size);
}

int on_sync(sqlite3_file* file, int flags) {
  if (fails(file, Fault::Kind::sync)) return SQLITE_IOERR_FSYNC;
  note(file, Operation::Kind::sync);
  return real(file)->pMethods->xSync(real(file), flags);
}

int on_size(sqlite3_file* file, sqlite3_int64* size) { return real(file)->pMethods->xFileSize(real(file), size); }
int on_lock(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
int on_unlock(sqlite3_file* file, int level) { return real(file)->pMethods->xUnlock(real(file), level); }
int on_check_lock(sqlite3_file* file, int* out) { return real(file)->pMethods->xCheckReservedLock(real(file), out); }
int on_sector(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int on_traits(sqlite3_file* file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }
int on_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
}
int on_map_lock(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void on_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int on_unmap(sqlite3_file* file, int remove) { return real(file)->pMethods->xShmUnmap(real(file), remove); }

/// A hint that the file will grow would write behind our back.
int on_control(sqlite3_file* file, int what, void* with) {
  if (what == SQLITE_FCNTL_SIZE_HINT || what == SQLITE_FCNTL_CHUNK_SIZE) return SQLITE_OK;
  return real(file)->pMethods->xFileControl(real(file), what, with);
}

const sqlite3_io_methods methods{2,           on_close,   on_read,       on_write,   on_truncate, on_sync,   on_size,
                                 on_lock,     on_unlock,  on_check_lock, on_control, on_sector,   on_traits, on_map,
                                 on_map_lock, on_barrier, on_unmap,      nullptr,    nullptr};

int on_open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out) {
  File& opened = own(file);
  opened.base.pMethods = nullptr;
  opened.is_log = ends_with(name, "restante.db-wal");
  opened.is_watched = opened.is_log || ends_with(name, "restante.db");
  if (fails(file, Fault::Kind::open)) return SQLITE_CANTOPEN;
  const int code = below->xOpen(below, name, real(file), flags, out);
  if (code == SQLITE_OK) opened.base.pMethods = &methods;
  return code;
}

int on_delete(sqlite3_vfs*, const char* name, int sync) {
  if (ends_with(name, "restante.db-wal")) recorder->note({Operation::Kind::remove, true, 0, {}});
  return below->xDelete(below, name, sync);
}

sqlite3_vfs layer{};

}  // namespace

Recorder::Recorder() {
  below = sqlite3_vfs_find(nullptr);
  if (recorder != nullptr || below == nullptr) throw std::logic_error("one recorder a process");
  recorder = this;
  layer = *below;
  layer.zName = "restante-recorder";
  layer.pNext = nullptr;
  layer.szOsFile = static_cast<int>(sizeof(File)) + below->szOsFile;
  layer.xOpen = on_open;
  layer.xDelete = on_delete;
  sqlite3_vfs_register(&layer, 1);
}

Recorder::~Recorder() {
  sqlite3_vfs_unregister(&layer);
  sqlite3_vfs_register(below, 1);
  recorder = nullptr;
}

void Recorder::fail(const Fault& fault) noexcept {
  fault_ = fault;
  calls_ = 0;
  has_failed_ = false;
}

bool Recorder::fails(Fault::Kind kind) noexcept {
  if (kind != fault_.kind) return false;
  ++calls_;
  const bool now = calls_ == fault_.at || (fault_.for_good && calls_ > fault_.at);
  if (now) errno = kind == Fault::Kind::full ? ENOSPC : EIO;
  has_failed_ = has_failed_ || now;
  return now;
}

void Recorder::note(Operation operation) {
  if (recording_) operations_.push_back(std::move(operation));
}

}  // namespace restante::disk
