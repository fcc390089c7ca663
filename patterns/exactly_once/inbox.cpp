#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include <SQLiteCpp/SQLiteCpp.h>
#include <restante/exactly_once.h>

#include "core/names.h"
#include "patterns/exactly_once/database_check.h"
#include "patterns/exactly_once/inbox_table.h"

namespace restante {

namespace {

constexpr auto lock_retry = std::chrono::milliseconds{5};

/// What is done since it was made is undone by its end, whatever the caller does with its transaction.
class Savepoint {
 public:
  explicit Savepoint(SQLite::Database& database) : database_(database) { database_.exec("SAVEPOINT restante_once"); }
  ~Savepoint() {
    if (released_ || !detail::in_transaction(database_)) return;
    if (try_exec("ROLLBACK TO restante_once") && try_exec("RELEASE restante_once")) return;
    try_exec("ROLLBACK");  // better all of it than the record without the work
  }
  Savepoint(const Savepoint&) = delete;
  Savepoint& operator=(const Savepoint&) = delete;

  /// False if it is gone: somebody has ended the transaction.
  bool release() { return released_ = detail::in_transaction(database_) && try_exec("RELEASE restante_once"); }

 private:
  bool try_exec(const char* sql) noexcept { return database_.tryExec(sql) == 0; }

  SQLite::Database& database_;
  bool released_ = false;
};

struct Release {
  ~Release() { flag = false; }
  std::atomic<bool>& flag;
};

}  // namespace

struct Inbox::State {
  State(SQLite::Database& of, std::string_view reader, const InboxOptions& wanted)
      : database(of), options(wanted), what("inbox " + std::string(reader)) {
    if (const auto problem = core::problem_of_subscription_name(reader)) {
      throw Error(ErrorCode::bad_argument, "inbox: the reader \"" + std::string(reader) + "\" " + *problem);
    }
    try {
      if (!options.accept_weak_sync) detail::check_durable(database, what);
      detail::make_table(database, detail::InboxTable::statement, what);
      table.emplace(database, std::string(reader));
    } catch (const SQLite::Exception& error) {
      throw detail::error_of(error, database, what);
    }
  }

  /// Tries again while another connection has the lock, also if the application's own connection would not wait.
  template <typename Action>
  void patiently(const Action& action) {
    const auto end = std::chrono::steady_clock::now() + options.lock_wait;
    for (;;) {
      try {
        return action();
      } catch (const SQLite::Exception& error) {
        if (!detail::is_busy(error) || std::chrono::steady_clock::now() >= end) throw;
      }
      std::this_thread::sleep_for(lock_retry);
    }
  }

  void commit(SQLite::Transaction& transaction) {
    try {
      patiently([&] { transaction.commit(); });
    } catch (...) {
      // The caller's own could be committed by it later, and the message has been given back by then.
      if (detail::in_transaction(database)) database.tryExec("ROLLBACK");
      throw;
    }
  }

  void trim_if_due() {
    if (checked && table->made() < *checked + options.rows_max / 10) return;
    checked = table->made();
    if (table->rows() > options.rows_max) forgotten += table->trim(options.rows_max - options.rows_max / 10);
  }

  bool perform(SQLite::Transaction* given, const std::string& effect_id,
               const std::function<void(SQLite::Transaction&)>& work, bool& in_work) {
    std::optional<SQLite::Transaction> own;
    // The write lock first: a transaction that begins with reading may not be able to write later.
    if (given != nullptr) patiently([&] { table->lock(); });
    else patiently([&] { own.emplace(database, SQLite::TransactionBehavior::IMMEDIATE); });
    SQLite::Transaction& transaction = given != nullptr ? *given : *own;
    {
      Savepoint savepoint(database);
      if (!table->add(detail::place_of(effect_id))) return false;
      trim_if_due();
      in_work = true;
      work(transaction);
      in_work = false;
      if (!savepoint.release()) {
        throw Error(ErrorCode::bad_state, what + ": the work has ended the transaction that it was given, so that " +
                                              effect_id + " may be half done. Leave its end to once()");
      }
    }
    commit(transaction);
    return true;
  }

  bool once(SQLite::Transaction* given, Delivery& delivery, const std::function<void(SQLite::Transaction&)>& work) {
    if (in_use.exchange(true)) {
      throw Error(ErrorCode::bad_state, what +
                                            ": another thread uses it, or the work itself does. Each thread needs an "
                                            "Inbox and a Database of its own");
    }
    const Release until_the_end{in_use};
    if (detail::in_transaction(database) != (given != nullptr)) {
      throw Error(ErrorCode::bad_state, what + (given != nullptr ? ": the transaction has ended, or is not of this "
                                                                   "database. Begin one for each delivery"
                                                                 : ": a transaction is open. End it, or pass it"));
    }
    bool in_work = false;
    bool done_now = false;
    try {
      done_now = perform(given, delivery.effect_id(), work, in_work);
    } catch (const SQLite::Exception& error) {
      if (!detail::is_trouble(error)) {
        delivery.nack();
        throw;
      }
      delivery.release();
      std::this_thread::sleep_for(options.trouble_pause);
      if (in_work) throw;
      throw detail::error_of(error, database, what);
    } catch (...) {
      delivery.nack();
      throw;
    }
    delivery.ack();
    return done_now;
  }

  template <typename Action>
  auto alone(const Action& action) {
    try {
      return action();
    } catch (const SQLite::Exception& error) {
      throw detail::error_of(error, database, what);
    }
  }

  SQLite::Database& database;
  const InboxOptions options;
  const std::string what;
  std::optional<detail::InboxTable> table;
  std::atomic<bool> in_use{false};
  std::optional<std::uint64_t> checked;  // made() when the rows were counted last
  std::uint64_t forgotten = 0;
};

Inbox::Inbox(SQLite::Database& database, std::string_view reader, const InboxOptions& options)
    : state_(std::make_unique<State>(database, reader, options)) {}

Inbox::~Inbox() = default;

bool Inbox::once(Delivery& delivery, const std::function<void(SQLite::Transaction&)>& work) {
  return state_->once(nullptr, delivery, work);
}

bool Inbox::once(SQLite::Transaction& transaction, Delivery& delivery, const std::function<void()>& work) {
  return state_->once(&transaction, delivery, [&work](SQLite::Transaction&) { work(); });
}

bool Inbox::knows(std::string_view effect_id) {
  return state_->alone([&] { return state_->table->contains(detail::place_of(effect_id)); });
}

std::uint64_t Inbox::trim(std::uint64_t rows) {
  return state_->alone([&] { return state_->table->trim(rows); });
}

std::uint64_t Inbox::forget() {
  return state_->alone([&] { return state_->table->clear(); });
}

std::uint64_t Inbox::rows() {
  return state_->alone([&] { return state_->table->rows(); });
}

std::uint64_t Inbox::forgotten() const noexcept { return state_->forgotten; }

}  // namespace restante
