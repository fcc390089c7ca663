#pragma once
/// \file
/// Exactly-once effects, for services that keep their state in SQLite through SQLiteCpp. Its own target
/// (restante::exactly_once), so that other services do not link SQLite.
///
///   SQLite::Database shop("shop.db", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 5000);
///   shop.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
///   restante::Inbox inbox(shop, "billing");
///   node.puller("orders").run([&](restante::Delivery& order) {
///     inbox.once(order, [&](SQLite::Transaction&) {
///       shop.exec("UPDATE counter SET n = n + 1");
///     });
///   });
///
/// What survives
///   once() has not committed   nothing: neither the work nor that it was done; the message comes again
///   it has committed           all of it, `kill -9` and a power cut; if the message comes again it is only acked
///
/// Threads: each of these belongs to its SQLite::Database and is used by the thread that uses that one. Threads that
/// share work have a Database and an Inbox each. The Database outlives them.
///
/// All workers of a stream must use one and the same database file: what is done is known in that file, and a message
/// may come to any of them.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <restante/delivery.h>
#include <restante/error.h>
#include <restante/node.h>
#include <restante/options.h>
#include <restante/types.h>

namespace SQLite {
class Database;
class Transaction;
}  // namespace SQLite

namespace restante {

/// Of an Inbox.
struct InboxOptions {
  /// How long once() waits for a database that another connection has locked.
  Duration lock_wait = std::chrono::seconds{5};
  /// After the database could not be written (locked, disk full, I/O error) once() waits so long before it throws, so
  /// that a message which comes again at once does not spin.
  Duration trouble_pause = std::chrono::seconds{1};
  /// What is done is kept as ranges: messages of one writer that are all done are one row. When one reader has more
  /// rows than this (some in between were never done, or filters pass few), those that are unchanged for longest are
  /// forgotten, and a message of one that comes again after all is done again. A row is about 80 octets.
  std::uint64_t rows_max = 100'000;
  /// Accepts a database that may lose its newest commits in a power cut, and with them messages, since those are acked.
  bool accept_weak_sync = false;
};

/// Which messages this application has done, in its own database (the table `restante_inbox`).
class Inbox {
 public:
  /// `reader` says whose work it is: a message is done once for each reader. A name as that of a stream; the same in
  /// every life of the service. Makes the table if there is none. Throws Error: bad_argument (name), bad_state (inside
  /// a transaction), misconfigured (settings of the database that lose commits; the text names the PRAGMA),
  /// incompatible_version (a table of that name with another shape), retry_later, store_failed.
  Inbox(SQLite::Database& database, std::string_view reader, const InboxOptions& options = {});
  ~Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  /// Does the work of `delivery` if it was not done before, in one transaction with the record that it is done,
  /// commits, and acks. True: done now. False: it was done before, and is acked.
  ///
  /// If `work` throws, all of it is rolled back, the delivery is nacked (unless `work` has settled it, for a delay of
  /// its own), and the exception goes on. If the database is at fault (locked, full, I/O error) the delivery is
  /// released, which is no attempt, so that an outage buries no message: after trouble_pause it throws what `work`
  /// threw, or Error retry_later or store_failed. `work` must not end the transaction: that is Error bad_state.
  bool once(Delivery& delivery, const std::function<void(SQLite::Transaction&)>& work);

  /// The same in a transaction that the caller has begun, preferably as IMMEDIATE. It is committed if this returns
  /// true. If it returns false or throws nothing was added to it, and it is left to the caller: its destructor rolls
  /// back what else was done in it, and that is right for what belongs to a message which was done before. If the
  /// commit itself fails the whole transaction is rolled back.
  bool once(SQLite::Transaction& transaction, Delivery& delivery, const std::function<void()>& work);

  /// Whether `effect_id` is done, as Delivery::effect_id().
  [[nodiscard]] bool knows(std::string_view effect_id);
  /// Keeps the `rows` that changed last, and forgets the others: a message of theirs that comes again is done again.
  /// Returns how many it forgot. once() does it by itself at rows_max.
  std::uint64_t trim(std::uint64_t rows);
  /// Forgets everything of this reader: before the work of a subscription that was reset is to be done once more.
  std::uint64_t forget();
  /// How many rows this reader has.
  [[nodiscard]] std::uint64_t rows();
  /// How many rows once() has forgotten by itself, since opening.
  [[nodiscard]] std::uint64_t forgotten() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace restante
