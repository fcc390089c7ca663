#include <iostream>

#include <SQLiteCpp/SQLiteCpp.h>
#include <restante/exactly_once.h>

int main(int, char** argv) {
  SQLite::Database shop(argv[1], SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  shop.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  restante::Inbox inbox(shop, "billing");
  std::cout << inbox.rows() << " rows in the inbox\n";
}
