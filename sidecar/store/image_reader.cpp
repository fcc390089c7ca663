#include "sidecar/store/image_reader.h"

#include <stdexcept>
#include <string>

#include <SQLiteCpp/SQLiteCpp.h>

#include "sidecar/store/database.h"
#include "sidecar/store/ranges_text.h"
#include "sidecar/store/row_names.h"
#include "sidecar/store/schema.h"
#include "sidecar/store/sql_query.h"

namespace restante::sidecar {
namespace {

[[noreturn]] void strange(const std::string& table, std::int64_t id) {
  throw std::runtime_error("row " + std::to_string(id) + " of table " + table + " is not as Restante writes it");
}

void read_streams(SQLite::Database& database, core::StoreImage& image) {
  SQLite::Statement statement(database,
                              "SELECT id, name, kind, next, last_row, last_marker, writer, row_count, sequence_count, "
                              "octet_count, writer_name, writer_host, writer_pid, writer_start, (SELECT first FROM "
                              "batch WHERE stream = s.id ORDER BY first LIMIT 1), "
                              "(SELECT last FROM batch WHERE stream = s.id ORDER BY first DESC LIMIT 1), "
                              "retain_ms, retain_messages, retain_octets, pruned_to, expire_ms, expired_dead, "
                              "max_messages, max_octets, on_limit, drain_messages, drain_octets, priority "
                              "FROM stream AS s ORDER BY id");
  SqlQuery query(statement);
  while (query.next()) {
    core::StreamRecord stream;
    stream.id = query.number(0);
    stream.name = query.text(1);
    const auto kind = stream_kind_of(query.text(2));
    if (!kind) strange("stream", stream.id);
    stream.kind = *kind;
    stream.next = query.natural(3);
    stream.last_row = query.natural(4);
    stream.last_marker = query.natural(5);
    stream.writer = query.natural(6);
    stream.writer_process = {query.text(10), query.text(11), static_cast<std::uint32_t>(query.natural(12)),
                             query.natural(13)};
    image.pruned.push_back({stream.id, query.natural(19)});
    stream.retention = {query.number(16), query.natural(17), query.natural(18)};
    stream.expiry = {query.number(20), query.number(21) != 0};
    const auto on_limit = on_limit_of(query.text(24));
    if (!on_limit) strange("stream", stream.id);
    stream.limit = {query.natural(22), query.natural(23), *on_limit};
    stream.drain = {query.natural(25), query.natural(26)};
    stream.priority = static_cast<std::uint32_t>(query.natural(27));
    if (!query.is_null(14)) {
      image.rows.push_back(
          {stream.id, query.natural(7), query.natural(8), query.natural(9), query.natural(14), query.natural(15)});
    }
    image.streams.push_back(std::move(stream));
  }
}

void read_grants(SQLite::Database& database, core::StoreImage& image) {
  SQLite::Statement statement(database,
                              "SELECT stream, grant_id, first, last, handle FROM grant_block ORDER BY stream, first");
  SqlQuery query(statement);
  while (query.next()) {
    core::GrantRecord grant;
    grant.stream = query.number(0);
    grant.grant.grant = query.natural(1);
    grant.grant.range = {query.natural(2), query.natural(3)};
    grant.handle = query.natural(4);
    image.grants.push_back(grant);
  }
}

void read_filters(SQLite::Statement& statement, core::SubscriptionRecord& subscription) {
  SqlQuery query(statement);
  query.with(subscription.id);
  while (query.next()) {
    const Sequence up_to = query.natural(1);
    if (up_to == 0) {
      subscription.filters.push_back(query.text(0));
      continue;
    }
    if (subscription.older.empty() || subscription.older.back().to != up_to) subscription.older.push_back({up_to, {}});
    subscription.older.back().filters.push_back(query.text(0));
  }
}

void read_subscriptions(SQLite::Database& database, core::StoreImage& image) {
  SQLite::Statement statement(
      database,
      "SELECT id, stream, name, mode, start, claim, made, max_messages, max_octets, on_limit, "
      "retry_initial_ms, retry_factor_percent, retry_max_ms, attempts_max FROM subscription ORDER BY id");
  SQLite::Statement filters(database,
                            "SELECT topic, up_to FROM subscription_filter WHERE subscription = ?1 ORDER BY position");
  SqlQuery query(statement);
  while (query.next()) {
    core::SubscriptionRecord subscription;
    subscription.id = query.number(0);
    subscription.stream = query.number(1);
    subscription.name = query.text(2);
    const auto mode = subscription_mode_of(query.text(3));
    if (!mode) strange("subscription", subscription.id);
    subscription.mode = *mode;
    subscription.start = query.natural(4);
    subscription.claim = query.natural(5);
    subscription.made = query.number(6);
    const auto on_limit = on_limit_of(query.text(9));
    if (!on_limit) strange("subscription", subscription.id);
    subscription.limit = {query.natural(7), query.natural(8), *on_limit};
    subscription.retry = {query.number(10), query.number(11), query.number(12), query.number(13)};
    read_filters(filters, subscription);
    image.subscriptions.push_back(std::move(subscription));
  }
}

void read_cursors(SQLite::Database& database, core::StoreImage& image) {
  SQLite::Statement statement(database, "SELECT subscription, floor, settled FROM cursor ORDER BY subscription");
  SqlQuery query(statement);
  while (query.next()) {
    core::CursorRecord cursor;
    cursor.subscription = query.number(0);
    cursor.floor = query.natural(1);
    auto settled = ranges_from_text(query.text(2));
    if (!settled) strange("cursor", cursor.subscription);
    cursor.settled = std::move(*settled);
    image.cursors.push_back(std::move(cursor));
  }
}

void read_parked(SQLite::Database& database, core::StoreImage& image) {
  SQLite::Statement statement(database,
                              "SELECT subscription, count(*), min(due_ms) FROM parked GROUP BY subscription "
                              "ORDER BY subscription");
  SqlQuery query(statement);
  while (query.next()) image.parked.push_back({query.number(0), query.natural(1), query.number(2)});
}

void read_gaps(SQLite::Database& database, core::StoreImage& image) {
  SQLite::Statement statement(database,
                              "SELECT subscription, number, first, last, reason FROM gap ORDER BY subscription, first");
  SqlQuery query(statement);
  while (query.next()) {
    image.gaps.push_back({query.number(0), query.natural(1), {query.natural(2), query.natural(3)}, query.text(4)});
  }
}

}  // namespace

core::StoreImage read_image(SQLite::Database& database) {
  core::StoreImage image;
  image.node = read_meta(database, "node");
  const auto incarnation = incarnation_of(read_meta(database, "incarnation"));
  if (!incarnation) throw std::runtime_error("the incarnation in table meta is not as Restante writes it");
  image.incarnation = *incarnation;
  image.clock_ms = std::strtoll(read_meta(database, "clock_ms").c_str(), nullptr, 10);  // of older stores: 0
  read_streams(database, image);
  read_grants(database, image);
  read_subscriptions(database, image);
  read_cursors(database, image);
  read_parked(database, image);
  read_gaps(database, image);
  SQLite::Statement dead(database, "SELECT count(*) FROM dead");
  SqlQuery query(dead);
  if (query.next()) image.dead = query.natural(0);
  SQLite::Statement highest(database, "SELECT coalesce(max(subscription), 0) FROM dead");
  SqlQuery highest_query(highest);
  if (highest_query.next()) image.highest_subscription = highest_query.number(0);
  return image;
}

}  // namespace restante::sidecar
