/// \file
/// Bits that the disk turns in a store that was closed in good order.

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

#include <SQLiteCpp/SQLiteCpp.h>
#include <catch2/catch.hpp>

#include "sidecar/store/log_end.h"
#include "tests/sidecar/store_contract.h"

using namespace restante;
using namespace restante::sidecar;
using Catch::Matchers::Contains;

namespace {

/// Turns a bit of the octet so far `behind` the only place where `pattern` stands in the database.
void turn_bit(const std::filesystem::path& store, const std::string& pattern, std::size_t behind, int bit) {
  std::fstream file(store / "restante.db", std::ios::in | std::ios::out | std::ios::binary);
  const std::string octets{std::istreambuf_iterator<char>(file), {}};
  const std::size_t found = octets.find(pattern);
  REQUIRE(found != std::string::npos);
  REQUIRE(octets.find(pattern, found + 1) == std::string::npos);
  file.clear();
  file.seekp(static_cast<std::streamoff>(found + behind));
  file.put(static_cast<char>(octets[found + behind] ^ 1 << bit));
}

std::string big_endian(Sequence sequence) {
  std::string octets;
  for (int shift = 56; shift >= 0; shift -= 8) octets += static_cast<char>(sequence >> shift & 0xFF);
  return octets;
}

char octet_of(const std::filesystem::path& path, std::streamoff at) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(at, at < 0 ? std::ios::end : std::ios::beg);
  return static_cast<char>(file.get());
}

void turn_octet(const std::filesystem::path& path, std::streamoff at) {
  const char octet = octet_of(path, at);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(at, at < 0 ? std::ios::end : std::ios::beg);
  file.put(static_cast<char>(octet ^ 1));
}

/// Of two tables or indexes that have one page each.
void swap_pages(const std::filesystem::path& store, const std::string& one, const std::string& other) {
  std::array<std::string, 2> pages;
  std::array<std::streamoff, 2> places{};
  const int size = std::stoi(ask_sql(store, "PRAGMA page_size"));
  for (std::size_t at : {0U, 1U}) {
    const std::string name = at == 0 ? one : other;
    places[at] =
        (std::stoi(ask_sql(store, "SELECT rootpage FROM sqlite_schema WHERE name = '" + name + "'")) - 1) * size;
    std::ifstream file(store / "restante.db", std::ios::binary);
    file.seekg(places[at]);
    pages[at].resize(static_cast<std::size_t>(size));
    file.read(pages[at].data(), size);
  }
  std::fstream file(store / "restante.db", std::ios::in | std::ios::out | std::ios::binary);
  for (std::size_t at : {0U, 1U}) file.seekp(places[at]).write(pages[1 - at].data(), size);
}

}  // namespace

TEST_CASE("a turned bit in the index of rows costs one row, which is reported by its successor", "[store]") {
  constexpr Sequence base = 0x1122334455667700;
  const TemporaryDirectory place;
  {
    SqliteStore store(options_for(place.path()));
    core::Transaction transaction = first_transaction();
    for (Sequence row = 1; row <= 5; ++row) {
      const Sequence first = base + 10 * row;
      transaction.rows.push_back(row_of(1, first, first + 9, row == 1 ? 0 : first - 1));
    }
    store.commit(transaction);
  }
  // A record of the index: four octets that say 1, a number of eight octets and one of one octet; then the numbers.
  const std::string entry = std::string("\x04\x09\x06\x01", 4) + big_endian(base + 30);
  int bit = 0;
  SECTION("below all others") { bit = 7; }
  SECTION("above all others") { bit = 6; }
  SECTION("below the first") { bit = 4; }
  turn_bit(place.path(), entry, 4, bit);
  SqliteStore store(options_for(place.path()));
  const core::LoadReply reply = load_all(store);
  CHECK(firsts_of(reply) == std::vector<Sequence>{base + 10, base + 20, base + 40, base + 50});
  const bool is_reported = std::any_of(reply.damaged.begin(), reply.damaged.end(), [](const core::Range& range) {
    return range.first == base + 30 && range.last == base + 39;
  });
  CHECK(is_reported);
}

