#pragma once
/// \file
/// Exactly-once effects, for services that keep their state in SQLite through SQLiteCpp. Its own target
/// (restante::exactly_once), so that other services do not link SQLite.
///
///   SQLite::Database shop("shop.db", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 5000);
///   shop.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
///   restante::Inbox inbox(shop, "billing");
///   restante::Outbox outbox(shop, node);
///   node.puller("orders").run([&](restante::Delivery& order) {
///     inbox.once(order, [&](SQLite::Transaction& transaction) {
///       shop.exec("UPDATE counter SET n = n + 1");
///       outbox.add(transaction, "invoices", order.payload());
///     });
///   });
///
/// What survives
///   once() has not committed   nothing: neither the work nor that it was done; the message comes again
///   it has committed           all of it, `kill -9` and a power cut; if the message comes again it is only acked
///   what add() put in          as long as its transaction does; it is sent after the commit, also by the next process
///
/// Threads: each of these belongs to its SQLite::Database and is used by the thread that uses that one. Threads that
/// share work have a Database, an Inbox and an Outbox each. The Database outlives them; so does the Node.
///
/// All workers of a stream must use one and the same database file: what is done is known in that file, and a message
/// may come to any of them. docs/patterns/exactly_once.md has the rest.

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

/// Of an Outbox.
struct OutboxOptions {
  /// As SenderOptions::instance, of every stream: a second database of this machine that sends to the same streams
  /// needs a number of its own.
  unsigned instance = 0;
  /// Accepts a database that may lose its newest commits in a power cut, when their messages have been sent.
  bool accept_weak_sync = false;
};

/// What an Outbox has yet to send.
struct OutboxStatus {
  std::uint64_t waiting = 0;  ///< messages that are committed and not confirmed
  Duration oldest{};          ///< so long ago the first of them was added, by the clock of the day
  std::string obstacle{};     ///< what keeps them; empty: nothing is known to
};

/// Messages that are sent if, and only if, a transaction of the application is committed (the table `restante_outbox`).
///
/// add() puts a row into the transaction. After the commit a thread of this Outbox, on a connection of its own that
/// only reads, sends it and waits until it is confirmed; the next add() removes the row in its own transaction. So
/// nothing else of the application is held up by it. (If more than 1,024 rows wait to be removed that thread does it.)
/// Rows of a stream are sent in the order of their commits. While they cannot be, for whatever reason, they wait.
///
/// A row that was confirmed but not removed when the process died is sent again, as another message with the same
/// Delivery::effect_id(): the Inbox of whoever receives it does it once.
class Outbox {
 public:
  /// Makes the table if there is none and begins to send what it finds. One for each database file: it is the writer of
  /// the streams that it sends to. Throws Error as Inbox, misconfigured also without PRAGMA journal_mode = WAL, by
  /// which reading keeps nobody from writing, and bad_argument (instance).
  Outbox(SQLite::Database& database, Node& node, const OutboxOptions& options = {});
  /// Only adds: for the other threads and processes that write to that database. What they add is sent by the Outbox
  /// that has a Node, within about 100 ms.
  explicit Outbox(SQLite::Database& database, const OutboxOptions& options = {});
  ~Outbox();  ///< close()
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  /// Has `payload` sent to the pipeline `stream` after the commit. `transaction` is what the caller has begun on the
  /// database of this outbox. Its header restante-origin is set by the outbox. Never waits. Throws Error: bad_argument
  /// (stream, size, attributes: all that could keep it from being sent later), bad_state (no transaction); and
  /// SQLite::Exception.
  void add(SQLite::Transaction& transaction, std::string_view stream, std::string_view payload,
           const Attributes& attributes = {});
  /// The same for a published stream.
  void publish(SQLite::Transaction& transaction, std::string_view stream, std::string_view topic,
               std::string_view payload, const Attributes& attributes = {});

  /// Waits until everything that is committed by now is confirmed. False: time-out, or the node was stopped; nothing is
  /// undone. Throws Error bad_state inside a transaction, and if it only adds.
  bool flush(Duration timeout = forever);
  [[nodiscard]] OutboxStatus status();
  /// Flushes for up to `timeout` and stops sending. What is left waits in the database for the next Outbox.
  void close(Duration timeout = std::chrono::seconds{5}) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace restante
