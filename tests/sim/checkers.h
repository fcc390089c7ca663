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
  void on_sent(Number number, std::string payload, GrantId grant, Sequence sequence, const std::string& topic = {});
  void on_confirmed(Number number);

  // ---- the consumers; `session` names one life of one process
  struct Reader {
    std::string subscription;
    std::uint64_t session = 0;
    bool in_order = false;  ///< exclusive: first deliveries are in order, per topic
  };
  struct Handed {
    GrantId grant = 0;
    Sequence sequence = 0;
    std::string_view topic;
    std::string_view payload;
  };
  void on_subscription(const std::string& name, const std::vector<std::string>& topics);
  void on_handed(const Reader& reader, const Handed& handed, bool again_allowed);
  void on_done(const std::string& subscription, Number number) { books_[subscription].done.insert(number); }
  void on_given_back(std::uint64_t session, GrantId grant, Sequence sequence);
  void on_dead(const std::string& subscription, GrantId grant, Sequence sequence, std::string_view payload);

  // ---- bounds
  void on_memory(std::uint64_t octets, std::uint64_t bound);

  /// After the heal: confirmed, and in a subscription that owns it neither worked off nor a dead letter.
  [[nodiscard]] std::vector<Number> missing() const;
  [[nodiscard]] std::size_t sent() const noexcept { return sent_.size(); }
  [[nodiscard]] std::size_t confirmed() const noexcept { return confirmed_.size(); }
  [[nodiscard]] std::size_t done() const noexcept;
  [[nodiscard]] std::size_t dead() const noexcept;

 private:
  using Id = std::pair<GrantId, Sequence>;
  struct Book {
    std::set<std::string> topics;  ///< that it owns; empty: all
    std::set<Number> done, dead, handed;
  };
  [[nodiscard]] Number check_octets(GrantId grant, Sequence sequence, std::string_view payload) const;
  void check_order(const Reader& reader, const Handed& handed, bool is_first);

  std::map<Number, std::string> sent_, topics_;
  std::map<Id, Number> ids_;
  std::set<Number> confirmed_;
  std::map<std::string, Book> books_;
  std::map<std::uint64_t, std::set<Id>> in_session_;
  std::map<std::pair<std::uint64_t, std::string>, Sequence> newest_;  // by session and topic
};

}  // namespace restante::sim
