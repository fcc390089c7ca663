#pragma once
/// \file
/// A batch at the sidecar.

#include <cstdint>
#include <memory>
#include <utility>

#include "core/batch.h"
#include "core/time.h"

namespace restante::core {

/// A copy that was taken from a writer, or a row that was loaded. Shared by the outbox's line of fresh batches and by
/// the cursors of the subscriptions that own it.
struct CopiedBatch {
  explicit CopiedBatch(Batch taken) : batch(std::move(taken)) {}

  enum class Place : std::uint8_t { fresh, writing, stored };

  Batch batch;
  Place place = Place::fresh;
  bool wanted_on_disk = false;  ///< a parked message needs its row, whatever the acks say
  bool needs_no_row = false;    ///< it was settled when its turn to be written came, and its stream kept nothing
  Instant accepted{};           ///< when it came, by its age: what was loaded came earlier
  Instant expires = never;      ///< its messages are too old then; accepted, and what they or their stream say
  Instant deliverable{};        ///< its messages may be handed out from then on
  Instant due = never;          ///< when it is written if it is not settled by then
  std::uint32_t owed_by = 0;    ///< durable subscriptions that own it and have not settled all of it (B1)

  [[nodiscard]] Sequence first() const noexcept { return batch.header().first; }
  [[nodiscard]] Sequence last() const noexcept { return batch.header().last; }
  [[nodiscard]] std::uint64_t octets() const noexcept { return batch.frame().size(); }
  [[nodiscard]] std::uint64_t messages() const noexcept { return batch.header().skip ? 0 : batch.count(); }
};

using BatchRef = std::shared_ptr<CopiedBatch>;

}  // namespace restante::core
