#pragma once
/// \file
/// What a live subscriber has heard of each topic, to know what it has not.

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "core/known_grants.h"
#include "core/messages.h"

namespace restante::core {

/// Follows the chain of each topic (`prev`). What a writer does not know of a topic lies before its first block, and it
/// names the end of that (W4): a `prev` where a block begins says nothing, and what was lost with a writer is not told.
/// At limits::seen_topics_max topics all are forgotten, and what each of them missed until it is heard next is not
/// told. Pure; not thread-safe.
class TopicTrail {
 public:
  struct Heard {
    bool anew = false;            ///< it is the first, or the first of another store
    bool again = false;           ///< it was heard before
    std::optional<Range> missed;  ///< something in it was published and not heard, at least its last
  };
  /// `prev`: what came before `batch` on `topic`. `grants`: as the sidecar told them.
  Heard note(const std::string& topic, Sequence prev, const GrantRange& batch, const KnownGrants& grants);

  [[nodiscard]] std::size_t topics() const noexcept { return seen_.size(); }
  [[nodiscard]] Sequence newest() const noexcept { return newest_; }  ///< heard, of this store; 0: nothing was

 private:
  void forget(Sequence since);

  std::map<std::string, Sequence> seen_;  // the last that was heard of each
  Sequence since_ = 0;                    // nothing is said of what is at or below it
  Sequence newest_ = 0;                   // 0: nothing was heard yet
  GrantId grant_ = 0;                     // of the newest
};

}  // namespace restante::core
