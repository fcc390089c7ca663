// What it costs, for docs/patterns/exactly_once.md: exactly_once_tests "[measure]". Not run by itself.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include <restante/exactly_once.h>
#include <catch2/catch.hpp>

#include "core/random.h"
#include "patterns/exactly_once/inbox_table.h"
#include "tests/exactly_once/shop.h"

using namespace restante;
using namespace restante::test;

namespace {

constexpr int transactions = 3000;
const std::string source = "warehouse-7/orders/9f86d081884c7d65";

/// One transaction for each of `ids`, with a counter as the work and `more` beside it.
void measure(const char* what, const std::vector<std::string>& ids,
             const std::function<void(Shop&, detail::InboxTable&, const std::string&)>& more) {
  Folder folder;
  Shop shop(folder.file());
  shop.exec(detail::InboxTable::statement);
  detail::InboxTable done(shop, "billing");
  shop.count("x");
  const auto begin = std::chrono::steady_clock::now();
  for (const auto& id : ids) {
    SQLite::Transaction transaction(shop, SQLite::TransactionBehavior::IMMEDIATE);
    shop.exec("UPDATE done SET times = times + 1");
    more(shop, done, id);
    transaction.commit();
  }
  const std::chrono::duration<double, std::micro> spent = std::chrono::steady_clock::now() - begin;
  std::printf("%-44s %7.1f us a transaction, %llu rows\n", what, spent.count() / static_cast<double>(ids.size()),
              static_cast<unsigned long long>(done.rows()));
}

std::vector<std::string> numbered(std::size_t shuffled_by) {
  std::vector<std::string> ids;
  for (int i = 1; i <= transactions; ++i) ids.push_back(source + '/' + std::to_string(i));
  core::Random random(1);
  for (std::size_t i = 0; shuffled_by > 1 && i + shuffled_by < ids.size(); ++i) {
    std::swap(ids[i], ids[i + random.below(shuffled_by)]);
  }
  return ids;
}

}  // namespace

TEST_CASE("what the records cost", "[.measure]") {
  const auto record = [](Shop&, detail::InboxTable& done, const std::string& id) { done.add(detail::place_of(id)); };
  std::vector<std::string> keys;
  for (int i = 0; i < transactions; ++i) keys.push_back("order-" + std::to_string(i * 7919 % 100003));
  for (int round = 0; round < 2; ++round) {
    measure("the work alone", numbered(0), [](Shop&, detail::InboxTable&, const std::string&) {});
    measure("and its id, in order", numbered(0), record);
    measure("and its id, shuffled among 64", numbered(64), record);
    measure("and an id that is no number", keys, record);
  }
}

TEST_CASE("what an outbox costs", "[.measure]") {
  const std::string payload(200, 'x');
  for (int round = 0; round < 2; ++round) {
    Folder folder;
    Shop shop(folder.file());
    Outbox outbox(shop);
    shop.count("x");
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < transactions; ++i) {
      SQLite::Transaction transaction(shop, SQLite::TransactionBehavior::IMMEDIATE);
      shop.exec("UPDATE done SET times = times + 1");
      outbox.add(transaction, "invoices", payload);
      transaction.commit();
    }
    const std::chrono::duration<double, std::micro> spent = std::chrono::steady_clock::now() - begin;
    std::printf("%-44s %7.1f us a transaction\n", "the work and a message", spent.count() / transactions);
  }
}

TEST_CASE("what a full inbox costs", "[.measure]") {
  Folder folder;
  Shop shop(folder.file());
  shop.exec(detail::InboxTable::statement);
  detail::InboxTable done(shop, "billing");
  shop.exec("BEGIN");
  const auto begin = std::chrono::steady_clock::now();
  constexpr int rows = 100'000;
  for (int i = 1; i <= rows; ++i) done.add({source, 2 * i});
  const std::chrono::duration<double, std::micro> spent = std::chrono::steady_clock::now() - begin;
  const auto trim = std::chrono::steady_clock::now();
  done.trim(rows - rows / 10);
  const std::chrono::duration<double, std::milli> trimmed = std::chrono::steady_clock::now() - trim;
  shop.exec("COMMIT");
  std::printf("%d rows: %.2f us each, %lld octets each, a tenth forgotten in %.1f ms\n", rows, spent.count() / rows,
              static_cast<long long>(shop.execAndGet("PRAGMA page_count").getInt64() * 4096 / rows), trimmed.count());
}
