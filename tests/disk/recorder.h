#pragma once
/// \file
/// A layer under SQLite: it records what is asked of the disk, and fails where it is told to.

#include <cstdint>
#include <string>
#include <vector>

namespace restante::disk {

/// What SQLite asked of one of the two files of a store.
struct Operation {
  enum class Kind { write, truncate, sync, remove };
  Kind kind = Kind::write;
  bool is_log = false;       ///< of the write-ahead log, else of the database
  std::uint64_t offset = 0;  ///< of a write; of a truncate the size
  std::string octets;        ///< of a write
};

/// Which calls fail.
struct Fault {
  enum class Kind { none, read, write, full, sync, truncate, open };
  Kind kind = Kind::none;
  std::uint64_t at = 0;   ///< the number of the call of that kind, from 1 on
  bool for_good = false;  ///< and all behind it
  bool silent = false;    ///< a write that fails is said to have gone well (no disk may do that)
};

/// The layer, once a process, under every SQLite database that is opened while it lives. Everything goes on to the real
/// files; only one thread may use SQLite.
class Recorder {
 public:
  Recorder();
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  void record(bool on) noexcept { recording_ = on; }
  [[nodiscard]] const std::vector<Operation>& operations() const noexcept { return operations_; }
  void forget() { operations_.clear(); }

  /// From now on, counted from here.
  void fail(const Fault& fault) noexcept;
  /// Did the fault that was set happen?
  [[nodiscard]] bool has_failed() const noexcept { return has_failed_; }

  // ---- for the layer
  [[nodiscard]] bool fails(Fault::Kind kind) noexcept;
  [[nodiscard]] bool is_silent() const noexcept { return fault_.silent; }
  void note(Operation operation);

 private:
  bool recording_ = false;
  std::vector<Operation> operations_;
  Fault fault_;
  std::uint64_t calls_ = 0;
  bool has_failed_ = false;
};

}  // namespace restante::disk
