#include "core/granted_blocks.h"

#include <algorithm>

#include <restante/limits.h>

#include "core/assert.h"

namespace restante::core {

namespace {

std::uint64_t size_of(const Range& range) { return range.last - range.first + 1; }

}  // namespace

bool GrantedBlocks::add(const Grant& grant) {
  const Range& range = grant.range;
  if (range.first == 0 || range.first > range.last || range.last > limits::sequence_max) return false;
  if (!blocks_.empty() && range.first <= blocks_.back().grant.range.last) return false;
  if (blocks_.size() >= limits::grants_max) return false;
  if (blocks_.empty()) next_ = range.first;
  blocks_.push_back(Block{grant, range.first - 1});
  return true;
}

bool GrantedBlocks::fits(std::size_t messages) const { return messages != 0 && messages <= room(); }

std::size_t GrantedBlocks::room() const {
  std::uint64_t most = 0;
  for (std::size_t i = current_; i < blocks_.size(); ++i) {
    const Range& range = blocks_[i].grant.range;
    most = std::max(most, i == current_ ? range.last + 1 - next_ : size_of(range));
  }
  return static_cast<std::size_t>(most);
}

Grant GrantedBlocks::take(std::size_t messages) {
  RESTANTE_ASSERT(fits(messages));
  while (blocks_[current_].grant.range.last + 1 - next_ < messages) {
    ++current_;
    next_ = blocks_[current_].grant.range.first;
  }
  Block& block = blocks_[current_];
  const Grant taken{block.grant.grant, {next_, next_ + messages - 1}};
  block.used_to = taken.range.last;
  next_ += messages;
  return taken;
}

bool GrantedBlocks::runs_low() const {
  if (blocks_.empty() || current_ + 1 < blocks_.size()) return false;
  const Range& range = blocks_[current_].grant.range;
  return next_ - range.first >= (size_of(range) + 1) / 2;
}

void GrantedBlocks::confirmed(Sequence to) {
  while (current_ > 0 && blocks_.front().used_to <= to) {
    blocks_.pop_front();
    --current_;
  }
}

std::vector<Grant> GrantedBlocks::all() const {
  std::vector<Grant> grants;
  grants.reserve(blocks_.size());
  for (const Block& block : blocks_) grants.push_back(block.grant);
  return grants;
}

}  // namespace restante::core
