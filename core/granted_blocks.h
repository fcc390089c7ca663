#pragma once
/// \file
/// The blocks of sequences that one writer handle was granted (PROTOCOL W3).

#include <cstddef>
#include <deque>
#include <vector>

#include <restante/types.h>

#include "core/messages.h"

namespace restante::core {

/// The granted blocks of one handle, in rising order, from the one of its first unconfirmed batch on. A batch lies
/// within one block; what is left of a block and too small is skipped. The newest block is always kept, so that a
/// handle that has used up everything can still say who it is. Not thread-safe.
class GrantedBlocks {
 public:
  /// False, and nothing changes, if `grant` is known already, malformed, or not above every block before it.
  bool add(const Grant& grant);

  /// Can a batch of `messages` be numbered now?
  [[nodiscard]] bool fits(std::size_t messages) const;
  /// How many messages the largest batch may hold; 0 without blocks.
  [[nodiscard]] std::size_t room() const;
  /// Numbers a batch; fits(messages) must hold.
  Grant take(std::size_t messages);

  /// Half of the newest block is used, so that the next one has to be asked for.
  [[nodiscard]] bool runs_low() const;

  /// Everything used up to `to` is confirmed: blocks that are used up and below are forgotten.
  void confirmed(Sequence to);

  [[nodiscard]] bool empty() const noexcept { return blocks_.empty(); }
  [[nodiscard]] std::vector<Grant> all() const;

 private:
  struct Block {
    Grant grant;
    Sequence used_to;  // last sequence of its last batch; below its first if there is none
  };
  std::deque<Block> blocks_;
  std::size_t current_ = 0;  // the block that `next_` lies in
  Sequence next_ = 0;        // first unused sequence; one past the end of the current block if that is used up
};

}  // namespace restante::core
