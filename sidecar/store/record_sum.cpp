#include "sidecar/store/record_sum.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include "core/crc32c.h"
#include "sidecar/store/sql_query.h"

#define STREAM_SUM                                                                                             \
  "record_sum(id, name, kind, next, last_row, last_marker, writer, writer_name, writer_host, writer_pid, "     \
  "writer_start, pruned_to, newest_row, row_count, sequence_count, octet_count, retain_ms, retain_messages, "  \
  "retain_octets, expire_ms, expired_dead, max_messages, max_octets, on_limit, drain_messages, drain_octets, " \
  "priority)"
#define SUBSCRIPTION_SUM                                                                                          \
  "record_sum(id, stream, name, mode, start, claim, made, max_messages, max_octets, on_limit, retry_initial_ms, " \
  "retry_factor_percent, retry_max_ms, attempts_max, (SELECT group_concat(up_to || ' ' || topic, char(10)) FROM " \
  "(SELECT topic, up_to FROM subscription_filter WHERE subscription = subscription.id ORDER BY position)))"
#define PARKED_SUM "record_sum(subscription, sequence, stream, grant_id, due_ms, attempts, reason, history)"
#define DEAD_SUM                                                                              \
  "record_sum(subscription, stream, sequence, grant_id, attempts, buried_ms, reason, topic, " \
  "payload, attributes, history, source_us)"

namespace restante::sidecar {
namespace {

std::uint32_t add(std::uint32_t sum, sqlite3_value* value) {
  const int type = sqlite3_value_type(value);
  std::array<char, 9> head{static_cast<char>(type)};
  std::string_view octets;
  std::int64_t number = 0;
  if (type == SQLITE_INTEGER) {
    number = sqlite3_value_int64(value);
  } else if (type != SQLITE_NULL) {
    const void* const begin = sqlite3_value_blob(value);  // before its size: it may convert
    const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
    if (size > 0) octets = {static_cast<const char*>(begin), size};
    number = static_cast<std::int64_t>(size);
  }
  std::memcpy(head.data() + 1, &number, sizeof number);
  return core::crc32c(octets, core::crc32c({head.data(), head.size()}, sum));
}

void record_sum(sqlite3_context* context, int count, sqlite3_value** values) {
  std::uint32_t sum = 0;
  for (int at = 0; at < count; ++at) sum = add(sum, values[at]);
  sqlite3_result_int64(context, sum);
}

struct Table {
  const char* name;
  const char* key;  // what tells a row from others, for people
  const char* sum;
};

constexpr std::array tables{
    Table{"meta", "key", "record_sum(key, value)"},
    Table{"stream", "name", STREAM_SUM},
    Table{"grant_block", "'of stream ' || stream || ' from ' || first",
          "record_sum(stream, grant_id, first, last, handle)"},
    Table{"subscription", "name", SUBSCRIPTION_SUM},
    Table{"cursor", "'of subscription ' || subscription", "record_sum(subscription, floor, settled)"},
    Table{"gap", "'of subscription ' || subscription || ', from sequence ' || first",
          "record_sum(subscription, number, first, last, reason)"},
    Table{"parked", "'of subscription ' || subscription || ', sequence ' || sequence", PARKED_SUM},
};

constexpr Table dead{"dead", "'of subscription ' || subscription || ', sequence ' || sequence", DEAD_SUM};

std::string complaint_of(SQLite::Database& database, const Table& table) {
  SQLite::Statement statement(database, std::string("SELECT ") + table.key + " FROM " + table.name +
                                            " WHERE sum IS NOT " + table.sum + " LIMIT 1");
  SqlQuery query(statement);
  if (!query.next()) return {};
  return "a record does not fit its checksum: table " + std::string(table.name) + ", " + query.text(0);
}

}  // namespace

const char* const sum_stream_sql = "UPDATE stream SET sum = " STREAM_SUM " WHERE id = ?1";
const char* const sum_subscription_sql = "UPDATE subscription SET sum = " SUBSCRIPTION_SUM " WHERE id = ?1";
const char* const parked_is_whole_sql = "sum IS " PARKED_SUM;
const char* const dead_is_whole_sql = "sum IS " DEAD_SUM;

void add_record_sum(SQLite::Database& database) {
  constexpr int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
  const int code = sqlite3_create_function_v2(database.getHandle(), "record_sum", -1, flags, nullptr, record_sum,
                                              nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw SQLite::Exception(database.getHandle(), code);
}

std::string complaint_of_sums(SQLite::Database& database) {
  std::string complaint;
  for (const Table& table : tables) {
    if (complaint.empty()) complaint = complaint_of(database, table);
  }
  return complaint;
}

std::string complaint_of_dead(SQLite::Database& database) { return complaint_of(database, dead); }

}  // namespace restante::sidecar
