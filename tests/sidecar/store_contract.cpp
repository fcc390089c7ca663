#include "tests/sidecar/store_contract.h"

#include <stdlib.h>

#include <stdexcept>

#include <SQLiteCpp/SQLiteCpp.h>

namespace restante::sidecar {

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "restante-store-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a temporary directory");
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

StoreOptions options_for(const std::filesystem::path& directory) {
  StoreOptions options;
  options.directory = directory.string();
  options.node = "here";
  options.quota = quota_min;
  return options;
}

std::optional<Error> refusal_of(const StoreOptions& options) {
  try {
    const SqliteStore store(options);
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  }
}

void SqliteBench::reopen() {
  store_.reset();
  store_ = std::make_unique<SqliteStore>(options_for(directory_.path()));
}

void SqliteBench::settle() {
  while (store_->idle_work()) {
  }
}

void SqliteBench::behind_its_back(const std::string& sql) {
  store_.reset();
  run_sql(directory_.path(), sql);
  reopen();
}

void SqliteBench::damage(core::StreamId stream, Sequence first) {
  behind_its_back(
      "UPDATE batch SET octets = CAST(substr(octets, 1, length(octets) - 1) || X'EE' AS BLOB) "
      "WHERE stream = " +
      std::to_string(stream) + " AND first = " + std::to_string(first));
}

void SqliteBench::lose(core::StreamId stream, Sequence first) {
  behind_its_back("DELETE FROM batch WHERE stream = " + std::to_string(stream) +
                  " AND first = " + std::to_string(first));
}

void run_sql(const std::filesystem::path& store, const std::string& sql) {
  SQLite::Database database((store / "restante.db").string(), SQLite::OPEN_READWRITE);
  database.exec(sql);
}

std::string ask_sql(const std::filesystem::path& store, const std::string& sql) {
  SQLite::Database database((store / "restante.db").string(), SQLite::OPEN_READWRITE);
  return database.execAndGet(sql).getString();
}

core::StreamRecord stream_of(core::StreamId id, const std::string& name) {
  core::StreamRecord stream;
  stream.id = id;
  stream.name = name;
  return stream;
}

core::SubscriptionRecord subscription_of(core::SubscriptionId id, core::StreamId stream, const std::string& name) {
  core::SubscriptionRecord subscription;
  subscription.id = id;
  subscription.stream = stream;
  subscription.name = name;
  return subscription;
}

core::ParkedRecord parked_of(core::SubscriptionId subscription, Sequence sequence, std::int64_t due_ms) {
  return {subscription, sequence, test_grant, due_ms, 2, "the worker said no"};
}

core::DeadRecord dead_of(core::SubscriptionId subscription, Sequence sequence) {
  core::DeadRecord dead;
  dead.subscription = subscription;
  dead.stream = 1;
  dead.sequence = sequence;
  dead.grant = test_grant;
  dead.attempts = 16;
  dead.buried_ms = 1700000000000;
  dead.reason = "poison";
  dead.topic = "a/b";
  dead.payload = std::string("\0\1payload", 9);
  return dead;
}

core::RowRecord row_of(core::StreamId stream, Sequence first, Sequence last, Sequence stored_prev, std::size_t size) {
  core::BatchBuilder builder("orders", "a/b", size);
  for (Sequence sequence = first; sequence <= last; ++sequence) builder.append(std::string(size, 'x'));
  core::BatchHeader header;
  header.stream = "orders";
  header.topic = "a/b";
  header.grant = test_grant;
  header.first = first;
  header.last = last;
  return {stream, test_grant, first, last, stored_prev, builder.seal(header)};
}

core::Transaction first_transaction() {
  core::Transaction transaction;
  transaction.number = 1;
  transaction.streams.push_back(stream_of(1, "orders"));
  transaction.subscriptions.push_back(subscription_of(1, 1, "workers"));
  return transaction;
}

core::Transaction rows_of(core::StreamId stream, Sequence from, Sequence to, std::size_t size) {
  core::Transaction transaction;
  for (Sequence sequence = from; sequence <= to; ++sequence) {
    transaction.rows.push_back(row_of(stream, sequence, sequence, sequence - 1, size));
  }
  return transaction;
}

core::Transaction prune_of(core::StreamId stream, Sequence to) {
  core::Transaction transaction;
  transaction.cursors.push_back({1, to, {}});
  transaction.prunes.push_back({stream, to});
  return transaction;
}

core::LoadReply load_all(core::Store& store, core::StreamId stream, Sequence after) {
  core::LoadRequest request;
  request.stream = stream;
  request.after = after;
  request.up_to = ~Sequence{0};
  request.octets = 64U << 20;
  request.rows = 1U << 20;
  return store.load(request);
}

std::vector<Sequence> firsts_of(const core::LoadReply& reply) {
  std::vector<Sequence> firsts;
  for (const core::RowRecord& row : reply.rows) firsts.push_back(row.first);
  return firsts;
}

}  // namespace restante::sidecar
