#include "core/load_page.h"

#include <algorithm>
#include <utility>

#include <restante/limits.h>

#include "core/batch.h"

namespace restante::core {

bool is_whole(const RowRecord& row, std::string& why) {
  const auto batch = Batch::parse(row.octets, why);
  if (!batch) return false;
  const BatchHeader& header = batch->header();
  const bool same = header.first == row.first && header.last == row.last && header.grant == row.grant;
  if (!same) why = "the frame is of another row";
  return same;
}

LoadPage::LoadPage(const LoadRequest& request, Sequence pruned_to, std::function<Sequence(Sequence)> last_of)
    : request_(request), floor_(std::max(request.after, pruned_to)), last_of_(std::move(last_of)) {
  reply_.number = request.number;
  reply_.stream = request.stream;
  reply_.pruned_to = pruned_to;
}

bool LoadPage::takes(std::size_t octets) const noexcept {
  if (rows_ == 0) return true;
  return rows_ < request_.rows && octets <= request_.octets && octets_ <= request_.octets - octets;
}

void LoadPage::add(RowRecord row) {
  close_unreadable(row.stored_prev, row.first);
  std::string why;
  if (!is_whole(row, why)) return add_damaged(row);
  if (row.stored_prev < row.first) check_chain(row.stored_prev);  // else that column is damaged, and the row is not
  pass(row.first, row.last);
  octets_ += row.octets.size();
  reply_.rows.push_back(std::move(row));
}

void LoadPage::add_damaged(const RowRecord& row) {
  // The damage may be in the columns too. Too wide a range would make good rows look lost, so it is held to what one
  // batch can cover; the rest, if there is one, is found through the successor.
  const Sequence last = std::clamp(row.last, row.first, row.first + limits::batch_messages_max - 1);
  if (row.stored_prev < row.first) check_chain(row.stored_prev);
  // So may its beginning be, and seem to lie within the row before, which is whole, or below what is asked for.
  const Sequence known_to = std::max(floor_, reply_.rows.empty() ? 0 : reply_.rows.back().last);
  const Sequence first = known_to < last ? std::max(row.first, known_to + 1) : row.first;
  pass(first, last);
  report(first, last);
}

void LoadPage::add_unreadable(Sequence first) {
  close_unreadable(0, first);
  pass(first, first);
  if (first <= floor_) --rows_;  // it may be all below, and a page that brings nothing would be asked for again
  unreadable_ = first;
}

/// The successor begins at `next_first` and says that its predecessor ended at `named`; 0: it cannot be read either.
void LoadPage::close_unreadable(Sequence named, Sequence next_first) {
  if (!unreadable_) return;
  const Sequence first = std::max(*unreadable_, floor_ + 1);
  const bool is_wanted = *unreadable_ > floor_ || named == 0;  // else it may have ended at the floor
  unreadable_.reset();
  if (named >= first && named < next_first) {
    report(first, named);
    previous_last_ = named;
  } else if (is_wanted && first < next_first) {
    report(first, std::min(next_first - 1, first + limits::batch_messages_max - 1));
  }
}

void LoadPage::pass(Sequence first, Sequence last) {
  // A damaged row that seemed to reach into this one ends before it.
  if (!reply_.damaged.empty() && reply_.damaged.back().first < first) {
    reply_.damaged.back().last = std::min(reply_.damaged.back().last, first - 1);
  }
  previous_last_ = last;
  ++rows_;
}

void LoadPage::check_chain(Sequence named) {
  const bool asked_for = named > floor_ && named <= request_.up_to;
  if (!asked_for || named == previous_last_) return;
  const Sequence found = last_of_(named);
  if (found >= named) return;
  Sequence there_to = std::max(found, floor_);
  for (const RowRecord& row : reply_.rows) {
    if (row.last < named) there_to = std::max(there_to, row.last);
  }
  report(there_to + 1, named);
}

void LoadPage::report(Sequence first, Sequence last) {
  // A row that lies before rows written earlier names one that comes after it; the same hole may be named twice.
  const Range hole{first, last};
  if (std::find(reply_.damaged.begin(), reply_.damaged.end(), hole) == reply_.damaged.end()) {
    reply_.damaged.push_back(hole);
  }
}

LoadReply LoadPage::more() {
  // The next page begins within the row that cannot be read, and meets its successor.
  if (unreadable_ && *unreadable_ > floor_) report(*unreadable_, *unreadable_);
  return std::move(reply_);
}

bool LoadPage::covers(Sequence sequence) const noexcept {
  const auto holds = [sequence](const auto& part) { return part.first <= sequence && sequence <= part.last; };
  return std::any_of(reply_.rows.begin(), reply_.rows.end(), holds) ||
         std::any_of(reply_.damaged.begin(), reply_.damaged.end(), holds);
}

LoadReply LoadPage::end(Sequence named, const std::vector<Sequence>& parked) {
  close_unreadable(std::min(named, request_.up_to), request_.up_to + 1);
  check_chain(named);
  for (const Sequence sequence : parked) {
    if (!covers(sequence)) report(sequence, sequence);
  }
  reply_.end = true;
  return std::move(reply_);
}

}  // namespace restante::core
