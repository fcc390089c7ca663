#pragma once
/// \file
/// A worker's session as the sidecar sees it: its credit and how it is used.

#include <algorithm>
#include <cstdint>
#include <string>

#include "core/assert.h"
#include "core/effects.h"
#include "core/messages.h"
#include "core/time.h"

namespace restante::core {

/// The consumer gives credit to the sidecar only (G2): what it may have unsettled in all. The sidecar uses it for
/// redelivery and lends the rest to the producer, as a limit that rises with what the producer's copies say was sent.
struct ConsumerSession {
  Token token = 0;
  LinkId link = 0;
  std::uint64_t session = 0;
  /// Of its PULL, as the producer can reach it; of an exclusive reader, where the writer publishes, as it was told.
  /// Empty: no live path.
  std::string endpoint;
  std::string host;           ///< as in Hello
  std::string who;            ///< its process, for people
  Sequence regressed_at = 0;  ///< the first that it knows of another store's (X6); 0: none
  bool listens = false;       ///< an exclusive reader that wants to be told where the writer publishes
  Credit credit;
  Credit out;                    ///< held by it: sent by the sidecar, or live by the producer
  Credit live_used;              ///< copies with this owner, since the writer's link began
  Credit live_limit;             ///< as last told to the writer
  std::uint64_t heard = 0;       ///< Settle messages
  std::uint64_t heard_disk = 0;  ///< so many of them are on the disk, with all that they settled
  Sequence doubt_to = 0;  ///< an ack up to here was dropped (B2): it must not be told as heard before that is settled
  std::uint64_t heard_told = 0;  ///< by the last checkpoint
  bool admitted = false;         ///< its Subscribed was sent; before that it gets nothing
  bool announced = false;        ///< the writer knows of this session
  bool draining = false;         ///< gets nothing until it has nothing in hand, for a suspect
  bool alone = false;            ///< has a suspect in hand and gets nothing else

  /// It no longer holds so much.
  void give_back(std::uint64_t messages, std::uint64_t octets) {
    RESTANTE_ASSERT(out.messages >= messages && out.octets >= octets);
    out.messages -= messages;
    out.octets -= octets;
  }
  [[nodiscard]] Credit unspent() const {
    return {live_limit.messages - std::min(live_limit.messages, live_used.messages),
            live_limit.octets - std::min(live_limit.octets, live_used.octets)};
  }
  /// Messages that may be sent to it by the control link now.
  [[nodiscard]] std::uint64_t free_messages() const {
    if (!admitted || draining || alone) return 0;
    const std::uint64_t used = out.messages + unspent().messages;
    return credit.messages - std::min(credit.messages, used);
  }
  /// May a batch part of `octets` go to it? A session with nothing in hand may have one of any size.
  [[nodiscard]] bool has_octets(std::uint64_t octets) const {
    return out.messages == 0 || out.octets + unspent().octets + octets <= credit.octets;
  }
};

}  // namespace restante::core
