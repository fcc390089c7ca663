#include "tests/sim/checkers.h"

#include <cstdlib>

namespace restante::sim {

namespace {

std::string name_of(GrantId grant, Sequence sequence) {
  return "sequence " + std::to_string(sequence) + " of grant " + std::to_string(grant % 10000);
}

}  // namespace

void Ledger::on_sent(Number number, std::string payload, GrantId grant, Sequence sequence) {
  sent_[number] = std::move(payload);
  const auto [at, is_new] = ids_.try_emplace({grant, sequence}, number);
  if (!is_new)
    throw Violation("id bound twice: " + name_of(grant, sequence) + " to " + std::to_string(at->second) + " and " +
                    std::to_string(number));
}

void Ledger::on_confirmed(Number number) { confirmed_.insert(number); }

Ledger::Number Ledger::check_octets(GrantId grant, Sequence sequence, std::string_view payload) const {
  const auto id = ids_.find({grant, sequence});
  if (id == ids_.end()) throw Violation("unexpected: " + name_of(grant, sequence) + " was never sent");
  if (sent_.at(id->second) != payload) throw Violation("octets changed: " + name_of(grant, sequence));
  return id->second;
}

void Ledger::on_handed(std::uint64_t session, GrantId grant, Sequence sequence, std::string_view payload,
                       bool again_allowed) {
  const Number number = check_octets(grant, sequence, payload);
  const bool is_new = in_session_[session].insert({grant, sequence}).second;
  if (!is_new && !again_allowed) {
    throw Violation("duplicate in a session: message " + std::to_string(number) + ", " + name_of(grant, sequence));
  }
}

void Ledger::on_given_back(std::uint64_t session, GrantId grant, Sequence sequence) {
  in_session_[session].erase({grant, sequence});
}

void Ledger::on_dead(GrantId grant, Sequence sequence, std::string_view payload) {
  dead_.insert(check_octets(grant, sequence, payload));
}

void Ledger::on_memory(std::uint64_t octets, std::uint64_t bound) {
  if (octets > bound) {
    throw Violation("memory above its bound: " + std::to_string(octets) + " of " + std::to_string(bound));
  }
}

std::vector<Ledger::Number> Ledger::missing() const {
  std::vector<Number> missing;
  for (const Number number : confirmed_) {
    if (!done_.contains(number) && !dead_.contains(number)) missing.push_back(number);
  }
  return missing;
}

}  // namespace restante::sim