TEST_CASE("a row of another stream is not given out, whatever the index says", "[store]") {
  constexpr Sequence base = 0x1122334455667700;
  const TemporaryDirectory place;
  {
    SqliteStore store(options_for(place.path()));
    core::Transaction transaction = first_transaction();
    transaction.streams.push_back(stream_of(2, "bills"));
    for (Sequence row = 1; row <= 5; ++row) {
      const Sequence first = base + 10 * row;
      transaction.rows.push_back(row_of(1, first, first + 9, row == 1 ? 0 : first - 1));
    }
    for (const Sequence first : {base + 20, base + 30}) transaction.rows.push_back(row_of(2, first, first + 9, 0));
    store.commit(transaction);
  }
  // The entry of the third row, whose id it ends with, leads to the seventh: the same place in the other stream.
  const std::string entry = std::string("\x04\x09\x06\x01", 4) + big_endian(base + 30);
  turn_bit(place.path(), entry, entry.size(), 2);
  SqliteStore store(options_for(place.path()));
  const core::LoadReply reply = load_all(store);
  CHECK(firsts_of(reply) == std::vector<Sequence>{base + 10, base + 20, base + 40, base + 50});
  CHECK(reply.damaged == std::vector<core::Range>{{base + 30, base + 39}});
}

TEST_CASE("a lost index of the rows does not hide a lost parked message", "[store]") {
  const TemporaryDirectory place;
  {
    SqliteStore store(options_for(place.path()));
    core::Transaction transaction = first_transaction();
    for (Sequence row = 1; row <= 150; ++row) transaction.rows.push_back(row_of(1, row, row, row - 1));
    transaction.parked.push_back({1, 9, 0xABCD, 1, 2, "nack"});
    store.commit(transaction);
  }
  swap_pages(place.path(), "batch_place", "parked_due");
  const auto refusal = refusal_of(options_for(place.path()));
  REQUIRE(refusal);
  CHECK_THAT(refusal->what(), Contains("parked_due"));
}

TEST_CASE("a record that does not fit its checksum is refused, and told which", "[store]") {
  const TemporaryDirectory place;
  {
    SqliteStore store(options_for(place.path()));
    core::Transaction transaction = first_transaction();
    transaction.grants.push_back({1, {0xABCD, {1, 1000}}, 0xA});
    transaction.cursors.push_back({1, 10, {{12, 13}}});
    transaction.parked.push_back({1, 9, 0xABCD, 1, 2, "nack"});
    transaction.gaps.push_back({1, 77, {3, 5}, "limit"});
    store.commit(transaction);
  }
  const auto [change, record] = GENERATE(table<std::string, std::string>({
      {"UPDATE cursor SET floor = floor + 1", "table cursor, of subscription 1"},
      {"UPDATE stream SET pruned_to = 7", "table stream, orders"},
      {"UPDATE subscription SET mode = 'exclusive'", "table subscription, workers"},
      {"INSERT INTO subscription_filter VALUES(1, 9, 'a/#', 0)", "table subscription, workers"},
      {"UPDATE grant_block SET handle = handle + 1", "table grant_block, of stream 1"},
      {"UPDATE parked SET attempts = 1", "table parked, of subscription 1, sequence 9"},
      {"UPDATE gap SET last = 6", "table gap, of subscription 1, from sequence 3"},
      {"UPDATE subscription SET max_messages = 7", "table subscription, workers"},
      {"UPDATE meta SET value = value || '1' WHERE key = 'created'", "table meta, created"},
  }));
  run_sql(place.path(), change);
  INFO(change);
  const auto refusal = refusal_of(options_for(place.path()));
  REQUIRE(refusal);
  CHECK(refusal->code() == ErrorCode::store_failed);
  CHECK_THAT(refusal->what(), Contains(record) && Contains("checksum"));
}

