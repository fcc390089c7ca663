#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>
#include <restante/exactly_once.h>

#include "core/names.h"
#include "patterns/exactly_once/database_check.h"
#include "patterns/exactly_once/outbox_pump.h"
#include "patterns/exactly_once/outbox_reader.h"
#include "patterns/exactly_once/statement_use.h"
#include "patterns/link/process.h"
#include "patterns/send_check.h"

namespace restante {

namespace {

constexpr const char* what = "outbox";
constexpr unsigned instance_max = 65535;

std::int64_t clock_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

/// A name for what one Outbox adds. Drawn anew by each: what is added after an older copy of the database was put back
/// must not have the name of what was sent before.
std::string draw_identity() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint64_t part : {link::random64(), link::random64()}) {
    for (int shift = 60; shift >= 0; shift -= 4) text += digits[part >> static_cast<unsigned>(shift) & 0xF];
  }
  return text;
}

void prepare(SQLite::Database& database, const OutboxOptions& options) {
  if (options.instance > instance_max) {
    throw Error(ErrorCode::bad_argument, std::string(what) + ": an instance is at most 65535");
  }
  if (detail::path_of(database).empty()) {
    throw Error(ErrorCode::misconfigured, std::string(what) + ": the database is in memory only. Open a file");
  }
  try {
    if (!options.accept_weak_sync) detail::check_durable(database, what);
    if (database.execAndGet("PRAGMA main.journal_mode").getString() != "wal") {
      throw Error(ErrorCode::misconfigured, std::string(what) +
                                                ": reading what is to be sent would keep the "
                                                "application from writing. Set PRAGMA journal_mode = "
                                                "WAL");
    }
    detail::make_table(database, detail::OutboxReader::table, what);
    detail::make_table(database, detail::OutboxReader::index, what);
  } catch (const SQLite::Exception& error) {
    throw detail::error_of(error, database, what);
  }
}

}  // namespace

struct Outbox::State {
  struct Counted {
    std::uint64_t added = 0;
    bool is_published = false;
  };

  State(SQLite::Database& of, const OutboxOptions& options)
      : database((prepare(of, options), of)),
        insert(of,
               "INSERT INTO main.restante_outbox(stream, topic, origin, added_ms, attributes, payload) "
               "VALUES(?, ?, ?, ?, ?, ?)") {}

  void start(const std::shared_ptr<detail::NodeState>& node, const OutboxOptions& options) {
    try {
      pump = std::make_unique<detail::OutboxPump>(detail::path_of(database), node, options.instance);
    } catch (const SQLite::Exception& error) {
      if (!detail::is_busy(error)) throw detail::error_of(error, database, what);
      throw Error(ErrorCode::misconfigured, std::string(what) + ": a second connection cannot read the database: " +
                                                error.what() + ". Set PRAGMA locking_mode = NORMAL");
    }
  }

  /// The number of the next message of a stream: rising by one, so that what a reader knows of them is one row.
  Counted& counted(std::string_view stream, bool is_published) {
    if (const auto problem = core::problem_of_stream_name(stream)) {
      throw Error(ErrorCode::bad_argument, "add to the outbox: the stream \"" + std::string(stream) + "\" " + *problem);
    }
    auto known = streams.find(stream);
    if (known == streams.end()) {
      if (streams.size() >= limits::streams_max) {
        throw Error(ErrorCode::bad_argument, "add to the outbox: more than " + std::to_string(limits::streams_max) +
                                                 " streams. Use topics, which may be as many as you like");
      }
      known = streams.emplace(stream, Counted{0, is_published}).first;
    }
    if (known->second.is_published != is_published) {
      throw Error(ErrorCode::bad_argument, "add to the outbox: the stream " + std::string(stream) +
                                               " is a pipeline or it is published, and not both");
    }
    return known->second;
  }

  void add(std::string_view stream, std::optional<std::string_view> topic, std::string_view payload,
           const Attributes& attributes) {
    if (!detail::in_transaction(database)) {
      throw Error(ErrorCode::bad_state,
                  "add to the outbox: no transaction is open in its database. Begin one, and do "
                  "there what the message tells of");
    }
    const std::string name(stream);
    Counted& count = counted(stream, topic.has_value());
    if (topic) detail::check_published(*topic, attributes, name);
    detail::check_payload(payload, name);
    const std::string origin = "outbox/" + identity + '/' + name + '/' + std::to_string(count.added + 1);
    std::vector<Header> headers;
    for (const Header& header : attributes.headers) {
      if (header.name != origin_header) headers.push_back(header);
    }
    Attributes all = attributes;
    headers.push_back({origin_header, origin});
    all.headers = headers;
    static_cast<void>(detail::encode(all, name));  // as it will be sent: now is the time to refuse it
    headers.pop_back();
    all.headers = headers;
    put(name, topic, origin, detail::encode(all, name), payload);
    ++count.added;
    if (!pump) return;
    detail::remove_rows(database, pump->done(generation));
    pump->expect();
  }

