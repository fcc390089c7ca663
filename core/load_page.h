#pragma once
/// \file
/// One page of redelivery as any store must answer it: which rows fit, which are damaged, which are gone.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/store_effects.h"

namespace restante::core {

/// Builds a LoadReply from the rows of a stream, given in order of their first sequence.
///
/// A row is *damaged* if its frame does not pass Batch::parse or differs from its columns. A row is *missing* if a row
/// names it as its predecessor (`stored_prev`), it is above the prune floor, and it is not there. The range that is
/// reported for a missing row reaches back to the row before it, since its own first sequence went with it: it may
/// cover sequences that were never written (elided or never used), which their subscriptions know as settled.
class LoadPage {
 public:
  /// `last_of(sequence)` is the last sequence of the newest row of the stream with first <= `sequence`; 0 if there is
  /// none, or another in its place. It is asked only where the chain of rows is not plain, and must outlive this
  /// object.
  LoadPage(const LoadRequest& request, Sequence pruned_to, std::function<Sequence(Sequence)> last_of);

  /// Whether a row of `octets` still fits. The first row always does, however big.
  [[nodiscard]] bool takes(std::size_t octets) const noexcept;

  /// The next row: delivered if it is whole, else reported.
  void add(RowRecord row);

  /// The next row, of which only the place is known. Where it ended is told by its successor, on this page or the next.
  void add_unreadable(Sequence first);

  /// Closes the page before its end: there are rows left up to `up_to`.
  [[nodiscard]] LoadReply more();

  /// Closes the page at its end. `named` is the stored_prev of the next row above `up_to`, or the highest last sequence
  /// ever written if there is none: it shows whether the last rows of the page are gone. `parked` are the parked
  /// sequences in (after, up_to] at or below the prune floor: each must have its row, though the chain is cut there.
  [[nodiscard]] LoadReply end(Sequence named, const std::vector<Sequence>& parked);

 private:
  void add_damaged(const RowRecord& row);
  void close_unreadable(Sequence named, Sequence next_first);
  void check_chain(Sequence named);
  void report(Sequence first, Sequence last);
  void pass(Sequence first, Sequence last);
  [[nodiscard]] bool covers(Sequence sequence) const noexcept;

  LoadRequest request_;
  Sequence floor_;  // nothing at or below it is missed: it was not asked for, or was pruned
  std::function<Sequence(Sequence)> last_of_;
  LoadReply reply_;
  Sequence previous_last_ = 0;
  std::optional<Sequence> unreadable_;  // first of the row before, if it could not be read
  std::size_t octets_ = 0;
  std::size_t rows_ = 0;  // damaged ones too: they bound the work of a page as the others do
};

/// Whether the frame is whole and says what its columns say; `why` if not.
bool is_whole(const RowRecord& row, std::string& why);

}  // namespace restante::core
