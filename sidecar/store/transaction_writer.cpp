#include "sidecar/store/transaction_writer.h"

#include <algorithm>
#include <stdexcept>

#include "sidecar/store/database.h"
#include "sidecar/store/ranges_text.h"
#include "sidecar/store/record_sum.h"
#include "sidecar/store/row_names.h"
#include "sidecar/store/schema.h"
#include "sidecar/store/sql_query.h"

namespace restante::sidecar {
namespace {

/// What the rows of one transaction add to the books of a stream.
struct Growth {
  std::int64_t rows = 0;
  std::uint64_t sequences = 0;
  std::uint64_t octets = 0;
  Sequence newest = 0;
};

constexpr const char* put_subscription =
    "INSERT INTO subscription(id, stream, name, mode, start, claim, made, max_messages, max_octets, on_limit, "
    "retry_initial_ms, retry_factor_percent, retry_max_ms, attempts_max) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT(id) DO UPDATE SET stream = ?2, "
    "name = ?3, mode = ?4, start = ?5, claim = ?6, made = ?7, max_messages = ?8, max_octets = ?9, on_limit = ?10, "
    "retry_initial_ms = ?11, retry_factor_percent = ?12, retry_max_ms = ?13, attempts_max = ?14";

constexpr const char* put_stream =
    "INSERT INTO stream(id, name, kind, next, last_row, last_marker, writer, writer_name, writer_host, "
    "writer_pid, writer_start, retain_ms, retain_messages, retain_octets, expire_ms, expired_dead, "
    "max_messages, max_octets, on_limit, drain_messages, drain_octets, priority) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22) "
    "ON CONFLICT(id) DO UPDATE SET name = ?2, kind = ?3, next = ?4, last_row = ?5, last_marker = ?6, "
    "writer = ?7, writer_name = ?8, writer_host = ?9, writer_pid = ?10, writer_start = ?11, retain_ms = ?12, "
    "retain_messages = ?13, retain_octets = ?14, expire_ms = ?15, expired_dead = ?16, "
    "max_messages = ?17, max_octets = ?18, on_limit = ?19, drain_messages = ?20, drain_octets = ?21, priority = ?22";

constexpr const char* find_parked =
    "SELECT sequence FROM parked WHERE subscription = ?1 AND sequence BETWEEN ?2 AND ?3 AND octets IS NULL";

}  // namespace

TransactionWriter::TransactionWriter(SQLite::Database& database, RowSweeper& sweeper)
    : database_(database),
      sweeper_(sweeper),
      stream_(database, put_stream),
      sum_stream_(database, sum_stream_sql),
      grant_(
          database,
          "INSERT INTO grant_block(stream, grant_id, first, last, handle, sum) "
          "VALUES(?1, ?2, ?3, ?4, ?5, record_sum(?1, ?2, ?3, ?4, ?5)) "
          "ON CONFLICT(stream, grant_id) DO UPDATE SET handle = ?5, sum = excluded.sum WHERE first = ?3 AND last = ?4"),
      close_grant_(database, "DELETE FROM grant_block WHERE stream = ?1 AND grant_id = ?2"),
      subscription_(database, put_subscription),
      sum_subscription_(database, sum_subscription_sql),
      clear_filters_(database, "DELETE FROM subscription_filter WHERE subscription = ?1"),
      filter_(database, "INSERT INTO subscription_filter(subscription, position, topic, up_to) VALUES(?1, ?2, ?3, ?4)"),
      row_(database,
           "INSERT INTO batch(stream, first, last, grant_id, stored_prev, stored_ms, octets) "
           "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(stream, first) DO NOTHING"),
      count_rows_(database,
                  "UPDATE stream SET row_count = row_count + ?2, sequence_count = sequence_count + ?3, "
                  "octet_count = octet_count + ?4, newest_row = max(newest_row, ?5) WHERE id = ?1"),
      parked_(database,
              "INSERT INTO parked(subscription, sequence, stream, grant_id, due_ms, attempts, reason, history, sum, "
              "octets) SELECT ?1, ?2, stream, ?3, ?4, ?5, ?6, ?7, record_sum(?1, ?2, stream, ?3, ?4, ?5, ?6, ?7), "
              "nullif(?8, x'') FROM subscription WHERE id = ?1 "
              "ON CONFLICT(subscription, sequence) DO UPDATE SET grant_id = ?3, due_ms = ?4, attempts = ?5, "
              "reason = ?6, history = ?7, sum = excluded.sum, octets = coalesce(excluded.octets, octets) "
              "WHERE parked.octets IS NULL OR excluded.octets IS NOT NULL OR grant_id = ?3"),
      known_parked_(database, "SELECT 1 FROM parked WHERE subscription = ?1 AND sequence = ?2"),
      dead_(database,
            "INSERT INTO dead(subscription, stream, sequence, grant_id, attempts, buried_ms, reason, topic, payload, "
            "attributes, history, source_us, sum) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
            "record_sum(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)) "
            "ON CONFLICT(subscription, sequence) DO UPDATE SET grant_id = ?4, attempts = ?5, buried_ms = ?6, "
            "reason = ?7, topic = ?8, payload = ?9, attributes = ?10, history = ?11, source_us = ?12, "
            "sum = excluded.sum WHERE ?13"),
      raise_(database, "DELETE FROM dead WHERE subscription = ?1 AND sequence = ?2"),
      find_parked_(database, find_parked),
      unpark_(database, "DELETE FROM parked WHERE subscription = ?1 AND sequence = ?2 AND (?3 = 0 OR grant_id = ?3)"),
      gap_(database,
           "INSERT INTO gap(subscription, number, first, last, reason, sum) "
           "VALUES(?1, ?2, ?3, ?4, ?5, record_sum(?1, ?2, ?3, ?4, ?5)) ON CONFLICT DO NOTHING"),
      end_gap_(database, "DELETE FROM gap WHERE subscription = ?1 AND number = ?2"),
      cursor_(database,
              "INSERT INTO cursor(subscription, floor, settled, sum) VALUES(?1, ?2, ?3, record_sum(?1, ?2, ?3)) "
              "ON CONFLICT(subscription) DO UPDATE SET floor = ?2, settled = ?3, sum = excluded.sum"),
      keep_clock_(database,
                  "INSERT INTO meta(key, value, sum) VALUES('clock_ms', ?1, record_sum('clock_ms', ?1)) "
                  "ON CONFLICT(key) DO UPDATE SET value = ?1, sum = excluded.sum"),
      first_parked_(database, "SELECT stream, sequence FROM parked WHERE subscription = ?1 ORDER BY sequence LIMIT 1"),
      count_records_(database,
                     "SELECT (SELECT count(*) FROM parked WHERE subscription = ?1) + "
                     "(SELECT count(*) FROM gap WHERE subscription = ?1)"),
      remove_parked_(database, "DELETE FROM parked WHERE subscription = ?1"),
      remove_gaps_(database, "DELETE FROM gap WHERE subscription = ?1"),
      remove_cursor_(database, "DELETE FROM cursor WHERE subscription = ?1"),
      remove_subscription_(database, "DELETE FROM subscription WHERE id = ?1") {}

std::vector<core::Pruned> TransactionWriter::apply(const core::Transaction& transaction) {
  if (transaction.incarnation) write_meta(database_, "incarnation", incarnation_text(*transaction.incarnation));
  if (transaction.clock_ms > 0) SqlQuery(keep_clock_).with(std::to_string(transaction.clock_ms)).run();
  for (const auto& stream : transaction.streams) write_stream(stream);
  for (const auto& grant : transaction.grants) write_grant(grant);
  for (const auto& grant : transaction.closed_grants) {
    SqlQuery(close_grant_).with(grant.stream).with(grant.grant.grant).run();
  }
  for (const auto& subscription : transaction.subscriptions) write_subscription(subscription);
  write_rows(transaction);
  for (const auto& letter : transaction.raised) SqlQuery(raise_).with(letter.subscription).with(letter.sequence).run();
  for (const auto& parked : transaction.parked) write_parked(parked);
  for (const auto& dead : transaction.dead) write_dead(dead);
  for (const auto& message : transaction.unparked) unpark(message);
  for (const auto& gap : transaction.told) SqlQuery(end_gap_).with(gap.subscription).with(gap.number).run();
  for (const auto& gap : transaction.gaps) write_gap(gap);
  for (const auto& cursor : transaction.cursors) write_cursor(cursor);
  for (const auto subscription : transaction.removed) remove(subscription);
  // More may go than comes, so that a backlog of pruned rows shrinks under load too.
  const std::size_t rows = std::max(RowSweeper::rows_per_commit, transaction.rows.size());
  std::vector<core::Pruned> pruned;
  for (const auto& prune : transaction.prunes) pruned.push_back(sweeper_.prune(prune, rows));
  sweeper_.sweep(rows);
  return pruned;
}

std::uint64_t TransactionWriter::records_removed(const core::Transaction& transaction) {
  std::uint64_t records = 0;
  for (const auto subscription : transaction.removed) {
    SqlQuery query(count_records_);
    if (query.with(subscription).next()) records += 3 + query.natural(0);
  }
  return records;
}

void TransactionWriter::write_stream(const core::StreamRecord& stream) {
  const std::string kind = name_of(stream.kind);
  const std::string on_limit = name_of(stream.limit.then);
  SqlQuery(stream_)
      .with(stream.id)
      .with(stream.name)
      .with(kind)
      .with(stream.next)
      .with(stream.last_row)
      .with(stream.last_marker)
      .with(stream.writer)
      .with(stream.writer_process.name)
      .with(stream.writer_process.host)
      .with(std::uint64_t{stream.writer_process.pid})
      .with(stream.writer_process.start_time)
      .with(stream.retention.age_ms)
      .with(stream.retention.messages)
      .with(stream.retention.octets)
      .with(stream.expiry.after_ms)
      .with(std::int64_t{stream.expiry.dead ? 1 : 0})
      .with(stream.limit.messages)
      .with(stream.limit.octets)
      .with(on_limit)
      .with(stream.drain.messages)
      .with(stream.drain.octets)
      .with(stream.priority)
      .run();
  SqlQuery(sum_stream_).with(stream.id).run();
}

void TransactionWriter::write_grant(const core::GrantRecord& grant) {
  const core::Range& range = grant.grant.range;
  const auto changed = SqlQuery(grant_)
                           .with(grant.stream)
                           .with(grant.grant.grant)
                           .with(range.first)
                           .with(range.last)
                           .with(grant.handle)
                           .run();
  if (changed == 0) throw std::logic_error("a grant id is bound to another range already");
}

void TransactionWriter::write_subscription(const core::SubscriptionRecord& subscription) {
  const std::string mode = name_of(subscription.mode);
  const std::string on_limit = name_of(subscription.limit.then);
  SqlQuery(subscription_)
      .with(subscription.id)
      .with(subscription.stream)
      .with(subscription.name)
      .with(mode)
      .with(subscription.start)
      .with(subscription.claim)
      .with(subscription.made)
      .with(subscription.limit.messages)
      .with(subscription.limit.octets)
      .with(on_limit)
      .with(subscription.retry.initial_ms)
      .with(subscription.retry.factor_percent)
      .with(subscription.retry.max_ms)
      .with(subscription.retry.attempts_max)
      .run();
  SqlQuery(clear_filters_).with(subscription.id).run();
  std::int64_t position = 0;
  const auto write_filters = [&](const std::vector<std::string>& filters, Sequence up_to) {
    for (const std::string& topic : filters) {
      SqlQuery(filter_).with(subscription.id).with(++position).with(topic).with(up_to).run();
    }
  };
  for (const core::OlderFilters& old : subscription.older) write_filters(old.filters, old.to);
  write_filters(subscription.filters, 0);
  SqlQuery(sum_subscription_).with(subscription.id).run();
}

void TransactionWriter::write_rows(const core::Transaction& transaction) {
  std::map<core::StreamId, Growth> growths;
  for (const core::RowRecord& row : transaction.rows) {
    const auto added = SqlQuery(row_)
                           .with(row.stream)
                           .with(row.first)
                           .with(row.last)
                           .with(row.grant)
                           .with(row.stored_prev)
                           .with(row.stored_ms)
                           .with_octets(row.octets.octets())
                           .run();
    if (added == 0) continue;
    Growth& growth = growths[row.stream];
    ++growth.rows;
    growth.sequences += row.last - row.first + 1;
    growth.octets += row.octets.size();
    growth.newest = std::max(growth.newest, row.last);
    sweeper_.revisit(row);
  }
  for (const auto& [stream, growth] : growths) {
    SqlQuery(count_rows_)
        .with(stream)
        .with(growth.rows)
        .with(growth.sequences)
        .with(growth.octets)
        .with(growth.newest)
        .run();
    SqlQuery(sum_stream_).with(stream).run();
  }
}

void TransactionWriter::write_parked(const core::ParkedRecord& parked) {
  const auto written = SqlQuery(parked_)
                           .with(parked.subscription)
                           .with(parked.sequence)
                           .with(parked.grant)
                           .with(parked.due_ms)
                           .with(parked.attempts)
                           .with(parked.reason)
                           .with(parked.history)
                           .with_octets(parked.octets.octets())
                           .run();
  if (written != 0) return;
  SqlQuery known(known_parked_);
  if (!known.with(parked.subscription).with(parked.sequence).next()) {
    throw std::logic_error("a parked message is of a subscription that is not there");
  }
}

void TransactionWriter::write_dead(const core::DeadRecord& dead) {
  SqlQuery(dead_)
      .with(dead.subscription)
      .with(dead.stream)
      .with(dead.sequence)
      .with(dead.grant)
      .with(dead.attempts)
      .with(dead.buried_ms)
      .with(dead.reason)
      .with(dead.topic)
      .with_octets(dead.payload)
      .with_octets(dead.attributes)
      .with(dead.history)
      .with(dead.source_time_us)
      .with(std::int64_t{dead.replaces ? 1 : 0})
      .run();
}

void TransactionWriter::write_gap(const core::GapRecord& gap) {
  SqlQuery(gap_)
      .with(gap.subscription)
      .with(gap.number)
      .with(gap.range.first)
      .with(gap.range.last)
      .with(gap.reason)
      .run();
}

void TransactionWriter::write_cursor(const core::CursorRecord& cursor) {
  const std::string settled = ranges_to_text(cursor.settled);
  SqlQuery(cursor_).with(cursor.subscription).with(cursor.floor).with(settled).run();
}

void TransactionWriter::unpark(const core::Unpark& message) {
  if (message.last > message.sequence) {
    std::vector<Sequence> parked;
    SqlQuery query(find_parked_);
    query.with(message.subscription).with(message.sequence).with(message.last);
    while (query.next()) parked.push_back(query.natural(0));
    for (const Sequence sequence : parked) unpark({message.subscription, sequence});
    return;
  }
  const auto removed = SqlQuery(unpark_).with(message.subscription).with(message.sequence).with(message.grant).run();
  if (removed != 0) sweeper_.revisit(message);
}

/// What names it first. The rows that its parked messages needed are not looked up one by one: the sweep begins at the
/// first of them again. Its dead letters stay.
void TransactionWriter::remove(core::SubscriptionId subscription) {
  if (SqlQuery query(first_parked_); query.with(subscription).next())
    sweeper_.revisit(query.number(0), query.natural(1));
  for (SQLite::Statement* statement :
       {&remove_parked_, &remove_gaps_, &remove_cursor_, &clear_filters_, &remove_subscription_}) {
    SqlQuery(*statement).with(subscription).run();
  }
}

}  // namespace restante::sidecar
