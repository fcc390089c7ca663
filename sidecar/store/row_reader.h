#pragma once
/// \file
/// Pages of rows and of parked messages.

#include <cstdint>
#include <optional>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>

#include "core/load_page.h"
#include "core/store_effects.h"

namespace restante::sidecar {

/// Reads only. Every statement is reset before a call returns, so that nothing holds the log back. Throws
/// SQLite::Exception.
class RowReader {
 public:
  explicit RowReader(SQLite::Database& database);

  core::LoadReply load(const core::LoadRequest& request);
  core::ParkedReply load(const core::ParkedRequest& request);

 private:
  struct StreamBook {
    Sequence pruned_to = 0;
    Sequence newest_row = 0;
  };

  std::optional<core::LoadReply> load_own(const core::LoadRequest& asked);
  StreamBook book_of(core::StreamId stream);
  bool add_rows(const core::LoadRequest& request, const StreamBook& book, core::LoadPage& page);
  bool read_row(std::int64_t id, core::RowRecord& row);
  Sequence last_of(core::StreamId stream, Sequence sequence);
  Sequence before(core::StreamId stream, std::int64_t from_ms);
  std::int64_t time_of(core::StreamId stream, std::int64_t id);
  Sequence named_after(const core::LoadRequest& request, const StreamBook& book);
  std::vector<Sequence> parked_between(core::StreamId stream, Sequence first, Sequence last);

  SQLite::Statement book_;
  SQLite::Statement places_;
  SQLite::Statement row_;
  SQLite::Statement newest_;
  SQLite::Statement time_;
  SQLite::Statement place_before_;
  SQLite::Statement place_after_;
  SQLite::Statement parked_between_;
  SQLite::Statement own_;
  SQLite::Statement parked_;
};

}  // namespace restante::sidecar
