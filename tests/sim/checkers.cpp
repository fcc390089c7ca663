#include "tests/sim/checkers.h"

#include <algorithm>
#include <cstdlib>

namespace restante::sim {

namespace {

std::string name_of(GrantId grant, Sequence sequence) {
  return "sequence " + std::to_string(sequence) + " of grant " + std::to_string(grant % 10000);
}

}  // namespace

void Ledger::on_sent(Number number, std::string payload, GrantId grant, Sequence sequence, const std::string& topic) {
  sent_[number] = std::move(payload);
  topics_[number] = topic;
  const auto [at, is_new] = ids_.try_emplace({grant, sequence}, number);
  if (!is_new)
    throw Violation("id bound twice: " + name_of(grant, sequence) + " to " + std::to_string(at->second) + " and " +
                    std::to_string(number));
}

void Ledger::on_subscription(const std::string& name, const std::vector<std::string>& topics) {
  books_[name].topics = {topics.begin(), topics.end()};
}

void Ledger::on_confirmed(Number number) { confirmed_.insert(number); }

Ledger::Number Ledger::check_octets(GrantId grant, Sequence sequence, std::string_view payload) const {
  const auto id = ids_.find({grant, sequence});
  if (id == ids_.end()) throw Violation("unexpected: " + name_of(grant, sequence) + " was never sent");
  if (sent_.at(id->second) != payload) throw Violation("octets changed: " + name_of(grant, sequence));
  return id->second;
}

void Ledger::on_handed(const Reader& reader, const Handed& handed, bool again_allowed) {
  const Number number = check_octets(handed.grant, handed.sequence, handed.payload);
  Book& book = books_[reader.subscription];
  if (!book.topics.empty() && !book.topics.contains(std::string(handed.topic))) {
    throw Violation("not owned: message " + std::to_string(number) + " in " + reader.subscription);
  }
  const bool is_new = in_session_[reader.session].insert({handed.grant, handed.sequence}).second;
  if (!is_new && !again_allowed) {
    throw Violation("duplicate in a session: message " + std::to_string(number) + ", " +
                    name_of(handed.grant, handed.sequence));
  }
  const bool is_first = book.handed.insert(number).second;
  if (reader.in_order) check_order(reader, handed, is_first);
}

void Ledger::check_order(const Reader& reader, const Handed& handed, bool is_first) {
  Sequence& newest = newest_[{reader.session, std::string(handed.topic)}];
  if (is_first && handed.sequence < newest) {
    throw Violation("order: " + name_of(handed.grant, handed.sequence) + " after " + std::to_string(newest) + " in " +
                    reader.subscription);
  }
  newest = std::max(newest, handed.sequence);
}

void Ledger::on_given_back(std::uint64_t session, GrantId grant, Sequence sequence) {
  in_session_[session].erase({grant, sequence});
}

void Ledger::on_dead(const std::string& subscription, GrantId grant, Sequence sequence, std::string_view payload) {
  books_[subscription].dead.insert(check_octets(grant, sequence, payload));
}

void Ledger::on_memory(std::uint64_t octets, std::uint64_t bound) {
  if (octets > bound) {
    throw Violation("memory above its bound: " + std::to_string(octets) + " of " + std::to_string(bound));
  }
}

std::vector<Ledger::Number> Ledger::missing() const {
  std::vector<Number> missing;
  for (const auto& [name, book] : books_) {
    for (const Number number : confirmed_) {
      const bool owned = book.topics.empty() || book.topics.contains(topics_.at(number));
      if (owned && !book.done.contains(number) && !book.dead.contains(number)) missing.push_back(number);
    }
  }
  return missing;
}

std::size_t Ledger::done() const noexcept {
  std::size_t sum = 0;
  for (const auto& [name, book] : books_) sum += book.done.size();
  return sum;
}

std::size_t Ledger::dead() const noexcept {
  std::size_t sum = 0;
  for (const auto& [name, book] : books_) sum += book.dead.size();
  return sum;
}

}  // namespace restante::sim
