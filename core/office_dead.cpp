/// \file
/// What operators ask of dead letters.

#include <utility>

#include "core/office.h"

namespace restante::core {

std::string Office::who_of(const Link& link) {
  return link.hello.process + " pid " + std::to_string(link.hello.pid) +
         (link.peer_address.empty() ? "" : " at " + link.peer_address);
}

void Office::on_message(LinkId id, Link&, const ReadDead& wish) {
  if (Outbox* outbox = find(wish.which.stream)) {
    outbox->read_dead(wish, id, turn_);
    finish(*outbox);
    return;
  }
  DeadLetters told;
  told.request = wish.request;
  told.refusal = "node " + node_ + " has no stream " + wish.which.stream;
  out_.push_back(Outgoing{id, std::move(told), {}});
}

void Office::on_message(LinkId id, Link&, const ChangeDead& wish) {
  if (Outbox* outbox = find(wish.which.stream)) {
    outbox->change_dead(wish, std::exchange(behind_, std::nullopt), id, turn_);
    finish(*outbox);
    return;
  }
  DeadChanged told;
  told.request = wish.request;
  told.refusal = "node " + node_ + " has no stream " + wish.which.stream;
  out_.push_back(Outgoing{id, std::move(told), {}});
}

}  // namespace restante::core
