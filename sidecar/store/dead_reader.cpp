#include "sidecar/store/dead_reader.h"

#include <algorithm>
#include <string>
#include <utility>

#include "sidecar/store/record_sum.h"
#include "sidecar/store/sql_query.h"

namespace restante::sidecar {

DeadReader::DeadReader(SQLite::Database& database)
    : letters_(database,
               std::string("SELECT subscription, sequence, grant_id, attempts, buried_ms, reason, topic, history, "
                           "source_us, length(payload), iif(?6, payload, x''), iif(?6, attributes, x''), iif(?6, ") +
                   dead_is_whole_sql +
                   ", 1), EXISTS(SELECT 1 FROM parked WHERE parked.subscription = dead.subscription AND "
                   "parked.sequence = dead.sequence AND parked.octets IS NOT NULL) FROM dead WHERE stream = ?1 AND (?2 "
                   "= 0 OR subscription = ?2) AND "
                   "(subscription, sequence) > (?3, ?4) AND "
                   "(?5 = '' OR sequence IN (SELECT value FROM json_each(?5))) ORDER BY subscription, sequence") {}

core::DeadReply DeadReader::load(const core::DeadRequest& request) {
  std::string only;
  for (const Sequence sequence : request.only) only += (only.empty() ? '[' : ',') + std::to_string(sequence);
  if (!only.empty()) only += ']';
  core::DeadReply reply{request.number, request.stream, {}, true};
  SqlQuery query(letters_);
  query.with(request.stream).with(request.subscription).with(request.after.subscription).with(request.after.sequence);
  query.with(only).with(std::int64_t{request.payloads ? 1 : 0});
  std::size_t octets = 0;
  while (query.next()) {
    octets += request.payloads ? query.natural(9) : 0;
    reply.end = reply.letters.size() < request.count && (reply.letters.empty() || octets <= request.octets);
    if (!reply.end) break;
    core::DeadRecord letter;
    letter.stream = request.stream;
    letter.subscription = query.number(0);
    letter.sequence = query.natural(1);
    letter.grant = query.natural(2);
    letter.attempts = static_cast<std::uint32_t>(query.number(3));
    letter.buried_ms = query.number(4);
    letter.reason = query.text(5);
    letter.topic = query.text(6);
    letter.history = query.text(7);
    letter.source_time_us = query.number(8);
    letter.octets = query.natural(9);
    letter.payload = query.octets(10).octets();
    letter.attributes = query.octets(11).octets();
    letter.is_whole = query.number(12) != 0;
    letter.has_heir = query.number(13) != 0;
    reply.letters.push_back(std::move(letter));
  }
  return reply;
}

}  // namespace restante::sidecar
