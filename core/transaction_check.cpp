#include "core/transaction_check.h"

#include <algorithm>

namespace restante::core {
namespace {

/// Looks up records as they will be once the first parts of the transaction are applied.
class Preview {
 public:
  Preview(const StoreContents& contents, const Transaction& transaction)
      : contents_(contents), transaction_(transaction) {}

  [[nodiscard]] bool has_stream(StreamId id) const {
    const auto& added = transaction_.streams;
    return contents_.streams.contains(id) ||
           std::any_of(added.begin(), added.end(), [id](const StreamRecord& stream) { return stream.id == id; });
  }

  [[nodiscard]] bool has_subscription(SubscriptionId id) const {
    const auto& added = transaction_.subscriptions;
    return contents_.subscriptions.contains(id) ||
           std::any_of(added.begin(), added.end(), [id](const SubscriptionRecord& one) { return one.id == id; });
  }

  [[nodiscard]] bool is_name_taken(const StreamRecord& stream) const {
    const auto clashes = [&stream](const StreamRecord& other) {
      return other.name == stream.name && other.id != stream.id;
    };
    return std::any_of(contents_.streams.begin(), contents_.streams.end(),
                       [&](const auto& entry) { return clashes(entry.second.record); }) ||
           std::any_of(transaction_.streams.begin(), transaction_.streams.end(), clashes);
  }

  [[nodiscard]] bool is_name_taken(const SubscriptionRecord& subscription) const {
    const auto clashes = [&subscription](const SubscriptionRecord& other) {
      return other.stream == subscription.stream && other.name == subscription.name && other.id != subscription.id;
    };
    return std::any_of(contents_.subscriptions.begin(), contents_.subscriptions.end(),
                       [&](const auto& entry) { return clashes(entry.second); }) ||
           std::any_of(transaction_.subscriptions.begin(), transaction_.subscriptions.end(), clashes);
  }

  /// A grant id is bound to one range for ever; it may be recorded again for another handle.
  [[nodiscard]] bool rebinds(const GrantRecord& grant) const {
    const auto stream = contents_.streams.find(grant.stream);
    if (stream == contents_.streams.end()) return false;
    const auto known = stream->second.grants.find(grant.grant.grant);
    return known != stream->second.grants.end() && known->second.grant.range != grant.grant.range;
  }

 private:
  const StoreContents& contents_;
  const Transaction& transaction_;
};

}  // namespace

std::string broken_rule(const StoreContents& contents, const Transaction& transaction) {
  const Preview after(contents, transaction);
  for (const StreamRecord& stream : transaction.streams) {
    if (after.is_name_taken(stream)) return "two streams have the name " + stream.name;
  }
  for (const GrantRecord& grant : transaction.grants) {
    if (!after.has_stream(grant.stream)) return "a grant is of a stream that is not there";
    if (after.rebinds(grant)) return "a grant id is bound to another range already";
  }
  for (const SubscriptionRecord& subscription : transaction.subscriptions) {
    if (!after.has_stream(subscription.stream)) return "a subscription is of a stream that is not there";
    if (after.is_name_taken(subscription)) return "two subscriptions of a stream have the name " + subscription.name;
  }
  for (const RowRecord& row : transaction.rows) {
    if (!after.has_stream(row.stream)) return "a row is of a stream that is not there";
    if (row.first == 0 || row.first > row.last) return "a row ends before it begins";
  }
  for (const ParkedRecord& parked : transaction.parked) {
    if (!after.has_subscription(parked.subscription)) return "a parked message is of a subscription that is not there";
  }
  for (const GapRecord& gap : transaction.gaps) {
    if (!after.has_subscription(gap.subscription)) return "a gap is of a subscription that is not there";
    if (gap.range.first == 0 || gap.range.first > gap.range.last) return "a gap ends before it begins";
  }
  for (const CursorRecord& cursor : transaction.cursors) {
    if (!after.has_subscription(cursor.subscription)) return "a cursor is of a subscription that is not there";
  }
  for (const Prune& prune : transaction.prunes) {
    if (!after.has_stream(prune.stream)) return "a prune is of a stream that is not there";
  }
  return {};
}

}  // namespace restante::core
