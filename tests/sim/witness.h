#pragma once
/// \file
/// What may be seen on the sidecar's links and in its books, watched apart from what is tested.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "core/messages.h"
#include "core/office.h"

namespace restante::sim {

/// Reads along what the sidecar is told and what it says, in one life of its process. Throws Violation.
class Witness {
 public:
  /// Another process of the sidecar: it knows no session of the one before, and the newest claim may be lost.
  void on_start();

  // ---- what the sidecar is told, before it acts on it
  void on_message(const core::ControlMessage& message, const core::Office& office);

  /// And after: what a replay settles moves nobody's floor.
  void after_message(const core::ControlMessage& message, const core::Office& office) const;

  // ---- what it says, in order
  void on_told(const core::ControlMessage& message, const core::Office& office);

  /// A transaction that it asks for, before the disk has it: what is cut is owed as a gap, nothing that is still to
  /// come is in a gap, and what the limit allows is left.
  static void check_cuts(const core::Transaction& transaction, const core::Office& office);

  /// The bounds of its books, and what its floors may not pass.
  void check_books(const core::Office& office);

 private:
  struct Id {
    std::string subscription;
    GrantId grant = 0;
    Sequence sequence = 0;
    auto operator<=>(const Id&) const = default;
  };
  void on(const core::Settle& settle, const core::Office& office);
  void on(const core::Redelivery& redelivery, const core::Office& office);
  void on(const core::Subscribed& subscribed);
  void forget(core::Token only_of, GrantId grant, core::Range range, const std::string& subscription);

  struct Asked {
    std::string subscription;
    std::uint64_t claim = 0;  ///< as it presented it
  };
  std::map<std::uint64_t, Asked> asked_;           // by session
  std::map<std::uint64_t, std::string> removals_;  // asked for, by request: the subscription
  std::map<core::Token, std::string> tokens_;
  std::map<std::string, Sequence> floors_;  // before a word of a replay
  std::map<Id, core::Token> holders_;       // who was sent it on a control link, and has not given it back
  /// Of a subscription at first sight: after a restart a writer may send again what is below the floor, and a cursor is
  /// stored with what its own commit parks.
  struct Begun {
    Sequence floor = 0;
    std::size_t early = 0;
  };
  std::map<std::string, Begun> begun_;
  std::map<std::string, std::uint64_t> claims_;  // the newest of each exclusive name
};

}  // namespace restante::sim
