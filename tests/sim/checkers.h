#pragma once
/// \file
/// What must hold, watched apart from what is tested: the contract of docs/guarantees.md.

#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <restante/types.h>

namespace restante::sim {

/// A broken promise; `what()` begins with the name of the checker.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Knows every message by the number that its payload carries.
class Ledger {
 public:
  using Number = std::uint64_t;

  // ---- the producers
  void on_sent(Number number, std::string payload, GrantId grant, Sequence sequence);
  void on_confirmed(Number number);

  // ---- the workers; `session` names one life of one worker process
  void on_handed(std::uint64_t session, GrantId grant, Sequence sequence, std::string_view payload, bool again_allowed);
  void on_done(Number number) { done_.insert(number); }
  void on_given_back(std::uint64_t session, GrantId grant, Sequence sequence);
  void on_dead(GrantId grant, Sequence sequence, std::string_view payload);

  // ---- bounds
  void on_memory(std::uint64_t octets, std::uint64_t bound);

  /// After the heal: confirmed, and neither worked off nor a dead letter.
  [[nodiscard]] std::vector<Number> missing() const;
  [[nodiscard]] std::size_t sent() const noexcept { return sent_.size(); }
  [[nodiscard]] std::size_t confirmed() const noexcept { return confirmed_.size(); }
  [[nodiscard]] std::size_t done() const noexcept { return done_.size(); }
  [[nodiscard]] std::size_t dead() const noexcept { return dead_.size(); }

 private:
  using Id = std::pair<GrantId, Sequence>;
  [[nodiscard]] Number check_octets(GrantId grant, Sequence sequence, std::string_view payload) const;

  std::map<Number, std::string> sent_;
  std::map<Id, Number> ids_;
  std::set<Number> confirmed_, done_, dead_;
  std::map<std::uint64_t, std::set<Id>> in_session_;
};

}  // namespace restante::sim
