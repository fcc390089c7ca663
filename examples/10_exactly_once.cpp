// Lesson 10: each order is counted once and billed once, whatever is killed. The database is the application's own.
//
//   restante up &
//   10_exactly_once shop.db &     # kill -9 it as often as you like, and start it again
//   seq 1000 | restante send orders
//   restante recv invoices        # sqlite3 shop.db 'SELECT n FROM counter' says 1000

#include <iostream>
#include <string>

#include <SQLiteCpp/SQLiteCpp.h>
#include <restante/exactly_once.h>
#include <restante/node.h>

int main(int argc, char** argv) {
  try {
    SQLite::Database shop(argc > 1 ? argv[1] : "shop.db", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 5000);
    shop.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");  // a commit that no power cut takes back
    shop.exec("CREATE TABLE IF NOT EXISTS counter(id INTEGER PRIMARY KEY, n INTEGER NOT NULL)");

    restante::Node node({.stop_on_signals = true});
    restante::Inbox inbox(shop, "billing");  // knows which orders are done, in the same database
    restante::Outbox outbox(shop, node);     // sends what it finds there, after each commit

    node.puller("orders").run([&](restante::Delivery& order) {
      // One transaction for all of it, and then the ack. An order that comes again is only acked.
      inbox.once(order, [&](SQLite::Transaction& transaction) {
        shop.exec("INSERT INTO counter VALUES(1, 1) ON CONFLICT(id) DO UPDATE SET n = n + 1");
        outbox.add(transaction, "invoices", "invoice for " + std::string(order.payload()));
      });
    });
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