TEST_CASE("damage in a log that is in the database already brings nothing back", "[store]") {
  const TemporaryDirectory place;
  const TemporaryDirectory killed;
  const auto log = place.path() / "restante.db-wal";
  SqliteStore store(options_for(place.path()));
  store.commit(first_transaction());
  Sequence last = 0;
  while (octet_of(log, 0) != LogEnd::mark_octet) {
    REQUIRE(last < 1000);
    last += 10;
    core::Transaction transaction = rows_of(1, last - 9, last, 100);
    transaction.streams = {stream_of(1, "orders")};
    transaction.streams[0].last_row = last;
    transaction.cursors.push_back({1, last, {}});
    store.commit(transaction);
    while (octet_of(log, 0) != LogEnd::mark_octet && store.idle_work()) {
    }
  }
  for (const char* file : {"restante.db", "restante.db-wal"}) {
    std::filesystem::copy_file(place.path() / file, killed.path() / file);
  }
  // The page of the last frame, and so the last commit.
  turn_octet(killed.path() / "restante.db-wal", -1);
  SqliteStore opened(options_for(killed.path()));
  const core::StoreImage image = opened.image();
  CHECK(image.streams[0].last_row == last);
  CHECK(image.cursors[0].floor == last);
  opened.commit(first_transaction());
  CHECK(octet_of(killed.path() / "restante.db-wal", 0) == LogEnd::begin_octet);
}

TEST_CASE("what a power cut left of a commit is never taken for one that came later", "[store]") {
  const TemporaryDirectory place;
  const TemporaryDirectory cut;
  const auto salts_of = [](const std::filesystem::path& log) {
    std::ifstream file(log, std::ios::binary);
    std::string header(24, 0);
    file.read(header.data(), 24);
    return header.substr(16);
  };
  const auto log = place.path() / "restante.db-wal";
  SqliteStore store(options_for(place.path()));
  REQUIRE(octet_of(log, 0) == LogEnd::mark_octet);
  store.commit(first_transaction());  // the only one in its log
  for (const char* file : {"restante.db", "restante.db-wal"}) {
    std::filesystem::copy_file(place.path() / file, cut.path() / file);
  }
  turn_octet(cut.path() / "restante.db-wal", 32 + 24 + 10);  // in the page of the first frame: it was never synced
  const std::string salts = salts_of(cut.path() / "restante.db-wal");
  SqliteStore opened(options_for(cut.path()));
  CHECK(opened.image().streams.empty());
  opened.commit(first_transaction());
  CHECK(octet_of(cut.path() / "restante.db-wal", 0) == LogEnd::begin_octet);
  CHECK(salts_of(cut.path() / "restante.db-wal") != salts);
}

TEST_CASE("a commit that was added to a log marked as empty is not taken for kept", "[store]") {
  const TemporaryDirectory place;
  SQLite::Database database((place.path() / "a.db").string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  database.exec("PRAGMA journal_mode = WAL");
  database.exec("CREATE TABLE a(b)");
  LogEnd end(database);
  CHECK(end.is_commit_kept());
  SQLite::Database reader((place.path() / "a.db").string());
  SQLite::Statement reads(reader, "SELECT count(*) FROM a");
  REQUIRE(reads.executeStep());  // and so SQLite must go on with the log
  CHECK(database.execAndGet("PRAGMA wal_checkpoint").getInt() == 0);
  end.mark();
  database.exec("INSERT INTO a VALUES(1)");
  CHECK_FALSE(end.is_commit_kept());
  reads.reset();
  CHECK(database.execAndGet("PRAGMA wal_checkpoint").getInt() == 0);
  database.exec("INSERT INTO a VALUES(2)");
  CHECK(end.is_commit_kept());
}
