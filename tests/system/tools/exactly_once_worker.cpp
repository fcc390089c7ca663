/// \file
/// Counts messages in a database, and sends one on for each.
///
///   exactly_once_worker --db FILE --stream S --from EP --sidecar EP [--reader NAME] [--to STREAM] [--plain]
///
/// `counter` has how many were counted (`n`) and how many came again (`again`), `done` how often each payload was
/// counted. With --to an outbox sends each payload on to that stream. --plain is the negative control: no inbox; the
/// work is committed, and then acked. Ends on SIGTERM.

#include <cstdio>
#include <optional>
#include <string>

#include <SQLiteCpp/SQLiteCpp.h>
#include <restante/exactly_once.h>

#include "traffic.h"

namespace {

void count(SQLite::Database& database, std::string_view payload) {
  database.exec("UPDATE counter SET n = n + 1");
  SQLite::Statement done(database, "INSERT INTO done VALUES(?, 1) ON CONFLICT DO UPDATE SET times = times + 1");
  done.bind(1, std::string(payload));
  done.exec();
}

int work(const traffic::Options& options) {
  SQLite::Database database(options.text("--db"), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 5000);
  database.exec(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE;"
      "CREATE TABLE IF NOT EXISTS counter(id INTEGER PRIMARY KEY, n INTEGER NOT NULL, again INTEGER "
      "NOT NULL);"
      "INSERT OR IGNORE INTO counter VALUES(1, 0, 0);"
      "CREATE TABLE IF NOT EXISTS done(payload TEXT PRIMARY KEY, times INTEGER NOT NULL); COMMIT");
  restante::Node node({.sidecar = options.text("--sidecar"), .stop_on_signals = true});
  restante::Inbox inbox(database, options.text("--reader", "counting"));
  restante::Outbox outbox(database, node);
  const bool sends_on = options.has("--to");
  const std::string to = options.text("--to", "");
  const auto effect = [&](SQLite::Transaction& transaction, const restante::Delivery& delivery) {
    count(database, delivery.payload());
    if (sends_on) outbox.add(transaction, to, delivery.payload());
  };
  auto puller = node.puller(options.text("--stream"), {.from = {options.text("--from")}});
  puller.run([&](restante::Delivery& delivery) {
    if (!options.has("--plain")) {
      const bool fresh = inbox.once(delivery, [&](SQLite::Transaction& transaction) { effect(transaction, delivery); });
      if (!fresh) database.exec("UPDATE counter SET again = again + 1");
      return;
    }
    SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
    effect(transaction, delivery);
    transaction.commit();
    delivery.ack();
  });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return work(traffic::Options(argc, argv, " --plain "));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "exactly_once_worker: %s\n", error.what());
    return 1;
  }
}