  void put(const std::string& stream, std::optional<std::string_view> topic, const std::string& origin,
           const std::string& attributes, std::string_view payload) {
    detail::StatementUse row(insert);
    row->bindNoCopy(1, stream);
    if (topic) row->bind(2, std::string(*topic));
    else row->bind(2);
    row->bindNoCopy(3, origin);
    row->bind(4, clock_ms());
    row->bindNoCopy(5, attributes.data(), static_cast<int>(attributes.size()));
    row->bindNoCopy(6, payload.data(), static_cast<int>(payload.size()));
    row->exec();
  }

  bool flush(Duration timeout) {
    if (!pump) {
      throw Error(ErrorCode::bad_state,
                  "flush the outbox: it was opened without a node, or closed. Flush the one that "
                  "sends");
    }
    if (detail::in_transaction(database)) {
      throw Error(ErrorCode::bad_state,
                  "flush the outbox: a transaction is open, and nothing of it is sent before it "
                  "is committed");
    }
    try {
      SQLite::Statement newest(database, detail::OutboxReader::newest_id);
      return pump->wait_clear(newest.executeStep() ? newest.getColumn(0).getInt64() : 0, timeout);
    } catch (const SQLite::Exception& error) {
      throw detail::error_of(error, database, what);
    }
  }

  OutboxStatus status() {
    OutboxStatus now;
    try {
      SQLite::Statement all(database, "SELECT count(*) FROM main.restante_outbox");
      all.executeStep();
      const std::int64_t rows = all.getColumn(0).getInt64();
      std::uint64_t ignored = UINT64_MAX;
      const auto done = pump ? pump->done(ignored) : std::vector<std::int64_t>{};
      SQLite::Statement row(database, "SELECT 1 FROM main.restante_outbox WHERE id = ?");
      std::int64_t there = 0;
      for (const std::int64_t id : done) {
        row.bind(1, id);
        there += row.executeStep() ? 1 : 0;
        row.reset();
      }
      now.waiting = static_cast<std::uint64_t>(rows - there);
      if (now.waiting > 0) now.oldest = age_of_oldest({done.begin(), done.end()});
      if (pump) now.obstacle = pump->obstacle();
    } catch (const SQLite::Exception& error) {
      throw detail::error_of(error, database, what);
    }
    return now;
  }

  Duration age_of_oldest(const std::set<std::int64_t>& done) {
    SQLite::Statement rows(database, "SELECT id, added_ms FROM main.restante_outbox ORDER BY id");
    while (rows.executeStep()) {
      if (done.contains(rows.getColumn(0).getInt64())) continue;
      return std::chrono::milliseconds{std::max<std::int64_t>(clock_ms() - rows.getColumn(1).getInt64(), 0)};
    }
    return {};
  }

  void close(Duration timeout) noexcept {
    if (!pump) return;
    try {
      if (!detail::in_transaction(database)) flush(timeout);
    } catch (const std::exception&) {  // what it cannot wait for stays in the table
    }
    try {
      remove_done();  // before the streams are let go: whoever waits for them must not find what was sent
    } catch (const std::exception&) {  // it is sent again, and its readers know it
    }
    pump.reset();
  }

  void remove_done() {
    generation = UINT64_MAX;
    const auto done = pump->done(generation);
    if (done.empty() || detail::in_transaction(database)) return;
    SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
    detail::remove_rows(database, done);
    transaction.commit();
  }

  SQLite::Database& database;
  SQLite::Statement insert;
  const std::string identity = draw_identity();
  std::map<std::string, Counted, std::less<>> streams;
  std::uint64_t generation = 0;  // of what the pump is done with, as far as add() has removed it
  std::unique_ptr<detail::OutboxPump> pump;
};

Outbox::Outbox(SQLite::Database& database, Node& node, const OutboxOptions& options)
    : state_(std::make_unique<State>(database, options)) {
  state_->start(node.state_, options);
}

Outbox::Outbox(SQLite::Database& database, const OutboxOptions& options)
    : state_(std::make_unique<State>(database, options)) {}

Outbox::~Outbox() { close(); }

void Outbox::add(SQLite::Transaction&, std::string_view stream, std::string_view payload,
                 const Attributes& attributes) {
  state_->add(stream, std::nullopt, payload, attributes);
}

void Outbox::publish(SQLite::Transaction&, std::string_view stream, std::string_view topic, std::string_view payload,
                     const Attributes& attributes) {
  state_->add(stream, topic, payload, attributes);
}

bool Outbox::flush(Duration timeout) { return state_->flush(timeout); }

OutboxStatus Outbox::status() { return state_->status(); }

void Outbox::close(Duration timeout) noexcept { state_->close(timeout); }

}  // namespace restante
