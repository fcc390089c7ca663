#include "core/ack_batch.h"

#include <algorithm>

#include <restante/limits.h>

namespace restante::core {
namespace {

/// Octets of reasons in one message, so that it stays below control_size_max with all its lists full.
constexpr std::size_t reasons_max = 64U << 10;
static_assert(reasons_max + limits::text_size_max + limits::ranges_max * (24 * 3 + 32 + 32 + 8) <
              limits::control_size_max);

/// Cuts `all` into the same list of as many messages as it needs.
template <typename Item>
void spread(const std::vector<Item>& all, std::vector<Item> Settle::*list, std::vector<Settle>& messages) {
  for (std::size_t at = 0, message = 0; at < all.size(); at += limits::ranges_max, ++message) {
    if (message == messages.size()) messages.emplace_back();
    const std::size_t end = std::min(all.size(), at + limits::ranges_max);
    (messages[message].*list)
        .assign(all.begin() + static_cast<std::ptrdiff_t>(at), all.begin() + static_cast<std::ptrdiff_t>(end));
  }
}

template <typename Map, typename First, typename Last>
void erase_between(Map& map, First first, Last last) {
  map.erase(map.lower_bound(first), map.upper_bound(last));
}

}  // namespace

void AckBatch::take_back(GrantId grant, Range range) {
  erase_between(nacks_, Id{grant, range.first}, Id{grant, range.last});
  released_.erase(grant, range);
  given_back_.erase(grant, range);
  received_.erase(grant, range);
}

void AckBatch::ack(GrantId grant, Range range) {
  take_back(grant, range);
  acks_.insert(grant, range);
}

void AckBatch::nack(const Nack& nack) {
  take_back(nack.grant, {nack.sequence, nack.sequence});
  nacks_.insert_or_assign({nack.grant, nack.sequence}, nack);
  given_back_.insert(nack.grant, {nack.sequence, nack.sequence});
}

void AckBatch::reject(Reject reject) {
  take_back(reject.grant, {reject.sequence, reject.sequence});
  rejects_.insert_or_assign({reject.grant, reject.sequence}, std::move(reject.reason));
}

void AckBatch::release(GrantId grant, Range range) {
  take_back(grant, range);
  released_.insert(grant, range);
  given_back_.insert(grant, range);
}

void AckBatch::on_session_lost() {
  released_.clear();
  received_.clear();
  given_back_.clear();
  for (const auto& [id, nack] : nacks_) given_back_.insert(nack.grant, {nack.sequence, nack.sequence});
}

void AckBatch::erase_from(Sequence first) {
  for (IdSet* ids : {&acks_, &released_, &received_, &given_back_}) ids->erase_from(first);
  std::erase_if(nacks_, [first](const auto& entry) { return entry.first.second >= first; });
  std::erase_if(rejects_, [first](const auto& entry) { return entry.first.second >= first; });
}

void AckBatch::clear() {
  erase_from(0);
  told_.clear();
}

bool AckBatch::empty() const noexcept {
  return acks_.empty() && nacks_.empty() && rejects_.empty() && released_.empty() && received_.empty() && told_.empty();
}

std::vector<GrantRange> AckBatch::nacked() const {
  IdSet ids;
  for (const auto& [id, nack] : nacks_) ids.insert(nack.grant, {nack.sequence, nack.sequence});
  return ids.ranges();
}

std::vector<ControlMessage> AckBatch::take(Token token, const Credit& credit) {
  std::vector<Settle> messages(1);
  spread(acks_.ranges(), &Settle::acks, messages);
  spread(released_.ranges(), &Settle::released, messages);
  spread(received_.ranges(), &Settle::received, messages);
  spread(std::vector<std::uint64_t>(told_.begin(), told_.end()), &Settle::missed, messages);
  std::vector<Nack> nacks;
  for (const auto& [id, nack] : nacks_) nacks.push_back(nack);
  spread(nacks, &Settle::nacks, messages);
  std::size_t message = 0;
  std::size_t octets = 0;
  for (auto& [id, reason] : rejects_) {
    if (messages[message].rejects.size() == limits::ranges_max || octets + reason.size() > reasons_max) {
      octets = 0;
      if (++message == messages.size()) messages.emplace_back();
    }
    octets += reason.size();
    messages[message].rejects.push_back({id.first, id.second, std::move(reason)});
  }
  std::vector<ControlMessage> all;
  for (Settle& settle : messages) {
    settle.token = token;
    settle.credit = credit;
    all.emplace_back(std::move(settle));
  }
  clear();
  return all;
}

}  // namespace restante::core
