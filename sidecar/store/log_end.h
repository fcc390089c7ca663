#pragma once
/// \file
/// The mark of a write-ahead log that is in the database as a whole.

#include <cstddef>

namespace SQLite {
class Database;
}

namespace restante::sidecar {

/// SQLite leaves a log that it has copied where it is, and reads it again at the next start. That is right as long as
/// it can read all of it. If the last commit has been damaged meanwhile it stops before it, and puts the pages of older
/// commits over newer ones in the database, without a word. So the first octet of such a log is overwritten: SQLite
/// then takes nothing from it, begins it anew with its next commit, and its blocks stay ours (cutting the file would
/// free them, which a full disk does not give back).
///
/// One octet, so that no power cut leaves half of the mark. It is not synced: the database is, before.
class LogEnd {
 public:
  static constexpr char mark_octet = '\xC8';   ///< all bits of the first octet of SQLite's header turned
  static constexpr char begin_octet = '\x37';  ///< the first of SQLite's (fileformat2.html, section 4.1)

  explicit LogEnd(SQLite::Database& database) noexcept : database_(database) {}

  /// After a checkpoint that has copied everything, when nobody reads. Throws SQLite::Exception.
  void mark();

  /// After a commit: false if it was added to a log that is marked, which would forget it.
  [[nodiscard]] bool is_commit_kept() noexcept;

 private:
  SQLite::Database& database_;
  bool is_marked_ = false;
};

}  // namespace restante::sidecar
