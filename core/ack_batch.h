#pragma once
/// \file
/// What a consumer has to say to its sidecar and has not said yet.

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/id_set.h"
#include "core/messages.h"

namespace restante::core {

/// Settlements gathered between two looks at the link, as few Settle messages. An ack range covers only what was given
/// to ack() (X5). The last word on an id counts. Not thread-safe.
class AckBatch {
 public:
  void ack(GrantId grant, Range range);
  void nack(const Nack& nack);
  void reject(Reject reject);
  void release(GrantId grant, Range range);
  void told(std::uint64_t gap) { told_.insert(gap); }
  void report(const GrantRange& range) { received_.insert(range.grant, range.range); }

  /// The session has ended: what it held is free without a word. A nack and a settlement are worth saying later.
  void on_session_lost();
  void erase_from(Sequence first);
  void clear();

  [[nodiscard]] bool empty() const noexcept;
  /// What is about to be given back: it is the sidecar's until it comes again after that.
  [[nodiscard]] const IdSet& given_back() const noexcept { return given_back_; }
  [[nodiscard]] std::vector<GrantRange> nacked() const;

  /// Everything as messages within the limits of a control frame; at least one. Nothing is left.
  std::vector<ControlMessage> take(Token token, const Credit& credit);

 private:
  using Id = std::pair<GrantId, Sequence>;

  void take_back(GrantId grant, Range range);

  IdSet acks_;
  IdSet released_;
  IdSet received_;
  IdSet given_back_;  // of nacks_ and released_
  std::map<Id, Nack> nacks_;
  std::map<Id, std::string> rejects_;
  std::set<std::uint64_t> told_;  // numbers of gaps, which no sequence names
};

}  // namespace restante::core
